import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { openDataset } from '@dn-detr/data';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { dataExportCommand } from './data-export.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'data export '));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function run(...args: string[]): Promise<string> {
  const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    const command = dataExportCommand().exitOverride();
    await command.parseAsync(args, { from: 'user' });
    return stderr.mock.calls.map(([text]) => String(text)).join('');
  } finally {
    stderr.mockRestore();
  }
}

const small = ['--train', '3', '--val', '2', '--size', '32'];

describe('data export', () => {
  it('writes shapes, then converts what it wrote', async () => {
    const first = path.join(folder, 'shapes');
    const options = ['--classes', 'ring', 'star', '--objects', '2-2', '--scale', '0.4-0.5', '--plain'];
    expect(await run('shapes', '--out', first, ...small, ...options)).toBe(
      `3 train, 2 val, 0 test images written to ${first}\n`,
    );
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

  it('reads the format that is asked for, and counts what is wrong as training does', async () => {
    const bccd = fileURLToPath(new URL('../../../test/fixtures/data/bccd', import.meta.url));
    const out = path.join(folder, 'voc');
    const printed = await run(bccd, '--out', out, '--format', 'voc', '--voc-origin', '1');
    expect(printed).toContain('. A data check names them all\n');
    expect(printed).toContain('boxes that leave the image (3)');
    const moved = await openDataset(bccd, { format: 'voc', vocOrigin: 1 });
    const { dataset } = await openDataset(out);
    expect(dataset.val[0]?.objects.boxes).toEqual(moved.dataset.val[0]?.objects.boxes);
    expect(await run(bccd, '--out', `${out} 2`, '--voc-origin', '1')).toContain('the VOC origin is for VOC alone');
  });

  it.each([
    [['shapes', '--out', 'out', '--format', 'voc'], /--format is for folders: shapes are drawn/],
    [['shapes', '--out', 'out', '--size', '4'], /shapes\.size is 4: expected a whole number from 8/],
    [['shapes', '--out', 'out', '--classes', 'disk'], /shapes\.classes has 'disk'/],
    [['shapes', '--out', 'out', '--objects', '3'], /expected two numbers, such as 1-4/],
    [['nowhere', '--out', 'out'], /there is no folder .*nowhere/],
    [['nowhere', '--out', 'out', '--no-rotation'], /--no-rotation is for shapes: .*nowhere is a folder/],
    [['nowhere', '--out', 'out', '--size', '64'], /--size is for shapes/],
  ])('refuses %j', async (args, message) => {
    await expect(run(...args)).rejects.toThrow(message);
  });
});
