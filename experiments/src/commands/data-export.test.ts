import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { openDataset } from '@dn-detr/data';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runProgram } from '../program.ts';
import { MemoryStream } from '../testing/memory-stream.ts';
import { program } from '../testing/program.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'data export '));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (...args: string[]) => program('data', 'export', ...args);

const small = ['--train', '3', '--val', '2', '--size', '32'];

describe('data export', () => {
  it('writes shapes, then converts what it wrote', async () => {
    const first = path.join(folder, 'shapes');
    const options = ['--classes', 'ring', 'star', '--objects', '2-2', '--scale', '0.4-0.5', '--plain'];
    expect(await run('shapes', '--out', first, ...small, ...options)).toEqual({
      code: 0,
      stdout: '',
      stderr: `3 train, 2 val, 0 test images written to ${first}\n`,
    });
    const { dataset } = await openDataset(first);
    expect(dataset.categories.map(({ name }) => name)).toEqual(['ring', 'star']);
    for (const { objects } of dataset.train) {
      expect(objects.labels.length).toBe(2);
      for (const side of objects.boxes.filter((_, i) => i % 4 === 2)) expect(side).toBeLessThanOrEqual(16);
    }
    const second = path.join(folder, 'converted');
    await run(first, '--out', second);
    const json = (root: string) => readFileSync(path.join(root, 'annotations', 'instances_train.json'), 'utf8');
    expect(JSON.parse(json(second)).annotations).toEqual(JSON.parse(json(first)).annotations);
    expect(readdirSync(path.join(second, 'val'))).toEqual(['000004.png', '000005.png']);
  });

  it('takes a number of classes', async () => {
    const out = path.join(folder, 'two');
    await run('shapes', '--out', out, ...small, '--classes', '2');
    expect((await openDataset(out)).dataset.categories.map(({ name }) => name)).toEqual(['disc', 'square']);
  });

  it('reads the requested format, and handles problems like training', async () => {
    const bccd = fileURLToPath(new URL('../../../test/fixtures/data/bccd', import.meta.url));
    const out = path.join(folder, 'voc');
    const { stderr: printed } = await run(bccd, '--out', out, '--format', 'voc', '--voc-origin', '1');
    expect(printed).toContain('. A data check names them all\n');
    expect(printed).toContain('boxes that leave the image (3)');
    const moved = await openDataset(bccd, { format: 'voc', vocOrigin: 1 });
    const { dataset } = await openDataset(out);
    expect(dataset.val[0]?.objects.boxes).toEqual(moved.dataset.val[0]?.objects.boxes);
    const elsewhere = await run(bccd, '--out', `${out} 2`, '--voc-origin', '1');
    expect(elsewhere.stderr).toContain('the VOC origin applies only to VOC');
  });

  it('draws a bar on a terminal', async () => {
    const [out, err] = [new MemoryStream(), new MemoryStream(80)];
    const args = ['data', 'export', 'shapes', '--out', path.join(folder, 'drawn'), ...small];
    expect(await runProgram(args, { out, err })).toBe(0);
    expect(err.text).toMatch(/writing ░+ 0\/5 images.*3 train, 2 val, 0 test images written to /s);
  });

  it.each([
    [1, ['shapes', '--format', 'voc'], /--format is only for folders: shapes are generated/],
    [1, ['shapes', '--size', '4'], /shapes\.size is 4: expected a whole number from 8/],
    [1, ['shapes', '--classes', 'disk'], /shapes\.classes has 'disk'/],
    [2, ['shapes', '--objects', '3'], /expected two numbers, such as 1-4/],
    [1, ['nowhere'], /there is no folder .*nowhere/],
    [1, ['nowhere', '--no-rotation'], /--no-rotation is only for shapes: .*nowhere is a folder/],
    [1, ['nowhere', '--size', '64'], /--size is only for shapes/],
  ])('exits with %i on %j and writes nothing', async (code, args, message) => {
    const out = path.join(folder, 'none');
    const ended = await run(...args, '--out', out);
    expect(ended).toEqual({ code, stdout: '', stderr: expect.stringMatching(message) });
    expect(existsSync(out)).toBe(false);
  });
});
