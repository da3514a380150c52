import { fileURLToPath } from 'node:url';
import { resolveSettings } from '@dn-detr/train';
import { expect, it } from 'vitest';
import { MemoryStream } from '../testing/memory-stream.ts';
import { settingsFrom } from './run-options.ts';

const bccd = fileURLToPath(new URL('../../../test/fixtures/data/bccd', import.meta.url));

it('chooses the recipe for the folder as the run will read it', async () => {
  const err = new MemoryStream();
  const chosen = await settingsFrom(
    err,
    { data: bccd, set: ['data.format=voc', 'data.bands=[3,2,1]', 'batchSize=3'] },
    'quick',
  );
  expect(resolveSettings(chosen.settings).config).toMatchObject({
    batchSize: 3,
    data: { format: 'voc', bands: [3, 2, 1] },
  });
  expect(chosen.reason).toMatch(/^pretrained features, /);
  expect(await settingsFrom(err, { data: bccd, recipe: 'quick', set: [] }, 'quick')).not.toHaveProperty('reason');
  await expect(settingsFrom(err, { data: bccd, set: ['data.format=yolo'] }, 'quick')).rejects.toThrow(
    /^no YOLO data set/,
  );
  for (const value of ['[1,2]', '[0,1,2]', '"4,3,2"']) {
    await expect(settingsFrom(err, { data: bccd, set: [`data.bands=${value}`] }, 'quick')).rejects.toThrow(
      /data\.bands/,
    );
  }
});
