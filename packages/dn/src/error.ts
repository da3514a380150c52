/** Where an error lies: indices into the batch of targets and into one image's objects. */
export interface ErrorPlace {
  readonly image?: number;
  readonly object?: number;
}

/** Targets, options or recorded draws that cannot be used: what was wrong, where, and what was expected. */
export class DnError extends Error {
  override name = 'DnError';
  readonly image: number | undefined;
  readonly object: number | undefined;

  constructor(message: string, { image, object }: ErrorPlace = {}) {
    const place = [image === undefined ? [] : `image ${image}`, object === undefined ? [] : `object ${object}`].flat();
    super(place.length === 0 ? message : `${place.join(', ')}: ${message}`);
    this.image = image;
    this.object = object;
  }
}
