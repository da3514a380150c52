/** Recognises JPEG variants: not all can be decoded, and libjpeg says so only when it comes to the pixels. */
import type { ByteSource } from './byte-source.ts';
import { UnsupportedImageError } from './image-error.ts';

/** Names of the kinds of frames that cannot be decoded, by the second byte of the marker that begins a frame. */
const otherFrames: Readonly<Record<number, string>> = {
  195: 'lossless JPEG',
  197: 'hierarchical JPEG',
  198: 'hierarchical JPEG',
  199: 'hierarchical JPEG',
  203: 'lossless JPEG',
  205: 'hierarchical JPEG',
  206: 'hierarchical JPEG',
  207: 'hierarchical JPEG',
  247: 'JPEG-LS',
};
const readFrames: readonly number[] = [192, 193, 194, 201, 202];

export interface JpegFrame {
  readonly width: number;
  readonly height: number;
  readonly bands: number;
}

/**
 * Reads the header of the frame. A file without one is left for the decoder to refuse.
 *
 * @throws UnsupportedImageError if the frame is of a kind that cannot be decoded, or has samples of more than 8 bits
 */
export async function readableJpegFrame(bytes: ByteSource, name: string): Promise<JpegFrame | undefined> {
  for (let at = 2; at < bytes.size; ) {
    const marker = await bytes.read(at, 10);
    const kind = marker[1];
    if (marker.length < 10 || marker[0] !== 0xff || kind === undefined || kind === 0xda) return undefined;
    if (kind === 0xff || kind === 1 || (kind >= 0xd0 && kind <= 0xd8)) {
      // Fill bytes may precede a marker, and some markers have no payload.
      at += kind === 0xff ? 1 : 2;
      continue;
    }
    const frame = otherFrames[kind];
    if (frame !== undefined || readFrames.includes(kind)) {
      const [bits, bands] = [marker.readUInt8(4), marker.readUInt8(9)];
      if (frame === undefined && bits === 8)
        return { width: marker.readUInt16BE(7), height: marker.readUInt16BE(5), bands };
      const fault = `is a ${frame ?? 'JPEG'} of ${bands} bands of ${bits} bits, which is not supported`;
      throw new UnsupportedImageError(name, fault, 'convert it to PNG of 8 or 16 bits');
    }
    at += 2 + marker.readUInt16BE(2);
  }
  return undefined;
}
