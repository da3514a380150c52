/** Tests of DINO as a complete model. */
import { useBackend } from '@dn-detr/runtime';
import { expectClose, spread } from '@dn-detr/testing/differentiation';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { tiny } from '../backbone/tiny.ts';
import type { PredictionSet } from '../loss/predictions.ts';
import { initialParameters } from '../nn/init.ts';
import { expectSameAlone } from '../testing/same-alone.ts';
import type { KnownInputs } from './detector.ts';
import { type DinoOptions, dino } from './dino.ts';

beforeAll(() => useBackend('cpu'));

const options: DinoOptions = {
  backbone: tiny({ channels: [4, 6, 8], norm: 'none', levels: 2 }),
  ...{ numClasses: 3, queries: 4, width: 32, heads: 2, feedForward: 24 },
  ...{ encoderLayers: 1, decoderLayers: 3, featureLevels: 3, points: 2 },
};
const [batch, slots] = [2, 3];
const build = (changes: Partial<DinoOptions> = {}) => {
  const model = dino({ ...options, ...changes });
  return { model, tensors: initialParameters(model.parameters, 1) };
};
const images = () => spread([batch, 32, 48, 3], 3) as tf.Tensor4D;
/** The second image fills 24 of 32 rows and 32 of 48 columns. */
const padding = () =>
  tf.tensor3d(
    Array.from({ length: 2 * 32 * 48 }, (_, i) => {
      const [image, row, column] = [Math.floor(i / 1536), Math.floor(i / 48) % 32, i % 48];
      return image === 1 && (row >= 24 || column >= 32) ? 1 : 0;
    }),
    [batch, 32, 48],
  );
const known = (): KnownInputs => ({
  labels: tf.tensor2d([0, 1, 2, 2, 1, 0], [batch, slots], 'int32'),
  anchors: spread([batch, slots, 4]) as tf.Tensor3D,
});
const headsOf = ({ tensors }: ReturnType<typeof build>): string[] =>
  Object.keys(tensors).filter((name) => /(class_embed(\.\d)?|bbox_embed(\.\d)?\.layers\.2)\.weight$/.test(name));

describe.each<Partial<DinoOptions>>([{}, { content: 'encoder' }, { shareHeads: false }])('dino with %j', (changes) => {
  it('predicts for every query of every layer, and for the tokens that the queries started from', () => {
    const { model, tensors } = build(changes);
    const { sets, anchors } = model.forward(tensors, { images: images(), padding: padding() }, known());
    expect(sets.map(({ name, known, logits, boxes }) => [name, known, logits.shape, boxes.shape])).toEqual([
      ['decoder', slots, [3, batch, slots + 4, 3], [3, batch, slots + 4, 4]],
      ['encoder', 0, [1, batch, 4, 3], [1, batch, 4, 4]],
    ]);
    expect(anchors?.shape).toEqual([3, batch, slots + 4, 4]);
    expectClose(tf.slice(anchors as tf.Tensor, [0, 0, slots], [1, batch, 4]), sets[1]?.boxes as tf.Tensor, 1e-6);
    expectClose(tf.slice(anchors as tf.Tensor, 0, [1, batch, slots]), tf.sigmoid(tf.expandDims(known().anchors)), 1e-6);
  });

  it('predicts the same for an image alone as in a batch', () => {
    const { model, tensors } = build(changes);
    expectSameAlone(model, tensors, { images: images(), padding: padding() });
  });

  it('leaves no tensor behind', () => {
    const { model, tensors } = build(changes);
    const [input, inputs] = [{ images: images(), padding: padding() }, known()];
    const before = tf.memory().numTensors;
    tf.tidy(() => void model.forward(tensors, input, inputs));
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('dino', () => {
  it.each([
    [{ labelBook: 2 }, 'labelBook is 2: expected a whole number from 3, the classes'],
    [{ labelBook: 3.5 }, 'labelBook is 3.5: expected a whole number from 3'],
    [{ width: 48 }, 'width is 48: expected a multiple of 32'],
    [{ featureLevels: 1 }, 'featureLevels is 1, but the model takes 2 of the backbone'],
  ])('cannot be built with %j', (wrong, message) => {
    expect(() => dino({ ...options, ...wrong })).toThrow(message);
  });

  it('says when an image has fewer tokens than queries', () => {
    const { model, tensors } = build({ queries: 200 });
    expect(() => model.forward(tensors, { images: images() })).toThrow(
      'queries is 200, but an image has 126 tokens to choose them from',
    );
  });

  it('has one head for all decoder layers or one for each, and an encoder head that starts as a copy', () => {
    const [encoder, decoder] = ['transformer.enc_out_', 'transformer.decoder.'];
    const shared = build();
    expect(
      headsOf(shared)
        .filter((name) => name.startsWith(decoder))
        .sort(),
    ).toEqual([`${decoder}bbox_embed.0.layers.2.weight`, `${decoder}class_embed.0.weight`]);
    const separate = build({ shareHeads: false });
    expect(headsOf(separate).filter((name) => name.startsWith(decoder))).toHaveLength(6);
    const valuesOf = (name: string) => `${separate.tensors[name]?.dataSync()}`;
    const first = valuesOf(`${decoder}class_embed.0.weight`);
    expect(valuesOf(`${decoder}class_embed.2.weight`)).toBe(first);
    expect(valuesOf(`${encoder}class_embed.weight`)).toBe(first);
  });

  it('embeds as many labels as its book has, without changing its predictions', () => {
    const [small, large] = [build(), build({ labelBook: 91 })];
    const rows = ({ tensors }: typeof small) => tensors['label_enc.weight']?.shape[0];
    expect([rows(small), rows(large)]).toEqual([4, 92]);
    const book = tf.slice(large.tensors['label_enc.weight'] as tf.Tensor, 0, 4);
    const run = ({ model }: typeof small, tensors: typeof small.tensors) =>
      model.forward(tensors, { images: images() }, known()).sets[0].boxes;
    expectClose(run(large, large.tensors), run(small, { ...large.tensors, 'label_enc.weight': book }), 1e-6);
  });

  it('looks forward twice: the boxes of a layer train its box head and that of the previous layer', () => {
    const { model, tensors } = build({ shareHeads: false });
    const names = headsOf({ model, tensors }).filter((name) => name.includes('bbox_embed'));
    const heads = names.map((name) => tensors[name] as tf.Tensor);
    const input = { images: images() };
    const trainedBy = (set: number, layer: number): string[] => {
      const gradients = tf.grads((...changed) => {
        const moved = Object.fromEntries(names.map((name, i) => [name, changed[i] as tf.Tensor]));
        const { boxes } = model.forward({ ...tensors, ...moved }, input).sets[set] as PredictionSet;
        // The other heads are included with factor 0.
        return tf.addN([tf.sum(tf.slice(boxes, layer, 1)), ...changed.map((x) => tf.mul(tf.sum(x), 0))]);
      })(heads);
      const isTrained = (i: number) => gradients[i]?.dataSync().some((value) => value !== 0);
      return names.filter((_, i) => isTrained(i)).map((name) => name.replace('.layers.2.weight', ''));
    };
    const head = 'transformer.decoder.bbox_embed';
    expect(trainedBy(0, 0)).toEqual([`${head}.0`]);
    expect(trainedBy(0, 1)).toEqual([`${head}.0`, `${head}.1`]);
    expect(trainedBy(0, 2)).toEqual([`${head}.1`, `${head}.2`]);
    expect(trainedBy(1, 0)).toEqual(['transformer.enc_out_bbox_embed']);
  });
});
