/**
 * The commands of the reader's path run, one after another in one folder, as a reader would type them, on a few
 * photographs and for a few steps. What the pages show is what they print, numbers aside.
 */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { root } from '@dn-detr/testing/readme';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../end-to-end/cli.ts';
import { type Command, commandsOf } from './commands.ts';
import { blocksOf } from './markdown.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'dn-detr-docs-'));
  copyPhotographs(path.join(folder, 'cells'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Coco {
  readonly images: readonly { readonly id: number; readonly file_name: string }[];
  readonly annotations: readonly { readonly image_id: number }[];
}

/** Copies some of the bundled photographs, including those with the annotation errors that the pages show. */
function copyPhotographs(to: string): void {
  const bccd = path.join(root, 'data', 'bccd');
  const faulty = { train: ['00343', '00013'], val: ['00338'], test: ['00284', '00007'] };
  mkdirSync(path.join(to, 'images'), { recursive: true });
  for (const [split, wanted] of Object.entries(faulty)) {
    const { images, annotations, ...rest } = JSON.parse(readFileSync(path.join(bccd, `${split}.json`), 'utf8')) as Coco;
    const isFaulty = (name: string) => wanted.some((number) => name.includes(number));
    const others = images.filter(({ file_name }) => !isFaulty(file_name));
    const kept = [
      ...images.filter(({ file_name }) => isFaulty(file_name)),
      ...others.slice(0, split === 'train' ? 6 : 1),
    ];
    const ids = new Set(kept.map(({ id }) => id));
    const objects = annotations.filter(({ image_id }) => ids.has(image_id));
    writeFileSync(path.join(to, `${split}.json`), JSON.stringify({ ...rest, images: kept, annotations: objects }));
    for (const { file_name } of kept) copyFileSync(path.join(bccd, file_name), path.join(to, file_name));
  }
}

/** The command with only two training steps and one seed, and with one model if the page shows no table. */
function shortened({ args, shown }: Command): string[] {
  if (!/^(train|compare|ablate)$/.test(args[0] ?? '') || args.includes('--list')) return [...args];
  const replaced = ['--steps', '--epochs', '--minutes', '--seeds'];
  const kept = args.filter((arg, i) => !replaced.includes(arg) && !replaced.includes(args[i - 1] ?? ''));
  const models = args[args.indexOf('--models') + 1]?.split(',').at(-1);
  return [
    ...kept,
    ...['--steps', '2', '--set', 'evaluation.every=1'],
    ...(args[0] === 'train' ? [] : ['--seeds', '1']),
    ...(args[0] === 'compare' && shown === undefined
      ? ['--models', args.includes('--models') ? `${models}` : 'dino']
      : []),
  ];
}

/** Lines without numbers, durations, table frames, and the star of models on the plateau. */
const shapesOf = (text: string): string[] =>
  text
    .split('\n')
    .map((line) =>
      line
        .replaceAll(/(?:\d+ h )?(?:\d+ min )?\b[\d.]+ (?:s|min|h)\b/g, '# s')
        .replaceAll(/-?\d+(?:[.,]\d+)*/g, '#')
        .replaceAll(/[│┌┐└┘─┬┴┼├┤]/g, ' ')
        .replaceAll(/ \*(?= )/g, '')
        .replaceAll(/\s+/g, ' ')
        .trim(),
    )
    .filter((line) => line !== '' && line !== '…');

async function run(command: Command): Promise<void> {
  const { shown } = command;
  const { code, stdout, stderr } = await runCli(shortened(command), folder);
  expect(code, `${stdout}\n${stderr}`).toBe(0);
  if (shown === undefined) return;
  const printed = shapesOf(`${stdout}\n${stderr}`);
  for (const line of shapesOf(shown)) expect(printed).toContain(line);
}

describe.sequential.each(['getting-started', 'concepts', 'extend', 'from-detrex', 'faq'])('docs/%s.md', (name) => {
  const page = `docs/${name}.md`;
  const commands = commandsOf(page);
  beforeAll(() => {
    // Write the files that the page asks the reader to write.
    for (const { info, code } of blocksOf(page)) {
      const [, file] = /^json (\S+)$/.exec(info) ?? [];
      if (file !== undefined) writeFileSync(path.join(folder, file), code);
    }
  });
  it('has commands', () => expect(commands.length).toBeGreaterThan(0));
  it.each(commands.map((command) => [command.args.join(' '), command] as const))(
    'npm start -- %s',
    (_, command) => run(command),
    180_000,
  );
});
