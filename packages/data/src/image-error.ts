/** Errors about one image file. */
import { DataError } from './error.ts';

/** An image file that cannot be used. */
export class ImageError extends DataError {
  /**
   * @param fault the predicate that follows the image's name, such as "is empty"
   * @param advice what the user can do about it
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

/** The file may be intact, but its format, bands, depth or size is not supported. The header is enough to tell. */
export class UnsupportedImageError extends ImageError {}

/** The kind of problem to report where the image is left out. */
export function kindOfFault(error: ImageError): 'unsupported-image' | 'damaged-image' {
  return error instanceof UnsupportedImageError ? 'unsupported-image' : 'damaged-image';
}

/** The text for a list of problems; advice is included only if it is specific to this file. */
export function describeFault(error: ImageError): string {
  return error instanceof UnsupportedImageError ? `${error.fault}: ${error.advice}` : error.fault;
}

/**
 * Wraps an error from sharp. Its own message is kept only as the cause: libvips collects the messages of all files that
 * are being read, so a message may be empty or about another file.
 */
export function damaged(part: 'header' | 'pixel data', cause: unknown): Error {
  return new Error(`its ${part} is damaged or cut off`, { cause });
}

const advice = 'replace it or take it out of the annotations';

/** The error for a file that is not an image, is damaged, or cannot be read. */
export function unreadable(name: string, error: unknown): ImageError {
  // Node reports an offset beyond the end this way.
  const beyond = error instanceof RangeError && 'code' in error;
  const reason = beyond ? 'the file ends too early' : (error as Error).message.trim().split('\n')[0];
  const more = `${advice} (data check lists all such images)`;
  return new ImageError(name, `cannot be read as an image (${reason})`, more, { cause: error });
}
