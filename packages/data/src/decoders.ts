/** The versions of the libraries that decode images, and of their use here. */
import sharp from 'sharp';

/** Versions by library name, to be stored with results: other versions may give slightly different pixels. */
export const decoderVersions: Readonly<Record<string, string>> = {
  sharp: sharp.versions.sharp,
  libvips: sharp.versions.vips,
};

/**
 * Incremented whenever `decodeImage` starts to give different pixels for a file, so that a run that began with the old
 * pixels is not silently continued with the new ones. 1: transparency laid on black, colour profiles followed. 2: as
 * Pillow reads them.
 */
export const decodingVersion = 2;
