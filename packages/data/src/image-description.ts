/** The contents of an image file's header. */
import type { ImageFormat } from './image-formats.ts';

/** How a file's bands become colours. */
export type ColourModel = 'grey' | 'rgb' | 'cmyk' | 'bands';

/** The contents of an image file's header. */
export interface ImageHeader {
  readonly format: ImageFormat;
  /** Width of the pixels as stored. */
  readonly width: number;
  /** Height of the pixels as stored. */
  readonly height: number;
  /** EXIF orientation: 1 is upright, 2 to 8 have to be turned or mirrored. */
  readonly orientation: number;
  /** Size of the upright image. */
  readonly upright: { readonly width: number; readonly height: number };
  /** Number of bands: colours, alpha and all others. */
  readonly bands: number;
  /** Bits per sample. */
  readonly depth: 8 | 16;
  readonly colours: ColourModel;
  /** Whether one of the bands is an alpha channel. */
  readonly alpha: boolean;
  /**
   * Whether the colours were multiplied by the alpha channel and have to be divided by it; unset for TIFF, whose
   * decoder knows.
   */
  readonly premultiplied?: boolean;
  /** Number of frames of an animation, or of pages of a file. */
  readonly frames: number;
}
