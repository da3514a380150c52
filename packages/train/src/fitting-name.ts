/** File and folder names made from a user's names, no longer than file systems allow. */
import { createHash } from 'node:crypto';
import { cutToBytes } from '@dn-detr/data';

/** Largest length of a name in bytes of UTF-8: Linux allows no more, macOS and Windows at least as many. */
export const longestName = 255;

/**
 * Joins `base` and `end` if the result is short enough. Otherwise the base is cut and followed by a hash of all of it,
 * so that different names stay different and the same name is always shortened in the same way.
 *
 * @param end the part that must stay as it is, such as `-seed-0`
 */
export function fittingName(base: string, end = ''): string {
  const room = longestName - Buffer.byteLength(end);
  if (Buffer.byteLength(base) <= room) return `${base}${end}`;
  const hash = `-${createHash('sha256').update(base).digest('hex').slice(0, 12)}`;
  return `${cutToBytes(base, room - hash.length)}${hash}${end}`;
}
