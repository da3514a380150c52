import { readFileSync } from 'node:fs';
import { useBackend } from '@dn-detr/runtime';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { ParameterLayout } from '../nn/parameters.ts';
import { readSafetensors } from '../weights/safetensors.ts';
import { type AdamWOptions, type AdamWState, adamwInit, adamwScalars, adamwStep } from './adamw.ts';
import { clipByGlobalNorm, globalNorm } from './clip.ts';
import { multiStep } from './schedule.ts';

const folder = new URL('../../../../test/fixtures/parity/', import.meta.url);

interface RecordedCase {
  steps: number;
  shapes: number[][];
  groups: { params: number[]; lr: number; weight_decay: number }[];
  clip: number;
  milestones: number[];
  betas: [number, number];
  eps: number;
  grad_norms: number[];
}

const recorded = JSON.parse(readFileSync(new URL('adamw.json', folder), 'utf8')) as {
  cases: Record<string, RecordedCase>;
};
const { tensors } = readSafetensors(readFileSync(new URL('adamw.safetensors', folder)));

const stored = (key: string): Float32Array => {
  const tensor = tensors.get(key);
  if (tensor?.dtype !== 'F32') throw new Error(`no float32 tensor ${key}`);
  return tensor.data;
};

beforeAll(() => useBackend('cpu'));

describe('AdamW', () => {
  it.each(Object.entries(recorded.cases))('follows torch.optim.AdamW: %s', (name, fixture) => {
    const specs = fixture.groups.flatMap(({ params }, group) =>
      params.map((i) => ({ name: `${i}`, shape: fixture.shapes[i] ?? [], group: `${group}` })),
    );
    const layout = new ParameterLayout(specs);
    const options: AdamWOptions = {
      groups: fixture.groups.map(({ lr, weight_decay }) => ({ learningRate: lr, weightDecay: weight_decay })),
      beta1: fixture.betas[0],
      beta2: fixture.betas[1],
      epsilon: fixture.eps,
    };
    const flatten = (key: string, step = 0) =>
      layout.flatten(
        Object.fromEntries(
          layout.parameters.map(({ name: i, shape, size }) => {
            const values = stored(`${name}.${key}${i}`).slice(step * size, (step + 1) * size);
            return [i, tf.tensor(values, [...shape])];
          }),
        ),
      );
    let state = adamwInit(flatten('init'));
    for (let step = 0; step < fixture.steps; step++) {
      const grads = flatten('grads', step);
      const norm = globalNorm(grads).dataSync()[0] as number;
      expect(Math.abs(norm / (fixture.grad_norms[step] as number) - 1)).toBeLessThan(1e-6);
      const used = fixture.clip > 0 ? clipByGlobalNorm(grads, fixture.clip).grads : grads;
      const scalars = tf.tensor1d(adamwScalars(step + 1, options, multiStep(step, fixture.milestones)));
      state = adamwStep(state, used, scalars, options);
    }
    const final = layout.unflatten(state.params);
    for (const { name: i } of layout.parameters) {
      const expected = stored(`${name}.p${i}`);
      const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const actual = final[i]?.dataSync() as Float32Array;
      expect(actual.length).toBe(expected.length);
      const error = actual.reduce((most, value, k) => Math.max(most, Math.abs(value - (expected[k] as number))), 0);
      expect(error).toBeLessThanOrEqual(5e-6 * largest);
    }
  });

  it('reads everything that changes with the step from its scalars', () => {
    const options = { groups: [{ learningRate: 0.1, weightDecay: 0.5 }, { learningRate: 0.2 }] };
    const scalars = adamwScalars(3, options, 0.1);
    const expected = [1 - 0.01 * 0.5, 0.01 / (1 - 0.9 ** 3), 1 / Math.sqrt(1 - 0.999 ** 3)];
    expect([...scalars.subarray(0, 3)]).toEqual(expected.map(Math.fround));
    expect(scalars[3]).toBe(Math.fround(1 - 0.02 * 0.01));
  });

  it('returns new tensors, changes nothing in place and leaves no tensor behind', () => {
    const options = { groups: [{ learningRate: 0.1 }] };
    const state = adamwInit([tf.tensor1d([1, 2])]);
    const grads = [tf.tensor1d([0.5, -0.5])];
    const scalars = tf.tensor1d(adamwScalars(1, options));
    const before = tf.memory().numTensors;
    const next: AdamWState = adamwStep(state, grads, scalars, options);
    expect(tf.memory().numTensors - before).toBe(3);
    expect([...(state.params[0] as tf.Tensor1D).dataSync()]).toEqual([1, 2]);
    tf.dispose(next);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('rejects steps, options and groups that make no sense', () => {
    const options = { groups: [{ learningRate: 0.1 }] };
    expect(() => adamwScalars(0, options)).toThrow('whole number from 1');
    expect(() => adamwScalars(1, { groups: [{ learningRate: Number.NaN }] })).toThrow('learningRate of group 0');
    expect(() => adamwScalars(1, { ...options, beta2: 1 })).toThrow('beta2 must be at least 0 and below 1, got 1');
    const state = adamwInit([tf.tensor1d([1])]);
    expect(() => adamwStep(state, [], tf.tensor1d([1, 1, 1]), options)).toThrow('got 1, 1, 1, 0 tensors');
  });
});
