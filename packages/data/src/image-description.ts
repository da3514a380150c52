/** What an image file says of itself. */
import type { ImageFormat } from './image-formats.ts';

/** How a file's bands become colours. */
export type ColourModel = 'grey' | 'rgb' | 'cmyk' | 'bands';

/** What a file's header says. */
export interface ImageHeader {
  readonly format: ImageFormat;
  /** of the pixels as they are stored */
  readonly width: number;
  readonly height: number;
  /** EXIF's: 1 is upright, 2 to 8 are to be turned or mirrored */
  readonly orientation: number;
  /** the size of the upright image */
  readonly upright: { readonly width: number; readonly height: number };
  /** colours, alpha and all others */
  readonly bands: number;
  /** bits of a sample */
  readonly depth: 8 | 16;
  readonly colours: ColourModel;
  /** whether one of the bands is an alpha channel */
  readonly alpha: boolean;
  /** whether the colours were multiplied by the alpha channel and are to be divided by it; of TIFF, its decoder knows */
  readonly premultiplied?: boolean;
  /** of an animation or a file of several pages */
  readonly frames: number;
}
