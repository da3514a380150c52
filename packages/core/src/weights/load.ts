/** Takes initial values for a model's parameters from a checkpoint. */
import { tensor } from '@tensorflow/tfjs-core';
import type { NamedTensors } from '../nn/named.ts';
import type { ParameterSpec } from '../nn/parameters.ts';
import type { Checkpoint } from './checkpoint.ts';
import { CheckpointError } from './checkpoint-error.ts';
import type { SafeTensor } from './elements.ts';
import { fromStored, storedShape } from './layout.ts';
import { describeMismatch, describeNothing, type Mismatch } from './mismatch.ts';
import { isAveraged } from './names/recognise.ts';

/**
 * How much of a checkpoint and a model must fit together:
 *
 * - `whole`: every parameter and every tensor;
 * - `matching`: at least one tensor. Every tensor that has the name and the shape of a parameter is taken.
 */
export type LoadMode = 'whole' | 'matching';

/**
 * The parameters taken from a file, and its differences from the model, of which there are none in the mode `whole`.
 */
export interface LoadedParameters extends Mismatch {
  /** Parameters by name, in the model's layout; the caller disposes of them. */
  readonly parameters: NamedTensors;
}

/**
 * Takes the values of declared parameters, including those of the group `frozen`, from a checkpoint.
 *
 * ```ts
 * const checkpoint = readCheckpoint(bytes, 'detr-r50.pth'); const { parameters, missing, misshaped } =
 * loadParameters(checkpoint, model.parameters, 'matching'); const flats = tidy(() => layout.flatten({
 * ...initialParameters(model.parameters, seed), ...parameters }));
 * ```
 *
 * @throws CheckpointError in the mode `whole`, listing every tensor that is missing, has another shape or type, or does
 *   not belong to the model; in the mode `matching`, if no tensor fits
 */
export function loadParameters(
  checkpoint: Checkpoint,
  declared: readonly ParameterSpec[],
  mode: LoadMode = 'whole',
): LoadedParameters {
  const tensors = underDeclaredNames(checkpoint.tensors, declared);
  const { fitting, ...mismatch } = compare(tensors, declared);
  if (mode === 'whole' && Object.values(mismatch).some((names) => names.length > 0)) {
    throw new CheckpointError(describeMismatch(checkpoint, mismatch));
  }
  if (mode === 'matching' && fitting.length === 0) throw new CheckpointError(describeNothing(checkpoint, mismatch));
  // Built from entries, which accept any name, even `__proto__`.
  const parameters: NamedTensors = Object.fromEntries(
    fitting.map((spec) => {
      const { data } = tensors.get(spec.name) as SafeTensor;
      const values = data instanceof Float32Array ? data : Float32Array.from(data);
      return [spec.name, tensor(fromStored(spec, values), [...spec.shape], 'float32')];
    }),
  );
  return { parameters, ...mismatch };
}

function compare(
  tensors: Checkpoint['tensors'],
  declared: readonly ParameterSpec[],
): Mismatch & { readonly fitting: readonly ParameterSpec[] } {
  const fitting: ParameterSpec[] = [];
  const missing: string[] = [];
  const misshaped: Mismatch['misshaped'][number][] = [];
  for (const spec of declared) {
    const { name } = spec;
    const found = tensors.get(name);
    if (found === undefined) missing.push(name);
    else if (fits(spec, found)) fitting.push(spec);
    else misshaped.push({ name, expected: storedShape(spec), found });
  }
  const names = new Set(declared.map(({ name }) => name));
  const extra = [...tensors.keys()].filter((name) => !names.has(name));
  return { fitting, missing, extra, misshaped };
}

/**
 * If a file has none of the declared names as they are, removes the prefix that most of the declared names have in it,
 * preferring prefixes that do not mark averaged weights. A file with only a part of a model may have no name that
 * identifies its code base.
 */
function underDeclaredNames(tensors: Checkpoint['tensors'], declared: readonly ParameterSpec[]): Checkpoint['tensors'] {
  const names = new Set(declared.map(({ name }) => name));
  if ([...tensors.keys()].some((name) => names.has(name))) return tensors;
  const counts = new Map<string, number>();
  for (const name of tensors.keys()) {
    for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
      const prefix = name.slice(0, dot + 1);
      if (names.has(name.slice(dot + 1))) counts.set(prefix, (counts.get(prefix) ?? 0) + 1);
    }
  }
  const [best] = [...counts].sort(
    ([a, countOfA], [b, countOfB]) => Number(isAveraged(a)) - Number(isAveraged(b)) || countOfB - countOfA,
  );
  if (best === undefined) return tensors;
  const [prefix] = best;
  return new Map(
    [...tensors].map(([name, tensor]) => [name.startsWith(prefix) ? name.slice(prefix.length) : name, tensor]),
  );
}

/** Values of float64 are rounded; integers are not weights. */
const fits = (spec: ParameterSpec, { dtype, shape }: SafeTensor): boolean =>
  dtype.startsWith('F') && `${shape}` === `${storedShape(spec)}`;
