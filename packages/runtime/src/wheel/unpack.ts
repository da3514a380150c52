/** Unpacks wheels, which are zip files. */
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import yauzl from 'yauzl';

/**
 * Unpacks chosen members of a wheel.
 *
 * @param destinationOf maps the path of a member in the wheel to the file to write; undefined skips the member.
 * @param progress called with the number of bytes written so far.
 * @returns the paths in the wheel of the unpacked members
 * @throws Error when a member is damaged
 */
export async function unpackMembers(
  wheel: string,
  destinationOf: (member: string) => string | undefined,
  progress: (bytes: number) => void = () => {},
): Promise<string[]> {
  const zip = await yauzl.openPromise(wheel, { autoClose: false });
  const unpacked: string[] = [];
  let bytes = 0;
  try {
    for await (const entry of zip.eachEntry()) {
      const destination = destinationOf(entry.fileName);
      if (destination === undefined) continue;
      await mkdir(path.dirname(destination), { recursive: true });
      const source = await zip.openReadStreamPromise(entry);
      source.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        progress(bytes);
      });
      await pipeline(source, createWriteStream(destination));
      unpacked.push(entry.fileName);
    }
  } finally {
    zip.close();
  }
  return unpacked;
}
