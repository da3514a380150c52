/** Properties of an AVIF file that sharp does not report. */
import type { ByteSource } from './byte-source.ts';

/** Far more bytes than the boxes before the pixels take. */
const metaLength = 65536;

/**
 * Whether the colours were multiplied by the alpha channel: the box `iref` then has a reference of type `prem` (MIAF,
 * ISO/IEC 23000-22, 7.3.5.2). Decoders return such colours as stored.
 */
export async function isPremultiplied(bytes: ByteSource): Promise<boolean> {
  const head = await bytes.read(0, metaLength);
  const at = head.indexOf('iref', 0, 'latin1');
  if (at < 4) return false;
  const size = head.readUInt32BE(at - 4);
  return head.subarray(at, at - 4 + size).includes('prem', 0, 'latin1');
}
