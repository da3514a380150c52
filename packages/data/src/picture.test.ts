import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { picture, thumbnail } from './picture.ts';
import { makeFolder } from './testing/dataset-folder.ts';

// A red and a green pixel.
const image = { width: 2, height: 1, data: Uint8Array.of(255, 0, 0, 0, 255, 0) };
const drawing =
  '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="4"><rect x="1" y="1" width="2" height="2" fill="#00f"/></svg>';

describe('picture', () => {
  it.each(['png', 'jpeg'] as const)('lays the drawing over enlarged pixels as %s', async (format) => {
    const bytes = await picture(image, { drawing, enlarged: 4, format });
    expect(await sharp(bytes).metadata()).toMatchObject({ format, width: 8, height: 4, hasAlpha: false });
    const { data } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
    const at = (x: number, y: number) => [...data.subarray(3 * (8 * y + x), 3 * (8 * y + x) + 3)];
    // JPEG alters the pixels near an edge.
    const about = (color: readonly number[]) => color.map((value) => expect.closeTo(value, format === 'png' ? 5 : -2));
    expect(at(0, 0)).toEqual(about([255, 0, 0]));
    expect(at(1, 1)).toEqual(about([0, 0, 255]));
    expect(at(2, 2)).toEqual(about([0, 0, 255]));
    expect(at(3, 3)).toEqual(about([255, 0, 0]));
    expect(at(4, 0)).toEqual(about([0, 255, 0]));
  });
});

describe('thumbnail', () => {
  it.each([
    [
      { width: 40, height: 10 },
      { width: 20, height: 5 },
    ],
    [
      { width: 8, height: 16 },
      { width: 8, height: 16 },
    ],
  ])('fits %o into 20 pixels as %o', async (size, fitted) => {
    const data = new Uint8Array(3 * size.width * size.height).fill(200);
    expect(await sharp(await thumbnail({ ...size, data }, 20)).metadata()).toMatchObject({ format: 'jpeg', ...fitted });
  });
});

describe('canDrawText', () => {
  // Fontconfig reads its settings once, so each case runs in a separate process. Windows and macOS ask the system
  // instead.
  it.runIf(process.platform === 'linux')('is false where there is no font', () => {
    const none = makeFolder({ 'fonts.conf': '<?xml version="1.0"?><fontconfig></fontconfig>' });
    const ask = (env: NodeJS.ProcessEnv): string => {
      const module = JSON.stringify(new URL('./picture.ts', import.meta.url));
      const script = `import { canDrawText } from ${module}; process.stdout.write(String(await canDrawText()));`;
      const args = ['--import', 'tsx', '--input-type=module', '--eval', script];
      const cwd = fileURLToPath(new URL('.', import.meta.url));
      return execFileSync(process.execPath, args, { cwd, env: { ...process.env, ...env }, encoding: 'utf8' });
    };
    expect(ask({ FONTCONFIG_FILE: `${none}/fonts.conf`, FONTCONFIG_PATH: none })).toBe('false');
  });
});
