import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { useBackend } from '../backend.ts';
import { findNative } from '../native/find.ts';
import { capture } from './capture.ts';
import { host } from './host.ts';
import { profileOps } from './profile.ts';

const { addon } = await findNative();

/** Two runs, since there is host code between them. */
const squareOfSigns = (x: tf.Tensor2D): tf.Tensor => {
  const product = tf.matMul(x, x);
  const signs = host([product], (values) => tf.tensor2d(values.map(Math.sign), [64, 64]));
  return tf.square(tf.add(product, signs));
};

describe.skipIf(addon === undefined || !/addon-/.test(addon))('profileOps', () => {
  it('times the ops of each run of functions that are captured during the profile', async () => {
    await useBackend('tensorflow');
    const x = tf.randomNormal<tf.Rank.R2>([64, 64], 0, 1, 'float32', 1);
    const before = capture(squareOfSigns);
    before(x);
    const profile = profileOps();
    const step = capture(squareOfSigns);
    onTestFinished(() => {
      profile.stop();
      for (const captured of [before, step]) captured.dispose();
    });
    step(x);
    expect(profile.take()).toEqual([]);
    step(x);
    before(x);
    step(x);

    const runs = profile.take();
    const namesOf = (ops: readonly { op: string }[]): string[] => ops.map(({ op }) => op);
    expect(runs.map(namesOf)).toEqual(
      [0, 1].flatMap(() => [
        expect.arrayContaining([expect.stringMatching(/MatMul/)]),
        expect.arrayContaining(['Add', 'Square', '_Arg', '_Retval']),
      ]),
    );
    for (const { start, end } of runs.flat()) expect(end).toBeGreaterThan(start);
    for (const [i, run] of runs.slice(1).entries()) {
      const earlier = Math.max(...(runs[i] ?? []).map(({ end }) => end));
      expect(Math.min(...run.map(({ start }) => start))).toBeGreaterThan(earlier);
    }
    expect(profile.take()).toEqual([]);

    profile.stop();
    step(x);
    expect(profile.take()).toEqual([]);
  });

  it('gives a session the same ops that a function would have', async () => {
    await useBackend('tensorflow');
    const profile = profileOps();
    // Grappler would turn these two products into one.
    const step = capture((x: tf.Tensor1D) => tf.mul(tf.mul(x, 2), 3));
    onTestFinished(() => {
      profile.stop();
      step.dispose();
    });
    step(tf.tensor1d([1, 2]));
    step(tf.tensor1d([3, 4]));
    expect(
      profile
        .take()
        .flat()
        .filter(({ op }) => op === 'Mul'),
    ).toHaveLength(2);
  });

  it('rejects a second profile while one is being taken', async () => {
    await useBackend('tensorflow');
    const first = profileOps();
    expect(profileOps).toThrow('a profile is already being taken: stop it before starting another one');
    first.stop();
    profileOps().stop();
  });

  it('says why ops cannot be timed on other backends', async () => {
    await useBackend('cpu');
    expect(profileOps).toThrow(
      /^ops can be timed on native TensorFlow on a CPU only.* `npm run setup` builds; tensors run on cpu$/,
    );
  });
});
