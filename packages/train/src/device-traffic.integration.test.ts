/**
 * Counts what travels between host and device in a training step. A second logical CPU stands in for a GPU: captured
 * functions run on it, and data that is not there has to be copied.
 */
import type { TrainingBatch } from '@dn-detr/data';
import { useBackend } from '@dn-detr/runtime';
import { type Transfer, useSecondDevice } from '@dn-detr/testing/second-device';
import { smallConfig } from '@dn-detr/testing/small-run';
import { describe, expect, it } from 'vitest';
import { catalog } from './catalog.ts';
import type { DottedValues } from './config/dotted-keys.ts';
import { withKnownSlots } from './known-slots.ts';
import { buildModel } from './models/model.ts';
import { loadersOf, openRunData } from './run-data.ts';
import { Trainer } from './trainer.ts';

const taken = useSecondDevice();
const { tensorflow } = await useBackend();

/** The transfers of a step, once the first steps have brought the state to the device. */
async function transfersOf(values: DottedValues) {
  const config = smallConfig(values);
  const data = await openRunData(config);
  const model = buildModel(config, data.dataset.categories.length);
  const incoming = loadersOf(config, model.detector.backbone, []).training(data.train).from(0);
  const batch = (await incoming.next()).value as TrainingBatch;
  await incoming.return(undefined);
  const trainer = new Trainer(model, withKnownSlots(config, data.train));
  for (let step = 0; step < 2; step++) trainer.step([batch], step, 1);
  taken();
  trainer.step([batch], 2, 1);
  const found = taken();
  trainer.dispose();
  return { ...found, batch };
}

// The stock addon, which lists no devices, cannot be given a second one.
describe.skipIf(!tensorflow?.devices.length)('a training step', () => {
  const names = catalog.models.map(({ name }) => name);

  it.each(names)('of %s leaves its state and its activations on the device', async (name) => {
    const [small, large] = [
      await transfersOf({ 'model.name': name, 'model.width': 32 }),
      await transfersOf({ 'model.name': name, 'model.width': 64 }),
    ];
    expect(small.eagerOps).toEqual([]);
    // Query selection returns the indices of 8 tokens in each image, and TensorFlow keeps int32 results of functions on
    // the host.
    const indices = { kind: 'moved', bytes: 4 * 8 * small.batch.targets.length };
    expect(small.transfers.filter(({ kind }) => kind === 'moved')).toEqual(name === 'dino' ? [indices] : []);
    // The other model has four times as many parameters, and activations of twice the size.
    expect(large.transfers).toEqual(small.transfers);
  });

  it('exchanges the batch, known queries, predictions, targets and logged values', async () => {
    const { transfers, batch } = await transfersOf({ 'model.name': 'dn-detr', 'model.decoderLayers': 1 });
    const images = batch.targets.length;
    const classes = 2;
    // Two groups of four slots, and eight matching queries.
    const [known, queries] = [8, 8];
    const all = known + queries;
    const scalars = 6;
    const expected: Record<Transfer['kind'], readonly number[]> = {
      fed: [
        batch.images.length,
        // Padding of known queries, the mask between groups, labels, boxes.
        ...[images * all, all * all, images * known, images * known * 4],
        // The targets of known and matching queries: labels, boxes, and two weights.
        ...[images * all, images * all * 4, images * all, images * all],
        // The signal that the gradient is computed, and the scalars of AdamW's step.
        ...[1, scalars],
      ],
      read: [
        // Logits and boxes of the matching queries.
        ...[images * queries * classes, images * queries * 4],
        // The gradient's norm, which the step waits for, and the loss.
        ...[1, 1],
        // Six sums for known and for matching queries, and the predicted labels of all: the logged figures.
        ...[2 * 6, images * all],
        // The gradient's norm again, for the log.
        1,
      ],
      moved: [],
    };
    for (const [kind, counts] of Object.entries(expected)) {
      const found = transfers.flatMap((transfer) => (transfer.kind === kind ? [transfer.bytes] : []));
      expect(found, kind).toEqual(counts.map((count) => 4 * count));
    }
  });
});
