/** A validation split for data that comes without one. */
import { randomStream } from './random.ts';

/**
 * Takes a fraction of the images out, at least one and not all. Each image draws a number from the seed and its name, and
 * those with the lowest go: neither the order of the files nor that of the JSON matters, and a few images more or less
 * leave the others where they were.
 */
export function splitOff<Image extends { readonly name: string }>(
  images: readonly Image[],
  fraction: number,
  seed: number,
): { train: Image[]; val: Image[] } {
  const count = Math.min(Math.max(1, Math.round(fraction * images.length)), images.length - 1);
  const drawn = images.map(({ name }, index) => ({ name, index, number: randomStream('split', seed, name)() }));
  drawn.sort((a, b) => a.number - b.number || (a.name < b.name ? -1 : 1));
  const chosen = new Set(drawn.slice(0, Math.max(0, count)).map(({ index }) => index));
  return {
    train: images.filter((_, index) => !chosen.has(index)),
    val: images.filter((_, index) => chosen.has(index)),
  };
}
