/**
 * The reference transformer of `bench capture`: sizes, parameter names and initial values.
 *
 * Names and shapes are those of facebookresearch/detr without the backbone, so that the same step can be timed there.
 */

export interface ReferenceConfig {
  readonly batch: number;
  /** Number of image tokens that the encoder sees. */
  readonly tokens: number;
  readonly queries: number;
  readonly width: number;
  readonly heads: number;
  readonly feedForward: number;
  readonly encoderLayers: number;
  readonly decoderLayers: number;
  /** Number of object classes; the class head has one more output, "no object". */
  readonly numClasses: number;
}

/** The cases of the benchmark. */
export const referenceConfigs = {
  small: {
    batch: 8,
    tokens: 64,
    queries: 50,
    width: 128,
    heads: 8,
    feedForward: 512,
    encoderLayers: 3,
    decoderLayers: 3,
    numClasses: 5,
  },
  full: {
    batch: 2,
    tokens: 256,
    queries: 300,
    width: 256,
    heads: 8,
    feedForward: 2048,
    encoderLayers: 6,
    decoderLayers: 6,
    numClasses: 91,
  },
} as const satisfies Record<string, ReferenceConfig>;

export interface ReferenceParameter {
  readonly name: string;
  readonly shape: readonly number[];
  /** Initial values, row by row. */
  readonly values: Float32Array;
}

/**
 * Every parameter with its initial values: matrices uniform in Xavier's bounds, norms the identity, biases 0.
 *
 * @param seed a different seed gives different values; the same seed, the same values on every machine
 */
export function referenceParameters(config: ReferenceConfig, seed = 0): ReferenceParameter[] {
  return shapes(config).map(([name, shape], index) => ({
    name,
    shape,
    values: startValues(name, shape, seed + index),
  }));
}

type NamedShape = [name: string, shape: number[]];

function shapes({ width: d, feedForward, queries, numClasses, encoderLayers, decoderLayers }: ReferenceConfig) {
  const linear = (name: string, from: number, to: number): NamedShape[] => [
    [`${name}.weight`, [to, from]],
    [`${name}.bias`, [to]],
  ];
  const norm = (name: string): NamedShape[] => [
    [`${name}.weight`, [d]],
    [`${name}.bias`, [d]],
  ];
  const attention = (name: string): NamedShape[] => [
    [`${name}.in_proj_weight`, [3 * d, d]],
    [`${name}.in_proj_bias`, [3 * d]],
    ...linear(`${name}.out_proj`, d, d),
  ];
  const layer = (name: string, attentions: string[]): NamedShape[] => [
    ...attentions.flatMap((kind) => attention(`${name}.${kind}`)),
    ...linear(`${name}.linear1`, d, feedForward),
    ...linear(`${name}.linear2`, feedForward, d),
    // One norm after each attention and one after the feed-forward part.
    ...[...attentions, 'feedForward'].flatMap((_, i) => norm(`${name}.norm${i + 1}`)),
  ];
  const stack = (name: string, count: number, attentions: string[]): NamedShape[] =>
    Array.from({ length: count }, (_, i) => layer(`${name}.layers.${i}`, attentions)).flat();
  return [
    ...stack('transformer.encoder', encoderLayers, ['self_attn']),
    ...stack('transformer.decoder', decoderLayers, ['self_attn', 'multihead_attn']),
    ...norm('transformer.decoder.norm'),
    ...linear('class_embed', d, numClasses + 1),
    ...linear('bbox_embed.layers.0', d, d),
    ...linear('bbox_embed.layers.1', d, d),
    ...linear('bbox_embed.layers.2', d, 4),
    ['query_embed.weight', [queries, d]] as NamedShape,
  ];
}

function startValues(name: string, shape: readonly number[], seed: number): Float32Array {
  const [rows = 1, columns] = shape;
  if (columns === undefined) return new Float32Array(rows).fill(/norm\d?\.weight$/.test(name) ? 1 : 0);
  const bound = Math.sqrt(6 / (rows + columns));
  return hashedUniform(rows * columns, seed).map((value) => bound * value);
}

/**
 * Numbers in -1..1 from a hash of (seed, index): the benchmark needs values that are spread and repeatable, not random.
 * The mixer is lowbias32 (Wellons 2018, https://nullprogram.com/blog/2018/07/31/).
 */
export function hashedUniform(count: number, seed: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => (mix(mix(seed) ^ i) / 2 ** 32) * 2 - 1);
}

function mix(x: number): number {
  let h = x ^ 0x9e3779b9;
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return (h ^ (h >>> 16)) >>> 0;
}
