import { useBackend } from '@dn-detr/runtime';
import { expectClose, spread } from '@dn-detr/testing/differentiation';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { initialParameters } from '../nn/init.ts';
import { linear } from '../nn/linear.ts';
import { mlp } from '../nn/mlp.ts';
import type { NamedTensors } from '../nn/named.ts';
import type { LevelTokens } from '../transformer/levels.ts';
import { type MixedSelection, type MixedSelectionOptions, mixedSelection } from './mixed-selection.ts';
import { bestRows, encoderOutputs } from './two-stage.ts';

const { name: best } = await useBackend();
beforeAll(() => useBackend('cpu'));

const [width, queries, batch, tokens, numClasses] = [8, 3, 2, 8, 4];
const classHead = linear('c', { inputs: width, outputs: numClasses, group: 'rest' });
const boxHead = mlp('b', { widths: [width, width, 4], group: 'rest' });
const selection = (options: Partial<MixedSelectionOptions> = {}) =>
  mixedSelection('t', { width, queries, classHead, boxHead, content: 'learned', ...options });
const memoryOf = (): LevelTokens => ({
  sizes: [
    { height: 2, width: 3 },
    { height: 1, width: 2 },
  ],
  features: spread([batch * tokens, width], 1) as tf.Tensor2D,
  positions: tf.zeros([batch * tokens, width]),
});
const select = (options: Partial<MixedSelectionOptions> = {}) => {
  const module = selection(options);
  const tensors = initialParameters(module.parameters, 1);
  return { tensors, selected: module.apply(tensors, { memory: memoryOf(), batch }) };
};

describe('mixedSelection', () => {
  it("starts from the encoder's boxes at the tokens with the highest scores, best first", () => {
    const { tensors, selected } = select();
    const { features, anchors } = encoderOutputs('t', width).apply(tensors, { memory: memoryOf(), batch });
    const logits = classHead.apply(tensors, features).arraySync();
    const boxes = tf.add(boxHead.apply(tensors, features), tf.reshape(tf.tile(anchors, [batch, 1, 1]), [-1, 4]));
    const rows = [0, 1].flatMap((image) => {
      const scores = logits.slice(image * tokens, (image + 1) * tokens).map((row) => Math.max(...row));
      const order = scores.map((_, i) => i).sort((i, j) => (scores[j] as number) - (scores[i] as number));
      return order.slice(0, queries).map((i) => image * tokens + i);
    });
    expectClose(selected.anchors, tf.gather(boxes, rows), 1e-6);
    const { encoderSet } = selected;
    expect(encoderSet).toMatchObject({ name: 'encoder', known: 0 });
    expect(encoderSet.classAgnostic).toBeUndefined();
    expectClose(encoderSet.boxes, tf.reshape(tf.sigmoid(selected.anchors), [1, batch, queries, 4]), 1e-6);
    const wanted = rows.map((row) => logits[row] as number[]);
    expectClose(encoderSet.logits, tf.reshape(tf.tensor2d(wanted), [1, batch, queries, numClasses]), 1e-6);
  });

  it('has learned contents, the same in all images, or the tokens of its anchors', () => {
    const learned = select();
    const table = learned.tensors['t.tgt_embed.weight'] as tf.Tensor2D;
    expectClose(learned.selected.content, tf.concat([table, table], 0), 0);
    const { tensors, selected } = select({ content: 'encoder' });
    expect(Object.keys(tensors).some((name) => name.includes('tgt_embed'))).toBe(false);
    const { features } = encoderOutputs('t', width).apply(tensors, { memory: memoryOf(), batch });
    expectClose(
      classHead.apply(tensors, selected.content),
      tf.reshape(selected.encoderSet.logits, [-1, numClasses]),
      1e-6,
    );
    const all = features.arraySync().map((row) => row.join());
    expect((selected.content.arraySync() as number[][]).every((row) => all.includes(row.join()))).toBe(true);
  });

  /** The parameters that a part of the selection trains. */
  const trainedBy = (value: (selected: MixedSelection) => tf.Tensor, options: Partial<MixedSelectionOptions>) => {
    const module = selection(options);
    const variables: Record<string, tf.Variable> = Object.fromEntries(
      Object.entries(initialParameters(module.parameters, 1)).map(([name, x]) => [name, tf.variable(x)]),
    );
    const memory = memoryOf();
    const { grads } = tf.variableGrads(() => {
      // The other parameters are included with factor 0.
      const none = Object.values(variables).map((x) => tf.mul(tf.sum(x), 0));
      return tf.addN([tf.sum(tf.square(value(module.apply(variables, { memory, batch })))), ...none]) as tf.Scalar;
    });
    const all = Object.values(grads);
    return Object.keys(variables).filter((_, i) => (all[i] as tf.Tensor).dataSync().some((x) => x !== 0));
  };

  it.each([false, true])(
    'trains the encoder through its predictions, not through its queries; sizes learned: %s',
    (learned) => {
      const options = { learnedProposalSize: learned };
      const size = learned ? ['t.two_stage_wh_embedding.weight'] : [];
      expect(trainedBy(({ anchors }) => anchors, options)).toEqual([]);
      expect(trainedBy(({ content }) => content, options)).toEqual(['t.tgt_embed.weight']);
      expect(trainedBy(({ content }) => content, { ...options, content: 'encoder' })).toEqual([]);
      const encoder = [
        't.enc_output.weight',
        't.enc_output.bias',
        't.enc_output_norm.weight',
        't.enc_output_norm.bias',
      ];
      expect(trainedBy(({ encoderSet }) => encoderSet.logits, options)).toEqual([...encoder, 'c.weight', 'c.bias']);
      const ofBoxes = trainedBy(({ encoderSet }) => encoderSet.boxes, options);
      expect(ofBoxes.filter((name) => !name.startsWith('b.'))).toEqual([...size, ...encoder]);
      expect(ofBoxes.filter((name) => name.startsWith('b.'))).toHaveLength(4);
    },
  );

  it('starts learned sizes from the fixed ones', () => {
    expectClose(select({ learnedProposalSize: true }).selected.anchors, select().selected.anchors, 1e-6);
  });

  it('has a finite gradient if a learned size makes proposals as large as the image', () => {
    const module = selection({ learnedProposalSize: true });
    const tensors = initialParameters(module.parameters, 1);
    const name = 't.two_stage_wh_embedding.weight';
    // Half of the image on the first level, and all of it on the second, where there are then no proposals.
    const boxes = (size: tf.Tensor): tf.Tensor =>
      module.apply({ ...tensors, [name]: size }, { memory: memoryOf(), batch }).encoderSet.boxes;
    const gradient = tf.grad((size) => tf.sum(boxes(size)))(tf.zeros([1, 2]));
    expect([...gradient.dataSync()].every(Number.isFinite)).toBe(true);
  });

  it('rejects images with too few tokens', () => {
    const module = selection({ queries: 9 });
    expect(() => module.apply(initialParameters(module.parameters, 1), { memory: memoryOf(), batch })).toThrow(
      'queries is 9, but an image has 8 tokens to choose them from: expected no more, or a larger canvas',
    );
  });

  it('leaves no tensor behind', () => {
    const module = selection({ learnedProposalSize: true });
    const [tensors, memory] = [initialParameters(module.parameters, 1) as NamedTensors, memoryOf()];
    const before = tf.memory().numTensors;
    tf.tidy(() => void module.apply(tensors, { memory, batch }));
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe.each([...new Set([best, 'wasm', 'cpu'])])('selecting among equal scores, on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  it('takes the first tokens, in their order', () => {
    const levels = [0.5, -1, 0.5, 2, 0.5, -1, 2, 0.5];
    // As many tokens as an encoder has, so that no special algorithm for small inputs is used.
    const scores = tf.tensor2d(
      Array.from({ length: 2 * 1000 }, (_, i) => levels[(i * 5 + (i >= 1000 ? 1 : 0)) % 8] as number),
      [2, 1000],
    );
    const values = scores.arraySync();
    const expected = values.flatMap((row, image) =>
      row
        .map((_, i) => i)
        .sort((i, j) => (row[j] as number) - (row[i] as number) || i - j)
        .slice(0, 300)
        .map((i) => image * 1000 + i),
    );
    expect([...bestRows(scores, 300).dataSync()]).toEqual(expected);
  });
});
