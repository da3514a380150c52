/** Compares AdamW on flat buffers with trajectories of `torch.optim.AdamW` computed in float64. */
import { adamwInit, adamwScalars, adamwStep, clipByGlobalNorm, ParameterLayout } from '@dn-detr/core';
import { ParameterError } from '@dn-detr/core/nn';
import { type AdamWOptions, globalNorm, multiStep } from '@dn-detr/core/optim';
import { dispose, type Tensor1D, tensor1d, tidy } from '@tensorflow/tfjs-core';
import type { Check, Computed } from '../check.ts';
import { type Fixture, tensorOf } from '../fixture.ts';
import { arrayAt, countAt, countsAt, FixtureError, numberAt, numbersAt, objectAt } from '../json.ts';

export const adamwCheck: Check = {
  inputs: ['init*', 'grads*', 'steps', 'shapes', 'groups', 'clip', 'milestones', 'betas', 'eps'],
  cases: ({ cases }) => [...cases.keys()],
  run: runCase,
};

interface Trajectory {
  readonly steps: number;
  /** Parameters and groups are named after their index: `0`, `1`, … */
  readonly layout: ParameterLayout<string, string>;
  readonly options: AdamWOptions;
  /** Largest norm of the gradients; 0 if they are not clipped. */
  readonly clip: number;
  readonly milestones: readonly number[];
}

function runCase(fixture: Fixture, caseName: string): Record<string, Computed> {
  const trajectory = readTrajectory(fixture, caseName);
  const { steps, layout, options, clip, milestones } = trajectory;
  const initial = flatRows(fixture, caseName, layout, 'init', 1);
  const gradients = flatRows(fixture, caseName, layout, 'grads', steps);
  const norms: number[] = [];
  let state = adamwInit(initial(0));
  for (let step = 0; step < steps; step++) {
    const { norm, ...next } = tidy(() => {
      const grads = gradients(step);
      const clipped = clip > 0 ? clipByGlobalNorm(grads, clip) : { grads, norm: globalNorm(grads) };
      const scalars = tensor1d(adamwScalars(step + 1, options, multiStep(step, milestones)));
      return { norm: clipped.norm, ...adamwStep(state, clipped.grads, scalars, options) };
    });
    norms.push(norm.dataSync()[0] as number);
    dispose([state, norm]);
    state = next;
  }
  const finals = state.params.map((flat) => flat.dataSync());
  dispose(state);
  const stored = numbersAt(fixture.cases.get(caseName)?.grad_norms, `cases.${caseName}.grad_norms`);
  const outputs: Record<string, Computed> = { grad_norms: { values: norms, expected: { values: stored } } };
  layout.groups.forEach(({ parameters }, group) => {
    for (const { name, shape, offset, size } of parameters) {
      outputs[`p${name}`] = { values: finals[group]?.subarray(offset, offset + size) ?? [], shape };
    }
  });
  return outputs;
}

function readTrajectory(fixture: Fixture, caseName: string): Trajectory {
  const where = `cases.${caseName}`;
  const facts = objectAt(fixture.cases.get(caseName), where);
  const shapes = arrayAt(facts.shapes, `${where}.shapes`).map((shape, i) => countsAt(shape, `${where}.shapes[${i}]`));
  const groups = arrayAt(facts.groups, `${where}.groups`).map((value, i) => {
    const place = `${where}.groups[${i}]`;
    const group = objectAt(value, place);
    return {
      params: countsAt(group.params, `${place}.params`),
      learningRate: numberAt(group.lr, `${place}.lr`),
      weightDecay: numberAt(group.weight_decay, `${place}.weight_decay`),
    };
  });
  const specs = groups.flatMap(({ params }, group) =>
    params.map((i) => {
      const shape = shapes[i];
      if (shape !== undefined) return { name: `${i}`, shape, group: `${group}` };
      throw new FixtureError(`${where}.groups[${group}].params: there is no parameter ${i}, only ${shapes.length}`);
    }),
  );
  const betas = numbersAt(facts.betas, `${where}.betas`);
  return {
    steps: countAt(facts.steps, `${where}.steps`),
    layout: layoutOf(specs, where),
    options: {
      groups,
      beta1: numberAt(betas[0], `${where}.betas[0]`),
      beta2: numberAt(betas[1], `${where}.betas[1]`),
      epsilon: numberAt(facts.eps, `${where}.eps`),
    },
    clip: numberAt(facts.clip, `${where}.clip`),
    milestones: countsAt(facts.milestones, `${where}.milestones`),
  };
}

function layoutOf(
  specs: { name: string; shape: number[]; group: string }[],
  where: string,
): ParameterLayout<string, string> {
  try {
    return new ParameterLayout(specs);
  } catch (error) {
    if (error instanceof ParameterError) throw new FixtureError(`${where}.groups: ${error.message}`);
    throw error;
  }
}

/**
 * The flat buffers in row `row` of tensors `<key><i>`, each `[rows, ...shape]` (or simply `[...shape]` for one row).
 *
 * @throws FixtureError if a tensor is missing or has another size
 */
function flatRows(
  fixture: Fixture,
  caseName: string,
  layout: ParameterLayout<string, string>,
  key: string,
  rows: number,
): (row: number) => Tensor1D[] {
  const stored = layout.groups.map(({ parameters }) =>
    parameters.map(({ name, size, shape }) => {
      const { data, shape: found } = tensorOf(fixture, caseName, `${key}${name}`);
      if (data.length === rows * size) return data;
      throw new FixtureError(
        `the tensor '${caseName}.${key}${name}' has shape [${found.join(', ')}]: expected ${rows} of [${shape.join(', ')}]`,
      );
    }),
  );
  return (row) =>
    layout.groups.map(({ size, parameters }, group) => {
      const flat = new Float32Array(size);
      parameters.forEach((parameter, i) => {
        const from = row * parameter.size;
        flat.set(stored[group]?.[i]?.subarray(from, from + parameter.size) ?? [], parameter.offset);
      });
      return tensor1d(flat);
    });
}
