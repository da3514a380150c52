/** Converts bytes to a model's inputs. */
import { DataError } from '../error.ts';
import { requireKnown, requireNumber, shown } from '../option-checks.ts';
import type { Size } from './view.ts';

/**
 * Mean and standard deviation of the channels: a value in 0..1 becomes (value − mean) / std. Backbones in
 * `@dn-detr/core` have one too, with a separate declaration, because this package works without core and without
 * tensors.
 */
export interface Normalization {
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

/** @throws DataError unless there are a mean and a positive deviation for each channel */
export function checkNormalization(where: string, normalization: Normalization): void {
  if (typeof normalization !== 'object' || normalization === null) {
    throw new DataError(`${where} is ${shown(normalization)}: expected { mean, std } of the channels in 0..1`);
  }
  requireKnown(where, normalization, ['mean', 'std']);
  for (const name of ['mean', 'std'] as const) {
    const values = normalization[name];
    if (!Array.isArray(values) || values.length !== 3) {
      throw new DataError(`${where}.${name} is ${shown(values)}: expected three numbers`);
    }
    const least = name === 'std' ? Number.MIN_VALUE : -Number.MAX_VALUE;
    for (const value of values) requireNumber(`${where}.${name}`, value, least, Number.MAX_VALUE);
  }
}

/** Writes an image `[height, width, 3]`, normalised, to the top left of a canvas `[canvasHeight, canvasWidth, 3]`. */
export type Normalize = (pixels: Uint8Array, size: Size, out: Float32Array, canvasWidth: number) => void;

export function normalizer({ mean, std }: Normalization): Normalize {
  const table = new Float32Array(3 * 256);
  for (let value = 0; value < 256; value++) {
    for (let c = 0; c < 3; c++) table[3 * value + c] = (value / 255 - (mean[c] as number)) / (std[c] as number);
  }
  return (pixels, { width, height }, out, canvasWidth) => {
    for (let y = 0; y < height; y++) {
      lookUp(pixels.subarray(3 * y * width, 3 * (y + 1) * width), out.subarray(3 * y * canvasWidth), table);
    }
  };
}

function lookUp(row: Uint8Array, out: Float32Array, table: Float32Array): void {
  for (let i = 0; i < row.length; i += 3) {
    out[i] = table[3 * (row[i] as number)] as number;
    out[i + 1] = table[3 * (row[i + 1] as number) + 1] as number;
    out[i + 2] = table[3 * (row[i + 2] as number) + 2] as number;
  }
}
