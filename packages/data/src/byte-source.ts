/** Parts of a file, wherever its bytes are. */
import fs from 'node:fs/promises';

export interface ByteSource {
  /** of the whole file */
  readonly size: number;
  /** Fewer bytes than `length` where the file ends before. */
  read(position: number, length: number): Promise<Buffer>;
}

/** @param source a path, or the file's bytes */
export async function withBytes<T>(source: string | Buffer, use: (bytes: ByteSource) => Promise<T>): Promise<T> {
  if (typeof source !== 'string') {
    const read = async (position: number, length: number): Promise<Buffer> =>
      source.subarray(position, position + length);
    return use({ size: source.length, read });
  }
  const file = await fs.open(source);
  try {
    const { size } = await file.stat();
    const read = async (position: number, length: number): Promise<Buffer> => {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.min(length, size)), 0, null, position);
      return buffer.subarray(0, bytesRead);
    };
    return await use({ size, read });
  } finally {
    await file.close();
  }
}
