import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { FileImage } from './image-file.ts';
import { makeFolder, plainImage } from './testing/dataset-folder.ts';

describe('FileImage', () => {
  it('reads its file, and names it when that fails', async () => {
    const folder = makeFolder({ 'a b/ü.png': await plainImage(64, 48).png().toBuffer() });
    const objects = {
      labels: new Int32Array(),
      boxes: new Float64Array(),
      areas: new Float64Array(),
      crowd: new Uint8Array(),
    };
    const make = (file: string) =>
      new FileImage({ id: 1, name: file, path: path.join(folder, file), width: 64, height: 48, objects });
    expect((await make('a b/ü.png').read()).data.length).toBe(64 * 48 * 3);
    await expect(make('gone.png').read()).rejects.toThrow(/^gone.png cannot be read as an image \(ENOENT/);
  });
});
