/** The interface of all sources of images, whatever their format: classes, and images with their objects, in splits. */

/** An image's pixels, upright, as 8 bits a channel. */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  /** `[height, width, 3]`, red, green, blue */
  readonly data: Uint8Array;
}

/** The N objects of an image, as they are annotated. */
export interface ImageObjects {
  /** `[N]`, 0..K−1: indices into `Dataset.categories` */
  readonly labels: Int32Array;
  /** `[N, 4]`: x, y, width, height in pixels of the upright image, from its top left corner, as COCO has it */
  readonly boxes: Float64Array;
  /** `[N]`: square pixels; COCO's `area`, which may be a mask's, else width × height */
  readonly areas: Float64Array;
  /** `[N]`: 1 where the box holds a crowd, which evaluation ignores and training leaves out */
  readonly crowd: Uint8Array;
  /** `[N]`: COCO's annotation ids, NaN where there is none or it is a text; pycocotools never counts the object 0 as found */
  readonly ids?: Float64Array;
}

/** An image of a data set, which is decoded or drawn when it is read. */
export interface DatasetImage {
  /** COCO's id, a text where it is no safe integer; elsewhere 1, 2, … over the data set, sorted by name */
  readonly id: number | string;
  /** Name for messages: the path inside the data set's folder, or what was drawn. */
  readonly name: string;
  /** Width of the upright image. */
  readonly width: number;
  readonly height: number;
  readonly objects: ImageObjects;
  /**
   * Decodes or draws the image.
   *
   * @throws DataError if the file cannot be read as an image, or is not of the size that was announced
   */
  read(): Promise<RgbImage>;
}

/** A class of a data set. */
export interface Category {
  /** COCO's id, a text where it is no safe integer; elsewhere the label + 1 */
  readonly id: number | string;
  readonly name: string;
}

/**
 * Of each split, the ids that its own COCO file gives the classes, by label: files of one data set may number them
 * differently. Undefined for a class that the file does not list.
 */
export type CategoryIds = Readonly<Partial<Record<'train' | 'val' | 'test', readonly (Category['id'] | undefined)[]>>>;

/** Images with their objects, in splits. */
export interface Dataset {
  /** The data as the user named it: a folder, or `shapes`. */
  readonly name: string;
  /** The name of the reader that read the folder, or `shapes`. */
  readonly format: string;
  /** The K classes; a label is an index into them. */
  readonly categories: readonly Category[];
  readonly categoryIds?: CategoryIds;
  readonly train: readonly DatasetImage[];
  readonly val: readonly DatasetImage[];
  /** Images of the test split; empty where there is none. */
  readonly test: readonly DatasetImage[];
}
