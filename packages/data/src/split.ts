/** Makes a validation split for data that comes without one. */
import { randomStream } from './random.ts';

/**
 * Moves a fraction of the images to val, at least one and not all. Each image draws a number from the seed and its
 * name, and those with the lowest numbers are moved: neither the order of the files nor that of the JSON matters, and
 * adding or removing a few images leaves the others where they were. Images with the same name stay together, because
 * they are one file listed twice; if there is no other name, none is moved.
 */
export function splitOff<Image extends { readonly name: string }>(
  images: readonly Image[],
  fraction: number,
  seed: number,
): { train: Image[]; val: Image[] } {
  const names = [...new Set(images.map(({ name }) => name))];
  const count = Math.min(Math.max(1, Math.round(fraction * names.length)), names.length - 1);
  const drawn = names.map((name) => ({ name, number: randomStream('split', seed, name)() }));
  drawn.sort((a, b) => a.number - b.number || (a.name < b.name ? -1 : 1));
  const chosen = new Set(drawn.slice(0, Math.max(0, count)).map(({ name }) => name));
  return {
    train: images.filter(({ name }) => !chosen.has(name)),
    val: images.filter(({ name }) => chosen.has(name)),
  };
}
