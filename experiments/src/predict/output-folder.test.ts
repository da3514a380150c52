import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { cutToBytes, type FileImage } from '@dn-detr/data';
import { UserError } from '@dn-detr/train';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openOutputFolder } from './output-folder.ts';

let root: string;
let out: string;
beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'dn-detr-output-'));
  out = path.join(root, 'out');
});
afterEach(() => rmSync(root, { recursive: true }));

/** Creates files in the folder, and returns them as images for prediction. */
function images(...names: string[]): FileImage[] {
  return names.map((name) => {
    const file = path.join(root, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, 'input');
    return { path: file } as FileImage;
  });
}

/** Writes the files of an earlier prediction. */
function earlier(...pictures: string[]): void {
  mkdirSync(out, { recursive: true });
  for (const picture of pictures) writeFileSync(path.join(out, picture), 'picture');
  writeFileSync(
    path.join(out, 'detections.json'),
    JSON.stringify({ images: pictures.map((picture) => ({ picture })) }),
  );
}

describe('openOutputFolder', () => {
  it('creates the folder, and names pictures after images: JPEG stays JPEG, everything else becomes PNG', () => {
    const { pictures, document } = openOutputFolder(out, images('a.jpg', 'b.JPEG', 'c.png', 'd.webp', 'e'));
    expect(pictures).toEqual(['a.jpg', 'b.jpg', 'c.png', 'd.png', 'e.png']);
    expect(document).toBe(path.join(out, 'detections.json'));
    expect(readdirSync(out)).toEqual([]);
  });

  it('gives different names to images whose names differ only in letter case or Unicode form', () => {
    const found = images('1/x.png', '2/x.png', '3/X.PNG', '4/x-2.png', '5/x.jpg', '6/\u00e9.png', '7/e\u0301.png');
    const { pictures } = openOutputFolder(out, found);
    expect(pictures).toEqual(['x.png', 'x-2.png', 'X-3.png', 'x-2-2.png', 'x.jpg', '\u00e9.png', 'e\u0301-2.png']);
  });

  it('shortens long names between characters, and numbers those that become equal', () => {
    const twin = 'x'.repeat(250);
    const [wide, jpeg] = ['血'.repeat(83), `${'y'.repeat(250)}.jfif`];
    const names = [`1/${twin}.png`, `2/${twin}.png`, `3/${twin}y.gif`, `${'x'.repeat(249)}.webp`, `${wide}.tiff`, jpeg];
    const { pictures } = openOutputFolder(out, images(...names));
    expect(pictures).toEqual([
      `${twin}.png`,
      `${'x'.repeat(249)}-2.png`,
      `${twin}y.png`,
      `${'x'.repeat(249)}.png`,
      `${wide}.png`,
      `${'y'.repeat(250)}.jpg`,
    ]);
  });

  it('names pictures differently and never too long, whatever the images are called', () => {
    const stem = fc.oneof(
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 251 }),
      // Similar names, which become equal when they are shortened.
      fc
        .tuple(fc.constantFrom('x', 'X', '\u00e9', '血'), fc.integer({ min: 60, max: 251 }))
        .map(([c, n]) => c.repeat(n)),
    );
    const file = fc
      .tuple(fc.integer({ min: 0, max: 9 }), stem, fc.constantFrom('.png', '.jpg', '.tif', '.x'))
      .map(([folder, name, ext]) => `/${folder}/${cutToBytes(name.replaceAll(/[/\0]/g, '_'), 251)}${ext}`);
    fc.assert(
      fc.property(fc.uniqueArray(file, { minLength: 1, maxLength: 12 }), (files) => {
        mkdirSync(path.join(root, 'property'), { recursive: true });
        const there = files.map((file) => ({ path: path.join(root, path.basename(file)) }) as FileImage);
        const { pictures } = openOutputFolder(path.join(root, 'property'), there);
        expect(new Set(pictures.map((name) => name.normalize('NFC').toLowerCase())).size).toBe(files.length);
        for (const name of pictures) {
          expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
          expect(name).toMatch(/\.(?:png|jpg)$/);
        }
        expect(openOutputFolder(path.join(root, 'property'), there).pictures).toEqual(pictures);
      }),
      { numRuns: 60 },
    );
  });

  it('removes temporary files of a prediction that was killed', () => {
    mkdirSync(out);
    writeFileSync(path.join(out, '.photo.png.4194305.tmp'), 'half');
    openOutputFolder(out, []);
    expect(readdirSync(out)).toEqual([]);
  });

  it('replaces only files of an earlier prediction', () => {
    earlier('a.png', 'b.png', 'old.png');
    writeFileSync(path.join(out, 'mine.png'), 'kept');
    const { pictures, removeOthers } = openOutputFolder(out, images('a.png', 'b.png', 'mine.png'));
    expect(pictures).toEqual(['a.png', 'b.png', 'mine-2.png']);
    expect(existsSync(path.join(out, 'old.png'))).toBe(true);
    removeOthers();
    expect(readdirSync(out).sort()).toEqual(['a.png', 'b.png', 'detections.json', 'mine.png']);
  });

  it('never replaces an input image', () => {
    expect(openOutputFolder(root, images('a.png', 'b.jpg')).pictures).toEqual(['a-2.png', 'b-2.jpg']);
    earlier('a.png');
    const { pictures, removeOthers } = openOutputFolder(out, images('out/a.png'));
    expect(pictures).toEqual(['a-2.png']);
    removeOthers();
    expect(existsSync(path.join(out, 'a.png'))).toBe(true);
  });

  it.each([
    ['a list of detections', '[{"image_id": 1}]'],
    ['no JSON', '{"images": ['],
    ['pictures elsewhere', '{"images": [{"picture": "../precious.png"}]}'],
    ['a folder as a picture', '{"images": [{"picture": ".."}]}'],
    ['pictures without names', '{"images": [{}]}'],
  ])('refuses a folder whose detections.json holds %s', (_, content) => {
    mkdirSync(out);
    writeFileSync(path.join(out, 'detections.json'), content);
    expect(() => openOutputFolder(out, images('a.png'))).toThrow(UserError);
    expect(() => openOutputFolder(out, images('a.png'))).toThrow(/detections\.json exists and is not from an earlier/);
  });

  it('says that a file is in the way', () => {
    writeFileSync(out, 'a file');
    for (const folder of [out, path.join(out, 'deeper')]) {
      expect(() => openOutputFolder(folder, [])).toThrow(`${folder} cannot be written to (a file is in the way)`);
    }
  });
});
