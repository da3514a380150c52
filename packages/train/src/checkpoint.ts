/**
 * The checkpoint from which a run is resumed: one safetensors file with the weights, the optimiser state and the
 * counters.
 */
import { readFileSync } from 'node:fs';
import { loadParameters, type NamedTensors, type Normalization, readCheckpoint, saveParameters } from '@dn-detr/core';
import { type Checkpoint, readSafetensors, type SafeTensor, writeSafetensors } from '@dn-detr/core/weights';
import type { Category } from '@dn-detr/data';
import type { QueryMatches } from '@dn-detr/metrics';
import { type Tensor, type Tensor1D, tensor1d, tidy } from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { writeAtomically } from './atomic-file.ts';
import type { RunConfig, RunOverrides } from './config/schema.ts';
import type { LossHistory } from './divergence.ts';
import type { Model } from './models/model.ts';
import type { TrainingState } from './step.ts';
import { UserError } from './user-error.ts';

/** Counters that continue when a run is resumed. */
export interface Counters {
  /** Number of updates done. */
  readonly step: number;
  /** Seconds of training, without evaluations. */
  readonly seconds: number;
  /** The highest AP so far; -1 before the first evaluation. */
  readonly bestAP: number;
  readonly history: LossHistory;
  /** Since the last evaluation: the number of steps, and the sums over them of the loss and of its terms. */
  readonly recent: { readonly steps: number; readonly loss: number; readonly losses: Readonly<Record<string, number>> };
}

export interface SavedRun {
  readonly counters: Counters;
  readonly state: TrainingState;
  /** Matches of the last evaluation, from which the instability of the next one is counted. */
  readonly matches: QueryMatches | undefined;
}

/** The description of a model in a checkpoint: enough to build it. */
export interface CheckpointModel {
  readonly config: RunConfig;
  readonly categories: readonly Category[];
}

/** The description of a model as a file of any version states it; `resolveConfig` makes a configuration from it. */
export interface StatedModel {
  readonly stated: RunOverrides;
  readonly categories: readonly Category[];
  /**
   * Normalisation of the images that the model was trained on; undefined if an earlier version wrote the file, and then
   * the backbone's applies.
   */
  readonly normalization: Normalization | undefined;
}

const prefix = 'state.';
const slots = ['m', 'v', 'average'] as const;

/**
 * Writes the trained weights under the names of the reference implementations, together with everything that resuming
 * needs: the optimiser's tensors and the moving average, stored as `state.m.GROUP` and so on, flat in the order of the
 * model's parameter layout.
 *
 * @throws UserError if the file cannot be written; the previous one stays
 */
export async function saveRun(
  file: string,
  model: Model,
  weights: NamedTensors,
  about: CheckpointModel,
  { counters, state, matches }: SavedRun,
): Promise<void> {
  const bytes = await saveParameters(model.detector.parameters, weights);
  const tensors = new Map<string, SafeTensor>(readSafetensors(bytes).tensors);
  for (const slot of slots) {
    for (const [i, flat] of state[slot].entries()) {
      const data = await flat.data<'float32'>();
      tensors.set(`${prefix}${slot}.${model.trained.groups[i]?.name}`, { dtype: 'F32', shape: [data.length], data });
    }
  }
  if (matches) {
    const { layers, queries, objects, counts } = matches;
    const shape = [layers, counts.length, queries];
    tensors.set(`${prefix}matches`, { dtype: 'I32', shape, data: Int32Array.from(objects) });
    tensors.set(`${prefix}objects`, { dtype: 'I32', shape: [counts.length], data: Int32Array.from(counts) });
  }
  writeAtomically(file, writeSafetensors(tensors, { ...metadataOf(about, model), counters: JSON.stringify(counters) }));
}

/**
 * Writes only the weights.
 *
 * @throws UserError if the file cannot be written
 */
export async function saveWeights(
  file: string,
  model: Model,
  weights: NamedTensors,
  about: CheckpointModel,
): Promise<void> {
  writeAtomically(file, await saveParameters(model.detector.parameters, weights, metadataOf(about, model)));
}

const metadataOf = ({ config, categories }: CheckpointModel, { detector }: Model) => ({
  format: 'pt',
  config: JSON.stringify(config),
  categories: JSON.stringify(categories),
  normalization: JSON.stringify(detector.backbone.normalization),
});

const channels = z.tuple([z.number(), z.number(), z.number()]);
const normalizationSchema = z.object({
  mean: channels,
  std: channels.refine((std) => std.every((value) => value > 0)),
});

/**
 * Reads the normalisation in a checkpoint's metadata.
 *
 * @throws UserError if it is not in the form that runs write
 */
function readNormalization(text: string, file: string): Normalization {
  const { data } = normalizationSchema.safeParse(JSON.parse(text));
  if (data !== undefined) return data;
  throw new UserError(
    `${file}: the normalization in its metadata is ${text}: expected mean and std of three channels in 0..1, such as ` +
      '{"mean":[0.5,0.5,0.5],"std":[0.5,0.5,0.5]}',
  );
}

/**
 * Reads the checkpoint of a run.
 *
 * @returns the saved run and, by name, the parameters that are not trained; the caller disposes both
 * @throws UserError if the file is not a checkpoint of this run
 */
export function loadRun(file: string, model: Model): SavedRun & { readonly frozen: NamedTensors } {
  const checkpoint = readFile(file);
  const { metadata } = checkpoint;
  const state = new Map([...checkpoint.tensors].filter(([name]) => name.startsWith(prefix)));
  if (metadata.counters === undefined)
    throw new UserError(`${file} contains only weights: no run can be resumed from it`);
  const flat = (name: string, size: number): Tensor1D => {
    const found = state.get(`${prefix}${name}`);
    if (found?.dtype === 'F32' && found.data.length === size) return tensor1d(found.data);
    throw new UserError(`${file} has no ${prefix}${name} of ${size} numbers: it is not a checkpoint of this run`);
  };
  const flatsOf = (slot: (typeof slots)[number]) =>
    model.trained.groups.map(({ name, size }) => flat(`${slot}.${name}`, size));
  const { params, frozen } = tidy(() => {
    const { parameters } = loadParameters(weightsOf(checkpoint), model.detector.parameters);
    const pick = (names: readonly { name: string }[]): NamedTensors =>
      Object.fromEntries(names.map(({ name }) => [name, parameters[name] as Tensor]));
    return { params: model.trained.flatten(pick(model.trained.parameters)), frozen: pick(model.frozen.parameters) };
  });
  const hasAverage = [...state.keys()].some((name) => name.startsWith(`${prefix}average.`));
  return {
    counters: JSON.parse(metadata.counters) as Counters,
    state: { params, m: flatsOf('m'), v: flatsOf('v'), average: hasAverage ? flatsOf('average') : [] },
    matches: matchesIn(state),
    frozen,
  };
}

function matchesIn(state: ReadonlyMap<string, SafeTensor>): QueryMatches | undefined {
  const [matches, counts] = [state.get(`${prefix}matches`), state.get(`${prefix}objects`)];
  if (matches === undefined || counts === undefined) return undefined;
  const [layers, , queries] = matches.shape as [number, number, number];
  return { layers, queries, objects: matches.data, counts: counts.data };
}

/**
 * Reads a checkpoint's weights and, if a run wrote it, the description of its model.
 *
 * @throws UserError if the file cannot be read, or its metadata are not in the form that runs write
 * @throws CheckpointError if it contains no weights
 */
export function loadWeights(file: string): Checkpoint & { readonly about: StatedModel | undefined } {
  const checkpoint = readFile(file);
  const { config, categories, normalization } = checkpoint.metadata;
  const about =
    config === undefined || categories === undefined
      ? undefined
      : {
          stated: JSON.parse(config) as RunOverrides,
          categories: JSON.parse(categories) as Category[],
          normalization: normalization === undefined ? undefined : readNormalization(normalization, file),
        };
  return { ...weightsOf(checkpoint), about };
}

function readFile(file: string): Checkpoint {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new UserError(`${file} cannot be read: ${(error as Error).message}`);
  }
  return readCheckpoint(bytes, file);
}

const weightsOf = (checkpoint: Checkpoint): Checkpoint => ({
  ...checkpoint,
  tensors: new Map([...checkpoint.tensors].filter(([name]) => !name.startsWith(prefix))),
});
