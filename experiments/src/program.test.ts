import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, it } from 'vitest';
import { runProgram } from './program.ts';
import { MemoryStream } from './testing/memory-stream.ts';
import { program } from './testing/program.ts';

const sources = fileURLToPath(new URL('.', import.meta.url));

/** Uses of `process` in a source, other than its environment, its folder and its versions. */
function takenOfTheProcess(file: string): string[] {
  const source = ts.createSourceFile(
    file,
    readFileSync(path.join(sources, file), 'utf8'),
    ts.ScriptTarget.Latest,
    true,
  );
  const taken: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && /^(process|console)$/.test(node.text)) taken.push(node.parent.getText());
    if (ts.isStringLiteral(node) && /^(node:)?(process|console)$/.test(node.text)) taken.push(node.parent.getText());
    ts.forEachChild(node, visit);
  };
  visit(source);
  return taken.filter((text) => !/^process\.(env|cwd|chdir|versions)$/.test(text));
}

it('only cli.ts uses the streams, exit code and arguments of the process, even in tests', () => {
  const files = readdirSync(sources, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const taken = files.flatMap((file) => takenOfTheProcess(file).map((text) => `${file}: ${text}`));
  expect(taken).toEqual([
    'cli.ts: process.stdout',
    'cli.ts: process.stderr',
    'cli.ts: process.exitCode',
    'cli.ts: process.argv',
    'cli.ts: process.stdout',
    'cli.ts: process.stderr',
  ]);
});

it('wraps help at the width of the terminal', async () => {
  const widest = (text: string): number => Math.max(...text.split('\n').map((line) => line.length));
  const help = async (columns?: number): Promise<number> => {
    const [out, err] = [new MemoryStream(columns), new MemoryStream()];
    expect(await runProgram(['data', '--help'], { out, err })).toBe(0);
    expect(err.text).toBe('');
    return widest(out.text);
  };
  expect(await help()).toBeLessThanOrEqual(80);
  expect(await help(70)).toBeLessThanOrEqual(70);
  expect(await help(120)).toBeGreaterThan(80);
  // After wrong usage, help is written to stderr.
  const [out, err] = [new MemoryStream(120), new MemoryStream(70)];
  expect(await runProgram(['data'], { out, err })).toBe(2);
  expect(out.text).toBe('');
  expect(err.text).toContain('Usage: npm start -- data');
  expect(widest(err.text)).toBeLessThanOrEqual(70);
});

it('reports wrong usage only on stderr', async () => {
  expect(await program('data', 'check')).toEqual({
    code: 2,
    stdout: '',
    stderr: "error: missing required argument 'dir'\n(--help lists commands and options)\n",
  });
});
