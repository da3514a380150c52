/** Names of files and folders that are made of what a user named: at most as long as file systems take. */
import { createHash } from 'node:crypto';
import { cutToBytes } from '@dn-detr/data';

/** Bytes that a name may have, as UTF-8: Linux takes no more, macOS and Windows as many or more. */
export const longestName = 255;

/**
 * `base` and `end`, where they fit. Of a longer one the base is cut and followed by a hash of all of it, so that
 * different names stay different and the same one is always shortened alike.
 *
 * @param end what must stay as it is, such as `-seed-0`
 */
export function fittingName(base: string, end = ''): string {
  const room = longestName - Buffer.byteLength(end);
  if (Buffer.byteLength(base) <= room) return `${base}${end}`;
  const hash = `-${createHash('sha256').update(base).digest('hex').slice(0, 12)}`;
  return `${cutToBytes(base, room - hash.length)}${hash}${end}`;
}
