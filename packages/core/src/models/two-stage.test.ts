import { useBackend } from '@dn-detr/runtime';
import { expectClose, spread } from '@dn-detr/testing/differentiation';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { initialParameters } from '../nn/init.ts';
import { linear } from '../nn/linear.ts';
import { mlp } from '../nn/mlp.ts';
import type { NamedTensors } from '../nn/named.ts';
import type { LevelTokens } from '../transformer/levels.ts';
import { bestRows, proposedQueries } from './two-stage.ts';

beforeAll(() => useBackend('cpu'));

const [width, queries, batch, numClasses] = [8, 3, 2, 4];
const classHead = linear('c', { inputs: width, outputs: numClasses, group: 'rest' });
const boxHead = mlp('b', { widths: [width, width, 4], group: 'rest' });
const select = proposedQueries('t', { width, queries, classHead, boxHead });
const tensorsOf = (): NamedTensors => initialParameters(select.parameters, 1);
const memoryOf = (): LevelTokens => ({
  sizes: [
    { height: 2, width: 3 },
    { height: 1, width: 2 },
  ],
  features: spread([batch * 8, width], 1) as tf.Tensor2D,
  positions: tf.zeros([batch * 8, width]),
});

describe('bestRows', () => {
  it('are the rows with the highest scores of each image, best first', () => {
    const scores = tf.tensor2d([0.1, 0.9, 0.5, 0.7, -1, -4, -2, -3], [2, 4]);
    expect([...bestRows(scores, 2).dataSync()]).toEqual([1, 3, 4, 6]);
  });

  it('cannot be more than there are tokens', () => {
    expect(() => bestRows(tf.zeros([2, 4]), 5)).toThrow(
      'queries is 5, but an image has 4 tokens to choose them from: expected no more',
    );
  });
});

describe('proposedQueries', () => {
  it("sample around the encoder's boxes at the tokens where class 0 is likeliest", () => {
    const { references, content, positions, encoderSet } = select.apply(tensorsOf(), { memory: memoryOf(), batch });
    expect([references, content, positions].map(({ shape }) => shape)).toEqual([
      [batch * queries, 4],
      [batch * queries, width],
      [batch * queries, width],
    ]);
    expect(encoderSet).toMatchObject({ name: 'encoder', known: 0, classAgnostic: true });
    expect(encoderSet?.logits.shape).toEqual([1, batch, 8, numClasses]);
    const logits = encoderSet?.logits.arraySync() as number[][][][];
    const boxes = encoderSet?.boxes.arraySync() as number[][][][];
    const expected = (logits[0] as number[][][]).flatMap((image, b) => {
      const order = image.map((_, i) => i).sort((i, j) => (image[j]?.[0] as number) - (image[i]?.[0] as number));
      return order.slice(0, queries).map((i) => boxes[0]?.[b]?.[i] as number[]);
    });
    expectClose(references, tf.tensor2d(expected), 1e-6);
  });

  it('train neither heads nor encoder through the boxes that they start from', () => {
    const memory = memoryOf();
    const tensors = tensorsOf();
    const names = Object.keys(tensors);
    const reached = (key: 'content' | 'references' | 'encoder'): string[] => {
      const { grads } = tf.variableGrads(() => {
        const { content, references, encoderSet } = select.apply(variables, { memory, batch });
        const values = { content, references, encoder: encoderSet?.logits as tf.Tensor };
        // The other parameters are included with factor 0.
        return names.reduce<tf.Tensor>(
          (total, name) => tf.add(total, tf.mul(tf.sum(variables[name] as tf.Tensor), 0)),
          tf.sum(tf.square(values[key])),
        ) as tf.Scalar;
      });
      const all = Object.values(grads);
      return names.filter((_, i) => (all[i] as tf.Tensor).dataSync().some((value) => value !== 0));
    };
    const variables = Object.fromEntries(names.map((name) => [name, tf.variable(tensors[name] as tf.Tensor)]));
    expect(reached('references')).toEqual([]);
    expect(reached('content').length).toBeGreaterThan(0);
    expect(reached('content').every((name) => name.startsWith('t.pos_trans'))).toBe(true);
    expect(reached('encoder')).toEqual(expect.arrayContaining(['t.enc_output.weight', 'c.weight']));
    tf.dispose(Object.values(variables));
  });

  it('of padding have empty boxes, which only an untrained encoder selects', () => {
    const memory = memoryOf();
    const tokens = [0, 0, 1, 0, 0, 1, 0, 0];
    const padding = tf.tensor2d([...tokens, ...tokens], [batch, 8]);
    const validSizes = tf.tensor3d([2, 2, 2, 1, 2, 2, 2, 1], [batch, 2, 2]);
    const head = { ...classHead, apply: (_: NamedTensors, x: tf.Tensor2D) => tf.zeros<tf.Rank.R2>([x.shape[0], 1]) };
    const { references } = proposedQueries('t', { width, queries, classHead: head, boxHead }).apply(tensorsOf(), {
      memory: { ...memory, padding, validSizes },
      batch,
    });
    // Of equal scores the first tokens are selected. The third of them is padding, with an empty box.
    expect([...references.dataSync()].slice(8, 12)).toEqual([1, 1, 1, 1]);
  });

  it('leave no tensor behind', () => {
    const [tensors, memory] = [tensorsOf(), memoryOf()];
    const before = tf.memory().numTensors;
    tf.tidy(() => void select.apply(tensors, { memory, batch }));
    expect(tf.memory().numTensors).toBe(before);
  });
});
