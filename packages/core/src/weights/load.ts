/** Start values of a model's parameters from a checkpoint. */
import { tensor } from '@tensorflow/tfjs-core';
import type { NamedTensors } from '../nn/named.ts';
import type { ParameterSpec } from '../nn/parameters.ts';
import type { Checkpoint } from './checkpoint.ts';
import { CheckpointError } from './checkpoint-error.ts';
import type { SafeTensor } from './elements.ts';
import { fromStored, storedShape } from './layout.ts';
import { dependsOnClasses, describeMismatch, isBackbone, type Mismatch } from './mismatch.ts';

/**
 * How much of a checkpoint and a model must fit:
 *
 * - `whole`: every parameter and every tensor;
 * - `other-classes`: every one but those whose size is the number of classes, `class_embed` and `label_enc`, which are
 *   taken where they fit;
 * - `backbone`: those of the backbone, the others are left alone.
 */
export type LoadMode = 'whole' | 'other-classes' | 'backbone';

export interface LoadedParameters {
  /** by name, as the model has them; the caller disposes them */
  readonly parameters: NamedTensors;
  /** parameters that got no value and keep what they start from */
  readonly kept: readonly string[];
  /** tensors of the file that were not used */
  readonly unused: readonly string[];
}

/**
 * Takes the values of declared parameters, those of the group `frozen` too, out of a checkpoint.
 *
 * ```ts
 * const checkpoint = readCheckpoint(bytes, 'detr-r50.pth');
 * const { parameters, kept } = loadParameters(checkpoint, model.parameters, 'other-classes');
 * const flats = tidy(() => layout.flatten({ ...initialParameters(model.parameters, seed), ...parameters }));
 * ```
 *
 * @throws CheckpointError listing every tensor that is missing, of another shape or type, or not of this model
 */
export function loadParameters(
  checkpoint: Checkpoint,
  declared: readonly ParameterSpec[],
  mode: LoadMode = 'whole',
): LoadedParameters {
  const { fitting, mismatch } = compare(checkpoint, declared, mode);
  if (Object.values(mismatch).some((names) => names.length > 0)) {
    throw new CheckpointError(describeMismatch(checkpoint, mismatch));
  }
  // By entries, which take any name, `__proto__` too.
  const parameters: NamedTensors = Object.fromEntries(
    fitting.map((spec) => {
      const { data } = checkpoint.tensors.get(spec.name) as SafeTensor;
      const values = data instanceof Float32Array ? data : Float32Array.from(data);
      return [spec.name, tensor(fromStored(spec, values), [...spec.shape], 'float32')];
    }),
  );
  const isTaken = (name: string) => Object.hasOwn(parameters, name);
  return {
    parameters,
    kept: declared.map(({ name }) => name).filter((name) => !isTaken(name)),
    unused: [...checkpoint.tensors.keys()].filter((name) => !isTaken(name)),
  };
}

function compare(
  { tensors }: Checkpoint,
  declared: readonly ParameterSpec[],
  mode: LoadMode,
): { fitting: ParameterSpec[]; mismatch: Mismatch } {
  // By group, since a backbone's names begin with what its owner likes.
  const ofBackbone = new Set(declared.filter(({ group }) => group !== 'rest').map(({ name }) => name));
  const isAsked = (name: string) => mode !== 'backbone' || ofBackbone.has(name);
  const mustFit = (name: string) => isAsked(name) && !(mode === 'other-classes' && dependsOnClasses(name));
  const fitting: ParameterSpec[] = [];
  const missing: string[] = [];
  const misshaped: Mismatch['misshaped'][number][] = [];
  for (const spec of declared) {
    const { name } = spec;
    const found = tensors.get(name);
    if (isAsked(name) && found !== undefined && fits(spec, found)) {
      fitting.push(spec);
    } else if (mustFit(name)) {
      if (found === undefined) missing.push(name);
      else misshaped.push({ name, expected: storedShape(spec), found });
    }
  }
  const names = new Set(declared.map(({ name }) => name));
  const isOurs = mode === 'backbone' ? isBackbone : mustFit;
  const extra = [...tensors.keys()].filter((name) => !names.has(name) && isOurs(name));
  return { fitting, mismatch: { missing, extra, misshaped } };
}

/** float64 is rounded; integers are no weights. */
const fits = (spec: ParameterSpec, { dtype, shape }: SafeTensor): boolean =>
  dtype.startsWith('F') && `${shape}` === `${storedShape(spec)}`;
