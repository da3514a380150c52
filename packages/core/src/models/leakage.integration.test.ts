/** Proves that known queries leak nothing in any model that takes them: no output changes by a single bit. */
import { useBackend } from '@dn-detr/runtime';
import { expectClose, spread } from '@dn-detr/testing/differentiation';
import { batch, K, groupedKnownInputs as known, Q, slots } from '@dn-detr/testing/known-inputs';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { tiny } from '../backbone/tiny.ts';
import { initialParameters } from '../nn/init.ts';
import type { NamedTensors } from '../nn/named.ts';
import { dnDetr } from './dab-detr.ts';
import type { Detector, DetectorOptions, KnownInputs } from './detector.ts';
import { dnDetrVanilla } from './detr.ts';
import { dino } from './dino.ts';
import { dnDeformableDetr } from './dn-deformable-detr.ts';

beforeAll(() => useBackend('cpu'));

const options: DetectorOptions = {
  ...{ backbone: tiny({ channels: [8, 16] }), numClasses: 3, queries: Q },
  ...{ width: 32, heads: 2, feedForward: 24, encoderLayers: 1, decoderLayers: 2 },
};
const models: Record<string, () => Detector> = {
  dnDetr: () => dnDetr(options),
  dnDetrVanilla: () => dnDetrVanilla(options),
  dnDeformableDetr: () => dnDeformableDetr({ ...options, featureLevels: 2, points: 2 }),
  dino: () => dino({ ...options, featureLevels: 2, points: 2 }),
  'dino of encoder contents': () => dino({ ...options, featureLevels: 2, points: 2, content: 'encoder' }),
};

/** Predictions of some queries of each image, as plain numbers. */
const valuesOf = ({ logits, boxes }: { logits: tf.Tensor4D; boxes: tf.Tensor4D }, start: number, size: number) =>
  [logits, boxes].map((x) => tf.slice(x, [0, 0, start, 0], [-1, -1, size, -1]).dataSync());

/** Shifts every parameter: models start with some parameters at 0, which would hide a leak. */
const moved = (tensors: NamedTensors): NamedTensors =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, x], i) => [name, tf.add(x, tf.mul(spread(x.shape, i + 1), 0.1))]),
  );

describe.each(Object.keys(models))('%s with known queries', (name) => {
  const model = (models[name] as () => Detector)();
  const run = (inputs: KnownInputs | undefined) => {
    const tensors = moved(initialParameters(model.parameters, 1));
    return model.forward(tensors, { images: spread([batch, 16, 24, 3], 3) as tf.Tensor4D }, inputs).sets[0];
  };
  const anyLabelOrBox = (kind: 'label' | 'anchor') => (kind === 'label' ? 1 : 0.5);
  /** Places 1 and 2 of the second image's first group are padding. */
  const paddingAlone = (kind: 'label' | 'anchor', place: number) =>
    kind === 'anchor' && (place === K + 1 || place === K + 2) ? 2 : 0;

  it('predicts the same for matching queries, whatever the known ones contain', () => {
    const before = run(known());
    expect(before.known).toBe(K);
    expect(valuesOf(run(known(anyLabelOrBox)), K, Q)).toEqual(valuesOf(before, K, Q));
    expectClose(tf.slice(before.boxes, [0, 0, K, 0]), run(undefined).boxes, 1e-5);
  });

  it('isolates groups from each other, and hides padding', () => {
    const before = run(known());
    const secondGroup = run(known((_, place) => (place % K >= slots ? 1 : 0)));
    expect(valuesOf(secondGroup, 0, slots)).toEqual(valuesOf(before, 0, slots));
    expect(valuesOf(secondGroup, slots, slots)).not.toEqual(valuesOf(before, slots, slots));
    const padding = run(known(paddingAlone));
    expect(valuesOf(padding, 0, 1)).toEqual(valuesOf(before, 0, 1));
    expect(valuesOf(padding, K, Q)).toEqual(valuesOf(before, K, Q));
  });

  it('leaks into logits and boxes if a mask is removed', () => {
    const open = (inputs: KnownInputs): KnownInputs => ({ ...inputs, groupMask: undefined });
    const [before, after] = [run(open(known())), run(open(known(anyLabelOrBox)))].map((set) => valuesOf(set, K, Q));
    expect(after?.[0]).not.toEqual(before?.[0]);
    expect(after?.[1]).not.toEqual(before?.[1]);
    const seen = (inputs: KnownInputs): KnownInputs => ({ ...inputs, keyPadding: undefined });
    // The first query of the second image's first group sees the padding after it.
    const [real, noticed] = [run(seen(known())), run(seen(known(paddingAlone)))].map((set) => valuesOf(set, 0, 1));
    expect(noticed).not.toEqual(real);
  });

  it('rejects a mask that was made for other queries', () => {
    const { groupMask, ...rest } = known();
    expect(() => run({ ...rest, groupMask: tf.slice(groupMask as tf.Tensor2D, [0, 0], [5, 5]) })).toThrow(
      'groupMask is [5,5], expected [10,10] for 6 known and 4 matching queries',
    );
  });
});
