/** Which query answers for which object of a run's sample images, over training and over the decoder's layers. */

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { RunSource } from '@dn-detr/report';
import { readStoredConfig, runFolder, type SampleImage, type SamplesLine, UserError } from '@dn-detr/train';
import { readJson, readJsonLines } from '@dn-detr/train/files';

/** Queries by object and column; -1 where an object has none. */
export interface MatchingGrid {
  /** `[M][columns]` */
  readonly queries: readonly (readonly number[])[];
  /** How often an object has a different query from the one in the previous column. */
  readonly changes: number;
  /** Number of pairs of neighbouring columns, over all objects. */
  readonly pairs: number;
}

/** Matching of one image over a run. */
export interface RunMatching {
  readonly run: string;
  /** Training steps of the columns of `training`. */
  readonly steps: readonly number[];
  /** The last layer's matching at each evaluation. */
  readonly training: MatchingGrid;
  /** The matching of each layer at the last evaluation. */
  readonly layers: MatchingGrid;
}

export interface MatchedImage extends SampleImage {
  /** The bytes of `picture`. */
  readonly jpeg: Uint8Array;
  /** Names of the classes, by label. */
  readonly classes: readonly string[];
  readonly runs: readonly RunMatching[];
}

export interface MatchedRuns {
  readonly images: readonly MatchedImage[];
  /** Folders of runs without samples: not evaluated yet, or by an earlier version. */
  readonly without: readonly string[];
}

/**
 * The sample images of runs, those that several runs share once.
 *
 * @throws UserError if no run has samples, or a file cannot be read
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
      // Images of other data may have the same name.
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
        'image with objects; train it again, or go on with it until it is evaluated',
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

/** @param n of the image among the samples */
export function matchingOf(lines: readonly SamplesLine[], n: number): Omit<RunMatching, 'run'> {
  const byEvaluation = lines.map(({ images }) => images[n]?.queries ?? []);
  return {
    steps: lines.map(({ step }) => step),
    training: gridOf(byEvaluation.map((layers) => layers.at(-1) ?? [])),
    layers: gridOf(byEvaluation.at(-1) ?? []),
  };
}

/** @param columns the query of each object, `[columns][M]` */
function gridOf(columns: readonly (readonly number[])[]): MatchingGrid {
  const objects = columns[0]?.length ?? 0;
  const queries = Array.from({ length: objects }, (_, m) => columns.map((column) => column[m] as number));
  const changes = queries.reduce((sum, row) => sum + row.filter((query, i) => i > 0 && query !== row[i - 1]).length, 0);
  return { queries, changes, pairs: objects * Math.max(0, columns.length - 1) };
}
