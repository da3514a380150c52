/** What decodes images. */
import sharp from 'sharp';

/** Versions by name, to be kept beside results: other ones may give slightly other pixels. */
export const decoderVersions: Readonly<Record<string, string>> = {
  sharp: sharp.versions.sharp,
  libvips: sharp.versions.vips,
};
