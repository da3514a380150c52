/** Makes data sets in a temporary folder, to be read like a user's. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import sharp, { type Sharp } from 'sharp';

/** A file's content: text, bytes, or a value that becomes JSON. */
export type Content = string | Buffer | object;

/** Writes files into a new temporary folder, which is removed after the tests, and returns its path. */
export function makeFolder(files: Readonly<Record<string, Content>> = {}): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'dn-detr-data-'));
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(folder, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    const isPlain = typeof content === 'string' || Buffer.isBuffer(content);
    fs.writeFileSync(file, isPlain ? content : JSON.stringify(content));
  }
  return folder;
}

const colour = { r: 200, g: 100, b: 50 };

/** A single-colour image in sharp, to be changed and encoded: `plainImage(64, 48).jpeg().toBuffer()`. */
export function plainImage(width: number, height: number): Sharp {
  return sharp({ create: { width, height, channels: 3, background: colour } });
}

/** JPEG bytes of a single-colour image. */
export function jpeg(width = 64, height = 48): Promise<Buffer> {
  return plainImage(width, height).jpeg().toBuffer();
}
