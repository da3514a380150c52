/** Faults of a single image file. */
import { DataError } from './error.ts';

/** A fault of a single image file. */
export class ImageError extends DataError {
  /**
   * @param fault what is to be said of the image, such as "is empty"
   * @param advice what to do about it
   */
  constructor(
    image: string,
    readonly fault: string,
    readonly advice: string,
    options?: ErrorOptions,
  ) {
    super(`${image} ${fault}: ${advice}`, options);
  }
}

/** The file is an image, but not the one that was annotated. */
export class SizeMismatchError extends ImageError {}

/** The file may be whole, but its format, bands, depth or size are not read. Its header is enough to say so. */
export class UnsupportedImageError extends ImageError {}

/** The kind of problem that it is where the image is left out. */
export function kindOfFault(error: ImageError): 'unsupported-image' | 'damaged-image' {
  return error instanceof UnsupportedImageError ? 'unsupported-image' : 'damaged-image';
}

/**
 * Describes an image's fault for a list of problems: with the advice where it is about this one file, and not about all
 * of a kind.
 */
export function describeFault(error: ImageError): string {
  return error instanceof UnsupportedImageError ? `${error.fault}: ${error.advice}` : error.fault;
}

/**
 * For what sharp says of a file. Its own words are kept as the cause alone: libvips collects the messages of all files that
 * are being read, so that one may be empty or another file's.
 */
export function damaged(part: 'header' | 'pixel data', cause: unknown): Error {
  return new Error(`its ${part} is damaged or cut off`, { cause });
}

const advice = 'replace it or take it out of the annotations';

/** For a file that is no image, is damaged, or cannot be read at all. */
export function unreadable(name: string, error: unknown): ImageError {
  // Node says so of a place beyond the end.
  const beyond = error instanceof RangeError && 'code' in error;
  const reason = beyond ? 'the file ends too early' : (error as Error).message.trim().split('\n')[0];
  const more = `${advice} (data check lists all such images)`;
  return new ImageError(name, `cannot be read as an image (${reason})`, more, { cause: error });
}
