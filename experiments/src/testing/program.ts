/** The command line in this process: starting one for each command takes seconds. */
import { vi } from 'vitest';
import { runProgram } from '../program.ts';

/** What a command writes and ends with. */
export async function program(...args: string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  const written = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      written[name] += text;
      return true;
    }),
  );
  const before = process.exitCode;
  try {
    await runProgram(args);
    return { code: process.exitCode ?? 0, ...written };
  } finally {
    process.exitCode = before;
    for (const spy of spies) spy.mockRestore();
  }
}
