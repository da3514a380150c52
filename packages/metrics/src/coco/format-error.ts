/**
 * Thrown for a file that is not in COCO's format: the message names the entry and field, what was expected and what to
 * do.
 */
export class CocoFormatError extends Error {
  override name = 'CocoFormatError';
}
