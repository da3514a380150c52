/** Reads which query was matched with which object of a run's sample images, over training and over the decoder's layers. */

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { RunSource } from '@dn-detr/report';
import { readStoredConfig, runFolder, type SampleImage, type SamplesLine, UserError } from '@dn-detr/train';
import { readJson, readJsonLines } from '@dn-detr/train/files';

/** Queries by object and column; -1 if an object has none. */
export interface MatchingGrid {
  /** `[M][columns]` */
  readonly queries: readonly (readonly number[])[];
  /** Number of times that an object's query differs from the previous column. */
  readonly changes: number;
  /** Number of pairs of neighbouring columns, over all objects: the largest possible number of changes. */
  readonly pairs: number;
}

/** A run's matching in one image. */
export interface RunMatching {
  readonly run: string;
  /** Training steps of the columns of `training`. */
  readonly steps: readonly number[];
  /** The last layer's matching at each evaluation. */
  readonly training: MatchingGrid;
  /** Each layer's matching at the last evaluation. */
  readonly layers: MatchingGrid;
}

export interface MatchedImage extends SampleImage {
  /** The bytes of `picture`. */
  readonly jpeg: Uint8Array;
  /** Class names by label. */
  readonly classes: readonly string[];
  readonly runs: readonly RunMatching[];
}

export interface MatchedRuns {
  readonly images: readonly MatchedImage[];
  /** Folders of runs without samples, because they were not evaluated yet or are from an earlier version. */
  readonly without: readonly string[];
}

/**
 * The sample images of the runs. Images that several runs share appear once.
 *
 * @throws UserError if no run has samples, or a file cannot be read.
 */
export function matchedRuns(runs: readonly RunSource[]): MatchedRuns {
  const images = new Map<string, MatchedImage & { runs: RunMatching[] }>();
  const without: string[] = [];
  for (const { folder, model } of runs) {
    const { samples, config } = runFolder(folder);
    const stored = readStoredConfig(config);
    const lines = existsSync(samples.images) ? readJsonLines<SamplesLine>(samples.evaluations) : [];
    if (lines.length === 0) {
      without.push(folder);
      continue;
    }
    for (const [n, image] of readJson<SampleImage[]>(samples.images).entries()) {
      // The hash tells images of different data sets with the same name apart.
      const key = JSON.stringify([stored.data.hash, image.name]);
      const known = images.get(key) ?? {
        ...image,
        jpeg: pictureOf(path.join(samples.folder, path.basename(image.picture))),
        classes: stored.data.classes,
        runs: [],
      };
      images.set(key, known);
      known.runs.push({ run: `${model}, seed ${stored.config.seed}`, ...matchingOf(lines, n) });
    }
  }
  if (images.size === 0) {
    throw new UserError(
      `${without[0] ?? runs[0]?.folder} has no samples: train, compare and ablate write them at each evaluation that has an ` +
        'image with objects; train it again, or continue the run until it is evaluated',
    );
  }
  return { images: [...images.values()], without };
}

function pictureOf(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new UserError(`${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

/** @param n - Index of the image among the samples. */
export function matchingOf(lines: readonly SamplesLine[], n: number): Omit<RunMatching, 'run'> {
  const byEvaluation = lines.map(({ images }) => images[n]?.queries ?? []);
  return {
    steps: lines.map(({ step }) => step),
    training: gridOf(byEvaluation.map((layers) => layers.at(-1) ?? [])),
    layers: gridOf(byEvaluation.at(-1) ?? []),
  };
}

/** @param columns - The query of each object, `[columns][M]`. */
function gridOf(columns: readonly (readonly number[])[]): MatchingGrid {
  const objects = columns[0]?.length ?? 0;
  const queries = Array.from({ length: objects }, (_, m) => columns.map((column) => column[m] as number));
  const changes = queries.reduce((sum, row) => sum + row.filter((query, i) => i > 0 && query !== row[i - 1]).length, 0);
  return { queries, changes, pairs: objects * Math.max(0, columns.length - 1) };
}
