/** Records of TensorFlow's files (TFRecord). Source: tensorflow/core/lib/io/record_writer.cc. */
import { crc32c } from './crc32c.ts';

/**
 * Encodes a record: its length in 8 bytes, the checksum of these, the data, and the checksum of the data;
 * little-endian. Readers take an incomplete record for one that is still being written.
 */
export function record(data: Uint8Array): Uint8Array {
  const framed = Buffer.alloc(8 + 4 + data.length + 4);
  framed.writeBigUInt64LE(BigInt(data.length));
  framed.writeUInt32LE(maskedChecksum(framed.subarray(0, 8)), 8);
  framed.set(data, 12);
  framed.writeUInt32LE(maskedChecksum(data), 12 + data.length);
  return framed;
}

/**
 * A checksum, rotated and with a constant added, because a plain checksum of data that contains checksums is weak
 * (tensorflow/core/lib/hash/crc32c.h).
 */
function maskedChecksum(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
