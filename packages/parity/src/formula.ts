/**
 * Weights and images in closed form: large fixtures store the formula of their weights and not the weights themselves.
 *
 * Values are computed in float64 and rounded once to float32. The wave `hash` has full rank and is the real check; a
 * `sin` matrix has rank 2 and hides permuted channels or heads.
 */
import { FixtureError } from './json.ts';

const waves = ['sin', 'hash'] as const;
/** The periodic or hashed sequence from which values are made. */
export type Wave = (typeof waves)[number];

/** Element i of a weight with `columns` elements per row, from the wave's value `s` at i, |s| <= 1. */
type Kind = (s: number, columns: number, wave: Wave) => number;

/** How each kind of state_dict entry is computed from its wave. */
const kinds = {
  weight: (s, columns, wave) => ((wave === 'hash' ? Math.sqrt(3) : 1) * s) / Math.sqrt(columns),
  bias: (s) => 0.02 * s,
  norm_weight: (s) => 1 + 0.1 * s,
  norm_bias: (s) => 0.02 * s,
  bn_mean: (s) => 0.02 * s,
  bn_var: (s) => 1 + 0.1 * s,
  embedding: (s) => s,
  prelu: (s) => 0.25 + 0.05 * s,
  counter: () => 0,
} as const satisfies Record<string, Kind>;
export type WeightKind = keyof typeof kinds;

/** An entry of a state_dict. */
export interface FormulaWeight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly kind: WeightKind;
  readonly wave: Wave;
}

/** @throws FixtureError for a kind that the formula does not have */
export function weightKind(name: string, where: string): WeightKind {
  if (Object.hasOwn(kinds, name)) return name as WeightKind;
  throw new FixtureError(`${where}: unknown kind '${name}', expected one of ${Object.keys(kinds).join(', ')}`);
}

/** @throws FixtureError for a wave that the formula does not have */
export function waveOf(name: string, where: string): Wave {
  const wave = waves.find((candidate) => candidate === name);
  if (wave !== undefined) return wave;
  throw new FixtureError(`${where}: unknown wave '${name}', expected one of ${waves.join(', ')}`);
}

/** The 32-bit FNV-1a hash of the UTF-8 bytes. */
export function fnv1a32(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** A function from a flat row-major index to its element, for weights too large to build completely. */
export function weightElement({ name, shape, kind, wave }: FormulaWeight): (index: number) => number {
  const s = wave === 'sin' ? sine(name, 0.7390851) : signedHash(name);
  const columns = shape.slice(1).reduce((product, axis) => product * axis, 1);
  const value: Kind = kinds[kind];
  return (index) => Math.fround(value(s(index), columns, wave));
}

/** A complete weight, in row-major order. */
export function formulaWeight(weight: FormulaWeight): Float32Array {
  const element = weightElement(weight);
  return Float32Array.from({ length: weight.shape.reduce((product, axis) => product * axis, 1) }, (_, i) => element(i));
}

/** A function from a flat index of `[B, 3, H, W]` to its pixel in 0..1; the second image continues the count. */
export function pixelElement(wave: Wave, tag = 'image'): (index: number) => number {
  if (wave === 'hash') {
    const x = hashAt(tag);
    return (index) => Math.fround((x(index) + 0.5) / 2 ** 32);
  }
  const s = sine(tag, 0.07390851);
  return (index) => Math.fround(0.5 + 0.5 * s(index));
}

/** A batch of images with `size` values in all. */
export function formulaImage(wave: Wave, size: number, tag = 'image'): Float32Array {
  const element = pixelElement(wave, tag);
  return Float32Array.from({ length: size }, (_, i) => element(i));
}

function sine(name: string, frequency: number): (index: number) => number {
  const phase = (fnv1a32(name) / 2 ** 32) * 2 * Math.PI;
  return (index) => Math.sin(frequency * (index + 1) + phase);
}

function signedHash(name: string): (index: number) => number {
  const x = hashAt(name);
  return (index) => (2 * (x(index) + 0.5)) / 2 ** 32 - 1;
}

/** A function from an index to a 32-bit number: MurmurHash3's finaliser over a golden-ratio sequence. */
function hashAt(name: string): (index: number) => number {
  const start = fnv1a32(name);
  return (index) => {
    let x = (start + Math.imul(index, 0x9e3779b1)) >>> 0;
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    return (x ^ (x >>> 16)) >>> 0;
  };
}
