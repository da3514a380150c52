/** Runs the command line in the test's process, since starting a process for each command takes seconds. */
import { runProgram } from '../program.ts';
import { MemoryStream } from './memory-stream.ts';

/** Runs a command and returns its exit code and output. */
export async function program(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const [out, err] = [new MemoryStream(), new MemoryStream()];
  const code = await runProgram(args, { out, err });
  return { code, stdout: out.text, stderr: err.text };
}
