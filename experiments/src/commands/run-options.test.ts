import { fileURLToPath } from 'node:url';
import { resolveSettings } from '@dn-detr/train';
import { expect, it, vi } from 'vitest';
import { settingsFrom } from './run-options.ts';

const bccd = fileURLToPath(new URL('../../../test/fixtures/data/bccd', import.meta.url));

it('chooses the recipe for the folder as the run will read it', async () => {
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const chosen = settingsFrom({ data: bccd, set: ['data.format=voc', 'data.bands=[3,2,1]', 'batchSize=3'] }, 'quick');
  expect(resolveSettings((await chosen).settings).config).toMatchObject({
    batchSize: 3,
    data: { format: 'voc', bands: [3, 2, 1] },
  });
  await expect(settingsFrom({ data: bccd, set: ['data.format=yolo'] }, 'quick')).rejects.toThrow(/^no YOLO data set/);
  for (const value of ['[1,2]', '[0,1,2]', '"4,3,2"']) {
    await expect(settingsFrom({ data: bccd, set: [`data.bands=${value}`] }, 'quick')).rejects.toThrow(/data\.bands/);
  }
  vi.restoreAllMocks();
});
