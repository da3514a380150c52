/**
 * The parts that all models of Hugging Face `transformers` share: a file of closed-form weights, images and a ResNet.
 */
import { type Backbone, readCheckpoint, resnet } from '@dn-detr/core';
import type { DetectorOptions, ResNetLevel } from '@dn-detr/core/models';
import { type Checkpoint, type SafeTensor, writeSafetensors } from '@dn-detr/core/weights';
import {
  expandDims,
  mean,
  moments,
  mul,
  type Rank,
  sqrt,
  type Tensor,
  type Tensor3D,
  type Tensor4D,
  tensor,
  transpose,
} from '@tensorflow/tfjs-core';
import type { Computed } from '../check.ts';
import type { Fixture } from '../fixture.ts';
import { formulaImage, formulaWeight, type Wave, weightKind } from '../formula.ts';
import { arrayAt, countAt, countsAt, FixtureError, type JsonObject, numberAt, objectAt, stringAt } from '../json.ts';

export type HfOptions = DetectorOptions & { readonly patterns?: number };

/**
 * Reads options from the configuration of a model; some models call the width `d_model`, others `hidden_size`.
 *
 * @param levels of the backbone that the model uses
 */
export function optionsOf(config: JsonObject, where: string, levels: readonly ResNetLevel[] = ['layer4']): HfOptions {
  const count = (field: string): number => countAt(config[field], `${where}.${field}`);
  const inBoth = (field: string): number => countInBoth(config, where, field);
  return {
    backbone: backboneOf(objectAt(config.backbone, `${where}.backbone`), `${where}.backbone`, levels),
    numClasses: count('num_labels'),
    queries: count('num_queries'),
    width: count('d_model' in config ? 'd_model' : 'hidden_size'),
    heads: inBoth('attention_heads'),
    feedForward: inBoth('ffn_dim'),
    encoderLayers: count('encoder_layers'),
    decoderLayers: count('decoder_layers'),
    ...(config.num_patterns !== undefined && { patterns: count('num_patterns') }),
  };
}

/** Reads a number that the configuration gives for encoder and decoder separately, and we give for both. */
export function countInBoth(config: JsonObject, where: string, field: string): number {
  const of = (part: 'encoder' | 'decoder'): number => countAt(config[`${part}_${field}`], `${where}.${part}_${field}`);
  if (of('encoder') === of('decoder')) return of('encoder');
  throw new FixtureError(
    `${where}.decoder_${field}: expected ${of('encoder')} as in the encoder, found ${of('decoder')}`,
  );
}

/** Builds a backbone from a `ResNetConfig`, whose `hidden_sizes` are the output channels of each stage. */
function backboneOf(config: JsonObject, where: string, levels: readonly ResNetLevel[]): Backbone {
  const ofStages = (field: string): [number, number, number, number] => {
    const counts = countsAt(config[field], `${where}.${field}`);
    if (counts.length !== 4) throw new FixtureError(`${where}.${field}: expected 4 stages, found ${counts.length}`);
    return counts as [number, number, number, number];
  };
  const [c2, c3, c4, c5] = ofStages('hidden_sizes');
  const bottleneck = stringAt(config.layer_type, `${where}.layer_type`) === 'bottleneck';
  const sizes = {
    blocks: ofStages('depths'),
    bottleneck,
    stem: countAt(config.embedding_size, `${where}.embedding_size`),
    widths: bottleneck ? ([c2 / 4, c3 / 4, c4 / 4, c5 / 4] as const) : ([c2, c3, c4, c5] as const),
  };
  return resnet({ sizes, levels });
}

/** A checkpoint read from a file as transformers writes it. */
export function checkpointOf({ json }: Fixture, name: string, wave: Wave): Checkpoint {
  const where = `layouts.${name}`;
  const layout = objectAt(objectAt(json.layouts, 'layouts')[name], where);
  const tied = objectAt(layout.tied, `${where}.tied`);
  const diskNames = objectAt(layout.disk_names, `${where}.disk_names`);
  const tensors = new Map<string, SafeTensor>();
  arrayAt(layout.state_dict, `${where}.state_dict`).forEach((value, i) => {
    const place = `${where}.state_dict[${i}]`;
    const entry = objectAt(value, place);
    const own = stringAt(entry.name, `${place}.name`);
    // Not in the file: another entry has the same tensor.
    if (!(own in diskNames)) return;
    const shape = countsAt(entry.shape, `${place}.shape`);
    const kind = weightKind(stringAt(entry.kind, `${place}.kind`), `${place}.kind`);
    const weight = { name: stringAt(tied[own] ?? own, `${where}.tied.${own}`), shape, kind, wave };
    tensors.set(stringAt(diskNames[own], `${where}.disk_names.${own}`), {
      dtype: 'F32',
      shape,
      data: formulaWeight(weight),
    });
  });
  return readCheckpoint(writeSafetensors(tensors), `${name}.safetensors`);
}

/**
 * The images in closed form, 0 where padded.
 *
 * @param shape `[B, 3, H, W]`
 * @param valid `[B, H, W]`, 0 where padded
 * @returns `[B, H, W, 3]`
 */
export function imagesOf(shape: readonly number[], wave: Wave, valid: Tensor3D): Tensor4D {
  const size = shape.reduce((product, axis) => product * axis, 1);
  const pixels = tensor<Rank.R4>(formulaImage(wave, size), shape as Tensor4D['shape']);
  return mul(transpose(pixels, [0, 2, 3, 1]), expandDims(valid, 3));
}

/** `[B, h, w, C]` to `[B, C, h, w]`. */
export const channelsFirst = (x: Tensor): Tensor => transpose(x, [0, 3, 1, 2]);

/** The spread of the queries, if the case has that figure: see `spreadOfQueries`. */
export function spreadOf(facts: JsonObject, where: string, boxes: Tensor): Record<string, Computed> {
  if (facts.query_spread === undefined) return {};
  const values = spreadOfQueries(boxes).dataSync<'float32'>();
  const expected = { values: [numberAt(facts.query_spread, `${where}.query_spread`)] };
  return { query_spread: { values, expected } };
}

/**
 * The standard deviation of boxes `[B, Q, 4]` over the queries, as in `torch.std`, averaged over images and
 * coordinates.
 */
function spreadOfQueries(boxes: Tensor): Tensor {
  const queries = boxes.shape[1] as number;
  return mean(sqrt(mul(moments(boxes, 1).variance, queries / (queries - 1))));
}
