/** Recreates the known queries of a training step, with the images as the model saw them. */
import type { Normalization } from '@dn-detr/core';
import type { TrainingBatch } from '@dn-detr/data';
import type { KnownQueries } from '@dn-detr/dn';
import type { QueryImage } from '@dn-detr/report/drawing';
import {
  allImages,
  buildModel,
  knownQueriesAt,
  loadersOf,
  type RunConfig,
  type RunData,
  type SettledDenoising,
  UserError,
  withKnownSlots,
} from '@dn-detr/train';

export interface QueryStep {
  readonly epoch: number;
  /** Number of images in the step. */
  readonly batch: number;
  /** The first of these images. */
  readonly images: readonly QueryImage[];
  /** The settings that the known queries were made with. */
  readonly denoising: SettledDenoising;
}

/**
 * Recreates the batch of a training step.
 *
 * @param step - The step as counted in `metrics.jsonl`, from 1.
 * @param count - Number of images to return.
 * @throws UserError if the model is trained without known queries.
 * @throws DataError if an image cannot be read.
 */
export async function queriesOfStep(
  config: RunConfig,
  { dataset, train }: Pick<RunData, 'dataset' | 'train'>,
  step: number,
  count: number,
): Promise<QueryStep> {
  const model = buildModel(config, dataset.categories.length);
  const settled = withKnownSlots(config, train);
  const { denoising } = settled;
  if (denoising === undefined || !model.denoises) {
    throw new UserError(
      denoising
        ? 'denoising.groups=0 trains without known queries: expected denoising.groups of 1 or more'
        : `${config.model.name} trains without known queries: expected a model with denoising, such as --set model.name=dn-detr`,
    );
  }
  const { accumulate } = config.optimizer;
  const { backbone } = model.detector;
  const incoming = loadersOf(config, backbone, allImages(dataset))
    .training(train)
    .from((step - 1) * accumulate);
  const images: QueryImage[] = [];
  let epoch = 0;
  let size = 0;
  try {
    for (let micro = 0; micro < accumulate; micro++) {
      const batch = (await incoming.next()).value as TrainingBatch;
      const queries = knownQueriesAt(batch, model, settled, { step: step - 1, micro }) as KnownQueries;
      if (micro === 0) epoch = batch.epoch;
      size += batch.targets.length;
      images.push(
        ...batch.sources.map(({ name }, index) => ({ name, index, queries, ...seen(batch, index, backbone) })),
      );
    }
  } finally {
    await incoming.return(undefined);
  }
  return { epoch, batch: size, images: images.slice(0, count), denoising };
}

function seen(
  batch: TrainingBatch,
  index: number,
  { normalization: { mean, std } }: { readonly normalization: Normalization },
): Pick<QueryImage, 'canvas' | 'size' | 'target'> {
  const { width, height, views, targets } = batch;
  const values = batch.images.subarray(index * height * width * 3, (index + 1) * height * width * 3);
  const data = Uint8Array.from(values, (value, i) => {
    const c = (i % 3) as 0 | 1 | 2;
    return Math.round(255 * Math.min(1, Math.max(0, value * std[c] + mean[c])));
  });
  const { width: w, height: h } = views[index] as TrainingBatch['views'][number];
  return {
    canvas: { data, width, height },
    size: { width: w, height: h },
    target: targets[index] as TrainingBatch['targets'][number],
  };
}
