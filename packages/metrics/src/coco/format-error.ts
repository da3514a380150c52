/** A file that is not in COCO's format: the message says which entry and field, what was expected and what to do. */
export class CocoFormatError extends Error {
  override name = 'CocoFormatError';
}
