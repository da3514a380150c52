import { adamwScalars } from '@dn-detr/core';
import { useBackend } from '@dn-detr/runtime';
import { expectDerivative, expectSameOp, spread } from '@dn-detr/testing/differentiation';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { crossEntropy, l1 } from './reference-loss.ts';
import { referenceForward, referenceInputs, referenceLoss } from './reference-model.ts';
import { hashedUniform, type ReferenceConfig, referenceConfigs, referenceParameters } from './reference-parameters.ts';
import { referenceLayout, referenceOptimizer, referenceState, referenceStep } from './reference-step.ts';

beforeAll(() => useBackend('cpu'));

const tiny: ReferenceConfig = {
  batch: 2,
  tokens: 5,
  queries: 4,
  width: 8,
  heads: 2,
  feedForward: 12,
  encoderLayers: 1,
  decoderLayers: 2,
  numClasses: 3,
};

describe('reference parameters', () => {
  it("carry the reference's names and shapes", () => {
    const shapes = Object.fromEntries(referenceParameters(tiny).map(({ name, shape }) => [name, shape]));
    expect(shapes['transformer.encoder.layers.0.self_attn.in_proj_weight']).toEqual([24, 8]);
    expect(shapes['transformer.decoder.layers.1.multihead_attn.out_proj.bias']).toEqual([8]);
    expect(shapes['transformer.decoder.layers.1.linear1.weight']).toEqual([12, 8]);
    expect(shapes['transformer.decoder.layers.1.norm3.weight']).toEqual([8]);
    expect(shapes['transformer.encoder.layers.0.norm3.weight']).toBeUndefined();
    expect(shapes['class_embed.weight']).toEqual([4, 8]);
    expect(shapes['query_embed.weight']).toEqual([4, 8]);
  });

  it('are as many as in the reference', () => {
    const [transformer, classHead, boxHead, queries] = [17_363_456, 23_644, 132_612, 76_800];
    expect(referenceLayout(referenceConfigs.full).groups[0]?.size).toBe(transformer + classHead + boxHead + queries);
  });

  it('are the same for one seed and spread evenly', () => {
    expect(hashedUniform(100, 3)).toEqual(hashedUniform(100, 3));
    expect(hashedUniform(100, 3)).not.toEqual(hashedUniform(100, 4));
    const values = hashedUniform(20_000, 5);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const meanSquare = values.reduce((sum, value) => sum + value * value, 0) / values.length;
    expect(Math.abs(mean)).toBeLessThan(0.02);
    expect(Math.abs(meanSquare - 1 / 3)).toBeLessThan(0.01);
  });
});

describe('reference losses', () => {
  it('equal compositions of tfjs ops, with their gradients', () => {
    const targets = tf.mul(tf.oneHot([0, 2, 1], 4).toFloat(), tf.tensor2d([1, 0.1, 0.5], [3, 1])) as tf.Tensor2D;
    expectSameOp(
      (logits) => crossEntropy(logits as tf.Tensor2D, targets),
      (logits) => tf.neg(tf.sum(tf.mul(targets, tf.logSoftmax(logits as tf.Tensor)))),
      [tf.mul(spread([3, 4]), 5)],
    );
    const [boxes, weights] = [spread([3, 4], 7) as tf.Tensor2D, tf.tensor2d([5, 0, 1], [3, 1])];
    expectSameOp(
      (predicted) => l1(predicted as tf.Tensor2D, boxes, weights),
      (predicted) => tf.sum(tf.mul(weights, tf.abs(tf.sub(predicted as tf.Tensor, boxes)))),
      [spread([3, 4])],
    );
  });
});

describe('reference model', () => {
  const named = () =>
    Object.fromEntries(
      referenceParameters(tiny).map(({ name, shape, values }) => [name, tf.tensor(values, [...shape])]),
    );

  it('predicts for every decoder layer', () => {
    const { logits, boxes } = referenceForward(named(), referenceInputs(tiny), tiny);
    expect([logits.shape, boxes.shape]).toEqual([
      [16, 4],
      [16, 4],
    ]);
  });

  it('keeps images apart', () => {
    const inputs = referenceInputs(tiny);
    const changed = { ...inputs, tokens: tf.concat([inputs.tokens.slice(0, 5), spread([5, 8])]) as tf.Tensor2D };
    const [before, after] = [inputs, changed].map((given) => referenceForward(named(), given, tiny).logits);
    const change = tf.max(tf.abs(tf.sub(before as tf.Tensor, after as tf.Tensor)), 1).dataSync();
    const imageOf = (row: number) => Math.floor(row / tiny.queries) % tiny.batch;
    // Two images for each layer.
    expect(change).toHaveLength(2 * tiny.batch * tiny.queries);
    change.forEach((value, row) => {
      if (imageOf(row) === 0) expect(value).toBe(0);
      else expect(value).toBeGreaterThan(1e-4);
    });
  });

  it('has the gradient that finite differences show', () => {
    const inputs = referenceInputs(tiny);
    const parameters = named();
    for (const name of [
      'query_embed.weight',
      'transformer.encoder.layers.0.self_attn.in_proj_weight',
      'transformer.encoder.layers.0.norm2.weight',
      'transformer.decoder.layers.0.self_attn.in_proj_weight',
      'transformer.decoder.layers.0.multihead_attn.in_proj_bias',
      'transformer.decoder.layers.1.linear2.weight',
      'transformer.decoder.norm.weight',
      'bbox_embed.layers.0.weight',
    ]) {
      const loss = (value: tf.Tensor) => referenceLoss({ ...parameters, [name]: value }, inputs, tiny);
      expectDerivative(loss as (...inputs: tf.Tensor[]) => tf.Tensor, [parameters[name] as tf.Tensor], 1e-3);
    }
  });
});

describe('reference step', () => {
  it('lowers the loss and leaves only its state behind', () => {
    const inputs = referenceInputs(tiny);
    let state = referenceState(tiny);
    const step = referenceStep(tiny);
    const losses: number[] = [];
    const before = tf.memory().numTensors;
    for (let t = 1; t <= 30; t++) {
      const scalars = tf.tensor1d(adamwScalars(t, referenceOptimizer, 10));
      const next = step({ state, inputs, scalars });
      losses.push(next.loss.dataSync()[0] ?? Number.NaN);
      tf.dispose([state, next.loss, scalars]);
      state = next.state;
    }
    expect(tf.memory().numTensors).toBe(before);
    expect(losses.every(Number.isFinite)).toBe(true);
    expect(losses.at(-1)).toBeLessThan(0.95 * (losses[0] ?? 0));
  });
});
