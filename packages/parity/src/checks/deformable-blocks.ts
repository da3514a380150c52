/** Compares deformable attention, the encoder and decoders built on it, and the inputs that these start from. */
import type { NamedTensors } from '@dn-detr/core';
import {
  anchorPositions,
  cellCentres,
  type DeformableDecoderInput,
  type DeformableLayerOptions,
  deformableDecoder,
  deformableDecoderLayer,
  deformableEncoder,
  deformableEncoderLayer,
  type LevelTokens,
  onLevels,
  validRatios,
} from '@dn-detr/core/models';
import {
  attentionMask,
  boxSineEmbedding,
  deformableAttention,
  type Module,
  mlp,
  sinePositions,
} from '@dn-detr/core/nn';
import {
  concat,
  mul,
  type Rank,
  reshape,
  sigmoid,
  slice,
  sub,
  type Tensor,
  type Tensor2D,
  type Tensor3D,
  type Tensor4D,
  transpose,
  zeros,
} from '@tensorflow/tfjs-core';
import type { Check, Computed } from '../check.ts';
import { type Fixture, storedName, tensorOf } from '../fixture.ts';
import { loadTensor, outputsAndGradients, take, withoutLeak, withPrefix } from '../gradients.ts';
import { countAt, FixtureError, objectAt } from '../json.ts';
import { countLayers } from './resnet-sizes.ts';
import { paddedLevelsOf } from './spatial-shapes.ts';

const facts = ['ref_dim', 'd_model', 'hidden_dim', 'num_heads', 'num_levels', 'num_points', 'ffn', 'layers'];
// `valid` of `image` is the size from which the masks were made.
facts.push('box_refine', 'spatial_shapes', 'image', 'valid', 'kinks', 'noise_float32');

export const deformableBlocksCheck: Check = {
  inputs: ['w.*', 'in.*', 'cot.*', 'padding_mask', 'level_mask.*', 'attn_mask', 'mask', 'pos_tensor', ...facts],
  optional: ['valid_ratios', 'reference_points', 'gin.*', 'gw.*'],
  cases: ({ cases, tensors }) => {
    const end = '.pos_tensor';
    const queries = [...tensors.keys()].flatMap((name) => (name.endsWith(end) ? [name.slice(0, -end.length)] : []));
    return [...new Set([...cases.keys(), ...queries])];
  },
  run: (fixture, caseName) => {
    const { compute } = kinds.find(({ mark }) => fixture.tensors.has(storedName(caseName, mark))) ?? {};
    if (compute !== undefined) return withoutLeak(() => compute(fixture, caseName));
    const marks = kinds.map(({ mark }) => mark).join(', ');
    throw new FixtureError(`${caseName}: these tensors fit no known block: expected one of ${marks}`);
  },
};

type Compute = (fixture: Fixture, caseName: string) => Record<string, Computed>;

/** The computations, each recognised by one tensor of the case. */
const kinds: readonly { readonly mark: string; readonly compute: Compute }[] = [
  { mark: 'pos_tensor', compute: queryPositions },
  { mark: 'mask', compute: mapPositions },
  { mark: 'sampling_offsets.bias', compute: firstOffsets },
  { mark: 'w.sampling_offsets.weight', compute: attention },
  { mark: 'w.cross_attn.sampling_offsets.weight', compute: decoderLayer },
  { mark: 'w.layers.0.cross_attn.sampling_offsets.weight', compute: decoder },
  { mark: 'w.self_attn.sampling_offsets.weight', compute: encoderLayer },
  { mark: 'w.layers.0.self_attn.sampling_offsets.weight', compute: encoder },
];

const counter = (fixture: Fixture, caseName: string) => {
  const ofCase = objectAt(fixture.cases.get(caseName), `cases.${caseName}`);
  return (field: string): number => countAt(ofCase[field], `cases.${caseName}.${field}`);
};

function queryPositions(fixture: Fixture, caseName: string): Record<string, Computed> {
  const positions = loadTensor(fixture, caseName, 'pos_tensor'); // [B, T, 2 or 4]
  const { shape } = tensorOf(fixture, caseName, 'embed');
  const coordinates = positions.shape.at(-1) as number;
  const rows = reshape<Rank.R2>(positions, [-1, coordinates]);
  return { embed: take(reshape(boxSineEmbedding(rows, (shape.at(-1) as number) / coordinates), [...shape])) };
}

function mapPositions(fixture: Fixture, caseName: string): Record<string, Computed> {
  const mask = loadTensor(fixture, caseName, 'mask') as Tensor3D;
  const width = counter(fixture, caseName)('hidden_dim');
  const rows = reshape(sinePositions(mask.shape, { width, offset: -0.5 }, mask), [...mask.shape, width]);
  const seen = mul(rows, sub(1, reshape(mask, [...mask.shape, 1])));
  return { pos: take(transpose(seen, [0, 3, 1, 2])) };
}

function firstOffsets(fixture: Fixture, caseName: string): Record<string, Computed> {
  const count = counter(fixture, caseName);
  const [heads, levels, points] = [count('num_heads'), count('num_levels'), count('num_points')];
  const { parameters } = deformableAttention('a', { width: heads, heads, levels, points, group: 'rest' });
  const key = 'sampling_offsets.bias';
  const bias = parameters.find(({ name }) => name === `a.${key}`);
  if (bias === undefined) throw new FixtureError(`${caseName}: our attention has no ${key}`);
  return { [key]: take(bias.init(bias.shape, 1)) };
}

/** The sizes of a layer, its levels and the batch. */
function setupOf(fixture: Fixture, caseName: string) {
  const count = counter(fixture, caseName);
  const levels = paddedLevelsOf(fixture, caseName);
  const options: DeformableLayerOptions = {
    width: count('d_model'),
    heads: count('num_heads'),
    feedForward: count('ffn'),
    levels: levels.sizes.length,
    points: count('num_points'),
    activation: 'relu',
    preNorm: false,
  };
  const batch = tensorOf(fixture, caseName, 'padding_mask').shape[0] as number;
  const isMasked = fixture.tensors.has(storedName(caseName, 'attn_mask'));
  return {
    options,
    levels,
    pass: { batch },
    mask: isMasked ? attentionMask({ blocked: loadTensor(fixture, caseName, 'attn_mask') }, batch) : undefined,
    /** Reshapes `[B, N, k]` to rows `[B*N, k]`. */
    rows: (x: Tensor | undefined): Tensor2D => reshape<Rank.R2>(required(x), [-1, required(x).shape.at(-1) as number]),
    /** Reshapes rows `[B*N, k]` to `[B, N, k]`. */
    images: (x: Tensor2D): Tensor => reshape(x, [batch, -1, x.shape[1]]),
  };
}

function required(input: Tensor | undefined): Tensor {
  if (input === undefined) throw new FixtureError('an input of the block is missing');
  return input;
}

function attention(fixture: Fixture, caseName: string): Record<string, Computed> {
  const { options, levels, pass, rows, images } = setupOf(fixture, caseName);
  const module = deformableAttention('a', { ...options, group: 'rest' });
  return outputsAndGradients(fixture, caseName, ({ query, value, reference_points }, weights) => {
    const references = required(reference_points) as Tensor4D;
    const input = { query: rows(query), value: rows(value), references, pass };
    return { 'out.out': images(module.apply(withPrefix(weights, 'a.'), { ...input, ...levels })) };
  });
}

function encoderLayer(fixture: Fixture, caseName: string): Record<string, Computed> {
  const { options, levels, pass, rows, images } = setupOf(fixture, caseName);
  const layer = deformableEncoderLayer('a', options);
  return outputsAndGradients(fixture, caseName, ({ src, pos, reference_points }, weights) => {
    const tokens: LevelTokens = { ...levels, features: rows(src), positions: rows(pos) };
    const references = required(reference_points) as Tensor4D;
    return { 'out.out': images(layer.apply(withPrefix(weights, 'a.'), { tokens, references, pass })) };
  });
}

function encoder(fixture: Fixture, caseName: string): Record<string, Computed> {
  const { options, levels, pass, rows, images } = setupOf(fixture, caseName);
  const stack = deformableEncoder('a', { ...options, layers: counter(fixture, caseName)('layers') });
  const computed = outputsAndGradients(fixture, caseName, ({ src, pos }, weights) => {
    const tokens: LevelTokens = { ...levels, features: rows(src), positions: rows(pos) };
    return { 'out.out': images(stack.apply(withPrefix(weights, 'a.'), { tokens, pass })) };
  });
  return { ...computed, ...ratiosOf(levels), reference_points: take(onLevels(cellCentres(levels), levels)) };
}

const ratiosOf = (levels: Parameters<typeof validRatios>[0]): Record<string, Computed> => {
  const ratios = validRatios(levels);
  return ratios === undefined ? {} : { valid_ratios: take(ratios) };
};

function decoderLayer(fixture: Fixture, caseName: string): Record<string, Computed> {
  const { options, levels, pass, mask, rows, images } = setupOf(fixture, caseName);
  const layer = deformableDecoderLayer('a', options);
  return outputsAndGradients(fixture, caseName, ({ src, tgt, query_pos, reference_points }, weights) => {
    const output = layer.apply(withPrefix(weights, 'a.'), {
      content: rows(tgt),
      positions: rows(query_pos),
      references: required(reference_points) as Tensor4D,
      mask,
      memory: memoryOf(levels, rows(src)),
      pass,
    });
    return { 'out.out': images(output) };
  });
}

/** Decoders ignore the positions of tokens. */
const memoryOf = (levels: ReturnType<typeof paddedLevelsOf>, features: Tensor2D): LevelTokens => ({
  ...levels,
  features,
  positions: features,
});

function decoder(fixture: Fixture, caseName: string): Record<string, Computed> {
  const { options, levels, pass, mask, rows } = setupOf(fixture, caseName);
  const { width } = options;
  const layers = counter(fixture, caseName)('layers');
  const boxHeads = Array.from({ length: countLayers(fixture.tensors.keys(), `${caseName}.w.bbox_embed.`) }, (_, i) =>
    mlp(`a.bbox_embed.${i}`, { widths: [width, width, width, 4], group: 'rest' }),
  );
  const refines = boxHeads.length > 0;
  const has = (key: string): boolean => fixture.tensors.has(storedName(caseName, key));
  // Only the decoders of DN-DETR and DINO compute the positions of queries themselves, from anchors.
  const isOfAnchors = has('w.ref_point_head.layers.0.weight');
  // Only DINO's decoder normalises the input of its heads.
  const lookForwardTwice = has('w.norm.weight');
  const place = anchorPositions('a', width, !lookForwardTwice);
  const module = deformableDecoder('a', {
    ...options,
    // DINO's fixtures also store the references for one more layer, so that layer is added to compute them.
    layers: lookForwardTwice ? layers + 1 : layers,
    refines,
    boxHeads: refines ? boxHeads : [noBoxes],
    epsilon: isOfAnchors ? 1e-3 : 1e-5,
    lookForwardTwice,
  });
  const computed = outputsAndGradients(fixture, caseName, (inputs, weights) => {
    const { src, tgt, query_pos, reference_points, refpoints_unsigmoid } = inputs;
    const tensors: NamedTensors = withPrefix(lookForwardTwice ? withFurtherLayer(weights, layers) : weights, 'a.');
    const positions: DeformableDecoderInput['positions'] = isOfAnchors
      ? (input) => place.apply(tensors, input)
      : () => rows(query_pos);
    const { hidden, boxes, references } = module.apply(tensors, {
      content: rows(tgt),
      references: refpoints_unsigmoid ? sigmoid(rows(refpoints_unsigmoid)) : rows(reference_points),
      positions,
      mask,
      memory: memoryOf(levels, rows(src)),
      pass,
    });
    const byLayer = (x: Tensor2D): Tensor => reshape(x, [-1, pass.batch, tgt?.shape[1] as number, x.shape[1]]);
    return {
      'out.hs': slice(byLayer(hidden), 0, layers),
      // DINO stores those before the first layer and after each, the others after each; without box heads they stay the
      // same.
      'out.references': byLayer(lookForwardTwice || !refines ? concat([...references], 0) : boxes),
    };
  });
  return { ...computed, ...ratiosOf(levels) };
}

/** Adds one more layer, with the weights of the first. */
const withFurtherLayer = (weights: NamedTensors, layers: number): NamedTensors => ({
  ...weights,
  ...Object.fromEntries(
    Object.entries(weights).map(([name, value]) => [name.replace(/^layers\.0\./, `layers.${layers}.`), value]),
  ),
});

/** Takes the place of a box head where no boxes are needed. */
const noBoxes: Module<Tensor2D, Tensor2D> = { parameters: [], apply: (_, x) => zeros([x.shape[0], 4]) };
