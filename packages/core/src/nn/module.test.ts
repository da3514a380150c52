import { useBackend } from '@dn-detr/runtime';
import { spread } from '@dn-detr/testing/differentiation';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { residualStage } from '../backbone/residual.ts';
import { labelEmbedding } from '../models/label-embedding.ts';
import { featureTokens } from '../models/tokens.ts';
import { learnedPositions } from '../position.ts';
import { dabDecoder } from '../transformer/dab-decoder.ts';
import { decoder } from '../transformer/decoder.ts';
import { encoder } from '../transformer/encoder.ts';
import { prelu } from './activation.ts';
import { multiHeadAttention, projectedAttention } from './attention.ts';
import { convolution } from './conv.ts';
import { frozenBatchNorm } from './frozen-batch-norm.ts';
import { groupNorm } from './group-norm.ts';
import { initialParameters } from './init.ts';
import { linear } from './linear.ts';
import { mlp } from './mlp.ts';
import type { Module } from './module.ts';
import { layerNorm } from './norm.ts';

beforeAll(() => useBackend('cpu'));

const [batch, d, group] = [2, 8, 'rest'] as const;
const pass = { batch };
const rows = (perImage: number, width: number = d) => spread([batch * perImage, width], perImage) as tf.Tensor2D;
const image = (channels: number) => spread([batch, 4, 4, channels]) as tf.Tensor4D;
const layer = { width: d, heads: 2, feedForward: 12, layers: 2 } as const;
const tokens = () => ({ features: rows(5), positions: rows(5) });
const queries = () => ({ content: rows(3), memory: tokens(), pass });
const attended = () => ({ query: rows(3), key: rows(5), value: rows(5), pass });
const stage = { blocks: 2, inputs: 4, width: 4, stride: 2, dilation: 1, group: 'backbone' } as const;

/** A module with an input, of any types. */
const given = <Input>(module: Module<Input, unknown>, input: () => Input) => ({
  parameters: module.parameters,
  apply: (tensors: Parameters<typeof module.apply>[0]) => module.apply(tensors, input()),
});

const modules = {
  linear: given(linear('m', { inputs: d, outputs: 3, group }), () => rows(3)),
  mlp: given(mlp('m', { widths: [d, 5, 4], group }), () => rows(3)),
  layerNorm: given(layerNorm('m', { width: d, group }), () => rows(3)),
  groupNorm: given(groupNorm('m', { width: d, groups: 2, group }), () => image(d)),
  frozenBatchNorm: given(frozenBatchNorm('m', d), () => undefined),
  prelu: given(prelu('m', group), () => ({ rows: rows(3), bias: tf.ones<tf.Rank.R1>([d]) })),
  convolution: given(convolution('m', { size: 3, inputs: 4, outputs: 2, group }), () => image(4)),
  'convolution with bias': given(convolution('m', { size: 1, inputs: 4, outputs: 2, group, bias: true }), () =>
    image(4),
  ),
  'stage of bottlenecks': given(residualStage('m', { ...stage, bottleneck: true }), () => image(4)),
  'stage of basic blocks': given(residualStage('m', { ...stage, bottleneck: false }), () => image(4)),
  multiHeadAttention: given(multiHeadAttention('m', { width: d, heads: 2, group }), attended),
  projectedAttention: given(projectedAttention('m', { width: d, heads: 2, group }), attended),
  learnedPositions: given(learnedPositions('m', { width: d, group }), () => [batch, 2, 3] as const),
  labelEmbedding: given(labelEmbedding('m', { numClasses: 3, width: d, indicator: true, group }), () =>
    tf.tensor2d([0, 2, -1, 1], [batch, 2], 'int32'),
  ),
  featureTokens: given(featureTokens(4, { width: d }), () => ({ features: image(4) })),
  encoder: given(encoder('m', { ...layer, activation: 'relu', preNorm: true, scalePositions: false }), () => ({
    tokens: tokens(),
    pass,
  })),
  'encoder with position scales': given(
    encoder('m', { ...layer, activation: 'prelu', preNorm: false, scalePositions: true }),
    () => ({ tokens: tokens(), pass }),
  ),
  decoder: given(decoder('m', { ...layer, activation: 'relu', preNorm: false }), () => ({
    ...queries(),
    positions: rows(3),
  })),
  dabDecoder: given(
    dabDecoder('m', { ...layer, activation: 'prelu', preNorm: false, keepQueryPosition: false, epsilon: 1e-3 }),
    () => ({ ...queries(), anchors: rows(3, 4) }),
  ),
};

describe.each(Object.entries(modules))('the parameters of %s', (_, { parameters, apply }) => {
  it('are exactly those that it reads', () => {
    const tensors = initialParameters(parameters, 1);
    expect(new Set(Object.keys(tensors)).size).toBe(parameters.length);
    tf.tidy(() => void apply(tensors));
    for (const { name } of parameters) {
      const { [name]: _, ...others } = tensors;
      expect(() => tf.tidy(() => void apply(others)), name).toThrow(`no parameter named ${name}`);
    }
  });
});
