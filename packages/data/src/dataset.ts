/** The data set as every format provides it: classes, and images with their objects, in splits. */

/** An upright image's pixels, 8 bits per channel. */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  /** Pixels `[height, width, 3]`: red, green, blue. */
  readonly data: Uint8Array;
}

/** The N objects of an image as annotated. */
export interface ImageObjects {
  /** Labels `[N]`, 0..K−1: indices into `Dataset.categories`. */
  readonly labels: Int32Array;
  /** Boxes `[N, 4]`: x, y, width, height in pixels of the upright image, from its top left corner, as in COCO. */
  readonly boxes: Float64Array;
  /** Areas `[N]` in square pixels: COCO's `area`, which may be a mask's, otherwise width × height. */
  readonly areas: Float64Array;
  /** Flags `[N]`: 1 where the box holds a crowd, which evaluation ignores and training leaves out. */
  readonly crowd: Uint8Array;
  /**
   * COCO annotation ids `[N]`, NaN where there is none or it is a text; pycocotools never counts the object with id 0
   * as found.
   */
  readonly ids?: Float64Array;
}

/** An image of a data set, which is decoded or drawn when it is read. */
export interface DatasetImage {
  /** COCO's id, a text where it is not a safe integer; in other formats 1, 2, … over the data set, sorted by name. */
  readonly id: number | string;
  /** Name for messages: the path inside the data set's folder, or a description of a drawn image. */
  readonly name: string;
  /** Width of the upright image in pixels. */
  readonly width: number;
  /** Height of the upright image in pixels. */
  readonly height: number;
  readonly objects: ImageObjects;
  /**
   * Decodes or draws the image.
   *
   * @throws DataError if the file cannot be read as an image, or does not have the announced size
   */
  read(): Promise<RgbImage>;
}

/** A class of a data set. */
export interface Category {
  /** COCO's id, a text where it is not a safe integer; in other formats the label + 1. */
  readonly id: number | string;
  readonly name: string;
}

/**
 * For each split, the ids that its own COCO file gives the classes, indexed by label: files of one data set may number
 * them differently. Undefined for a class that the file does not list.
 */
export type CategoryIds = Readonly<Partial<Record<'train' | 'val' | 'test', readonly (Category['id'] | undefined)[]>>>;

/** Images with their objects, in splits. */
export interface Dataset {
  /** The name that the user gave: a folder, or `shapes`. */
  readonly name: string;
  /** Name of the reader that read the folder, or `shapes`. */
  readonly format: string;
  /** The K classes; labels are indices into this list. */
  readonly categories: readonly Category[];
  readonly categoryIds?: CategoryIds;
  readonly train: readonly DatasetImage[];
  readonly val: readonly DatasetImage[];
  /** Test images; empty where there are none. */
  readonly test: readonly DatasetImage[];
}
