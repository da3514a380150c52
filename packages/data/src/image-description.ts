/** An image file's description of itself. */
import type { ImageFormat } from './image-formats.ts';

/** How a file's bands become colours. */
export type ColourModel = 'grey' | 'rgb' | 'cmyk' | 'bands';

/** Contents of a file's header. */
export interface ImageHeader {
  readonly format: ImageFormat;
  /** Width of the pixels as they are stored. */
  readonly width: number;
  readonly height: number;
  /** EXIF's: 1 is upright, 2 to 8 are to be turned or mirrored */
  readonly orientation: number;
  /** The size of the upright image. */
  readonly upright: { readonly width: number; readonly height: number };
  /** Colours, alpha and all others. */
  readonly bands: number;
  /** Bits of a sample. */
  readonly depth: 8 | 16;
  readonly colours: ColourModel;
  /** Whether one of the bands is an alpha channel. */
  readonly alpha: boolean;
  /**
   * Whether the colours were multiplied by the alpha channel and have to be divided by it; for TIFF its decoder says
   * so.
   */
  readonly premultiplied?: boolean;
  /** Frames of an animation, or pages of a file of several. */
  readonly frames: number;
}
