/** Checks that the file contains all the pixels that its TIFF tags describe. */
import { type TiffDirectory, tiffTag } from './directory.ts';

/**
 * @param size bytes of the file
 * @param lengths which lengths must fit: `all`, or those of strips and tiles that are `plain`, because some writers
 *   give compressed ones a length that is too large, which does no harm
 * @throws Error if a strip or tile begins or ends beyond the end of the file
 */
export async function requireWhole(directory: TiffDirectory, size: number, lengths: 'all' | 'plain'): Promise<void> {
  const { stripOffsets, stripLengths, tileOffsets, tileLengths, compression } = tiffTag;
  const isPlain = ((await directory.numbers(compression))[0] ?? 1) === 1;
  for (const [starts, ends] of [
    [stripOffsets, stripLengths],
    [tileOffsets, tileLengths],
  ] as const) {
    const sizes = lengths === 'all' || isPlain ? await directory.numbers(ends, Number.MAX_SAFE_INTEGER) : [];
    for (const [n, start] of (await directory.numbers(starts, Number.MAX_SAFE_INTEGER)).entries()) {
      const end = start + Math.max(sizes[n] ?? 0, 1);
      if (end > size) throw new Error(`it has ${size} bytes, but its pixels end at ${end} or later`);
    }
  }
}
