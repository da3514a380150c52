/** The decoders of images. */
import sharp from 'sharp';

/** Versions by name, to be kept beside results: other ones may give slightly other pixels. */
export const decoderVersions: Readonly<Record<string, string>> = {
  sharp: sharp.versions.sharp,
  libvips: sharp.versions.vips,
};

/**
 * Raised whenever `decodeImage` gives other pixels of a file than before, so that a run that began with the old ones is not
 * continued with the new ones unnoticed. 1: transparency laid on black, colour profiles followed. 2: as Pillow reads them.
 */
export const decodingVersion = 2;
