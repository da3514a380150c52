/**
 * Compares the initial values of models with deformable attention: constants, and statistics of random values.
 */
import { initialParameters } from '@dn-detr/core';
import type { ParameterDeclaration } from '@dn-detr/core/nn';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Check, Computed } from '../check.ts';
import type { Fixture } from '../fixture.ts';
import { withoutLeak } from '../gradients.ts';
import { arrayAt, countsAt, FixtureError, numberAt, objectAt, stringAt } from '../json.ts';
import { deformableModelOf } from './deformable-sizes.ts';
import { storedShape } from './stored-shape.ts';

export const deformableInitCheck: Check = {
  inputs: ['parameters'],
  cases: ({ cases }) => [...cases.keys()],
  run: (fixture, caseName) => withoutLeak(() => runCase(fixture, caseName)),
};

/** Initial values of a parameter in the reference. */
interface StoredStart {
  readonly name: string;
  readonly shape: readonly number[];
  readonly mean: number;
  readonly deviation: number;
  /** Largest absolute value. */
  readonly largest: number;
  /** Value of all elements, if they are equal. */
  readonly constant: number | undefined;
}

function storedStarts(fixture: Fixture, caseName: string): StoredStart[] {
  const where = `cases.${caseName}.parameters`;
  return arrayAt(objectAt(fixture.cases.get(caseName), `cases.${caseName}`).parameters, where).map((entry, i) => {
    const [name, shape, mean, deviation, largest, constant] = arrayAt(entry, `${where}[${i}]`);
    const number = (value: unknown): number => numberAt(value, `${where}[${i}]`);
    return {
      name: stringAt(name, `${where}[${i}][0]`),
      shape: countsAt(shape, `${where}[${i}][1]`),
      mean: number(mean),
      deviation: number(deviation),
      largest: number(largest),
      constant: constant === null ? undefined : number(constant),
    };
  });
}

function runCase(fixture: Fixture, caseName: string): Record<string, Computed> {
  const starts = storedStarts(fixture, caseName);
  const shapes = new Map(starts.map(({ name, shape }) => [name, shape]));
  // The initial offsets reach as many cells as there are points, whatever the number of heads.
  const offsets = starts.find(({ name }) => name.endsWith('.sampling_offsets.bias'));
  const { parameters } = deformableModelOf(shapes, offsets?.largest);
  const declared = new Map(parameters.map((parameter) => [parameter.name, parameter]));
  const initial = initialParameters(parameters, 1);
  const missing = [...declared.keys()].filter((name) => !shapes.has(name));
  if (missing.length > 0) throw new FixtureError(`parameters of our model are not stored: ${missing.join(', ')}`);
  const outputs: Record<string, Computed> = {};
  const compare = (key: string, ours: readonly number[], stored: readonly number[], rtol = 0): void => {
    outputs[key] = { values: ours, expected: { values: stored, rtol } };
  };
  const varied: { readonly stored: StoredStart; readonly values: Float32Array }[] = [];
  for (const stored of starts) {
    const { name, shape, constant, deviation, largest } = stored;
    const declaration = declared.get(name);
    if (declaration === undefined) throw new FixtureError(`our model has no parameter ${name}`);
    compare(`shape.${name}`, storedShape(declaration), shape);
    const values = (initial[name] as Tensor).dataSync<'float32'>();
    const [least, most] = extremesOf(values);
    if (constant !== undefined) {
      compare(`constant.${name}`, [least, most], [constant, constant]);
      continue;
    }
    varied.push({ stored, values });
    // Statistics of a few random elements say little; those of elements that are not random say everything.
    const isFixed = values.length < 200 && !isRandom(declaration);
    if (isFixed || values.length >= 1000)
      compare(`deviation.${name}`, [deviationOf(declaration)], [deviation], tolerance);
    const isUniform = values.length >= 200 && largest < 1.8 * deviation; // √3 times
    if (isFixed || isUniform) compare(`largest.${name}`, [Math.max(-least, most)], [largest], tolerance);
  }
  compare(
    'copies',
    firstAlike(varied.map(({ values }) => values.subarray(0, 100).join())),
    firstAlike(varied.map(({ stored: { mean, deviation, largest } }) => [mean, deviation, largest].join())),
  );
  return outputs;
}

/** Relative tolerance of standard deviations and bounds. */
const tolerance = 0.05;

function extremesOf(values: Float32Array): [least: number, most: number] {
  return [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
}

/** The standard deviation as in `torch.std`, averaged over so many draws that chance does not matter. */
function deviationOf({ init, shape }: ParameterDeclaration): number {
  const size = shape.reduce((product, axis) => product * axis, 1);
  const variances = Array.from({ length: Math.ceil(20_000 / size) }, (_, i) => {
    const values = init(shape, i + 1).dataSync<'float32'>();
    const mean = values.reduce((sum, value) => sum + value, 0) / size;
    return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (size - 1);
  });
  return Math.sqrt(variances.reduce((sum, variance) => sum + variance, 0) / variances.length);
}

function isRandom({ init, shape }: ParameterDeclaration): boolean {
  const [one, other] = [1, 2].map((seed) => init(shape, seed).dataSync().join());
  return one !== other;
}

/** For each element of a list, the index of the first equal one. */
const firstAlike = (keys: readonly string[]): number[] => keys.map((key) => keys.indexOf(key));
