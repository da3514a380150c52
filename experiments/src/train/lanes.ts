/**
 * A forward pass in lanes: parts of the batch between which no op waits for another. TensorFlow gives each lane of a
 * captured graph a thread of its own, where one chain of ops shares out every single op and waits for its slowest share.
 * The gradients of the lanes are added up, which is the same gradient but for
 * rounding, and but for dropout, which draws for each lane.
 */
import type {
  Detector,
  FeatureBatch,
  ForwardOptions,
  ImageBatch,
  KnownInputs,
  NamedTensors,
  Predictions,
} from '@dn-detr/core';
import { concat, split, type Tensor } from '@tensorflow/tfjs-core';

type Batch = ImageBatch | FeatureBatch;

/** @param lanes as many as there are images at most */
export function forwardInLanes(
  detector: Detector,
  tensors: NamedTensors,
  batch: Batch,
  known: KnownInputs | undefined,
  options: ForwardOptions | undefined,
  lanes: number,
): Predictions {
  const images = ('features' in batch ? batch.features : batch.images).shape[0];
  const sizes = laneSizes(images, lanes);
  const batches = splitBatch(batch, sizes);
  const knownOf = known && splitKnown(known, sizes);
  const outputs = batches.map((lane, i) =>
    'features' in lane
      ? detector.forwardFeatures(tensors, lane, knownOf?.[i], options)
      : detector.forward(tensors, lane, knownOf?.[i], options),
  );
  const [first] = outputs;
  if (first !== undefined && outputs.length === 1) return first;
  return {
    logits: concat(
      outputs.map(({ logits }) => logits),
      1,
    ),
    boxes: concat(
      outputs.map(({ boxes }) => boxes),
      1,
    ),
  };
}

/** As equal as can be, none of them 0. */
function laneSizes(images: number, lanes: number): number[] {
  const count = Math.max(1, Math.min(lanes, images));
  return Array.from(
    { length: count },
    (_, i) => Math.floor(((i + 1) * images) / count) - Math.floor((i * images) / count),
  );
}

function splitBatch(batch: Batch, sizes: readonly number[]): Batch[] {
  const paddings = splitImages(batch.padding, sizes);
  if ('features' in batch) {
    return splitImages(batch.features, sizes).map((features, i) => ({ features, padding: paddings[i] }));
  }
  return splitImages(batch.images, sizes).map((images, i) => ({ images, padding: paddings[i] }));
}

function splitKnown({ labels, anchors, groupMask, keyPadding }: KnownInputs, sizes: readonly number[]): KnownInputs[] {
  const [anchorsOf, paddings] = [splitImages(anchors, sizes), splitImages(keyPadding, sizes)];
  return splitImages(labels, sizes).map((lane, i) => ({
    labels: lane,
    anchors: anchorsOf[i] as typeof anchors,
    groupMask,
    keyPadding: paddings[i],
  }));
}

/** Along the first axis; nothing of nothing. */
function splitImages<T extends Tensor>(x: T | undefined, sizes: readonly number[]): T[] {
  if (x === undefined) return [];
  return sizes.length === 1 ? [x] : (split(x, [...sizes]) as T[]);
}
