/** Names and shapes of full-size checkpoints against the parameters that our models declare. */
import { dabDetr, detr, dnDetr, type ParameterSpec, resnet, type SafeTensor, translateTensors } from '@dn-detr/core';
import type { Check, Computed } from '../check.ts';
import type { Fixture } from '../fixture.ts';
import { arrayAt, countsAt, FixtureError, objectAt, stringAt } from '../json.ts';

export const stateDictNamesCheck: Check = {
  inputs: [],
  cases: ({ json }) => Object.keys(objectAt(json.models, 'models')),
  run: runCase,
};

/** Our model of each checkpoint. Hugging Face's DAB-DETR embeds no labels, DN-DETR does. */
const models: Readonly<Record<string, () => readonly ParameterSpec[]>> = {
  hf_detr_timm_resnet50: ourDetr,
  hf_detr_hf_resnet50: ourDetr,
  original_detr_r50: ourDetr,
  hf_dab_detr_timm_resnet50: () => dabDetr({ backbone: resnet({ depth: 50 }), classes: 91, queries: 300 }).parameters,
  hf_dab_detr_hf_resnet50: () => dabDetr({ backbone: resnet({ depth: 50 }), classes: 91, queries: 300 }).parameters,
  original_dn_dab_detr_r50: () => dnDetr({ backbone: resnet({ depth: 50 }), classes: 91, queries: 300 }).parameters,
};

function ourDetr(): readonly ParameterSpec[] {
  return detr({ backbone: resnet({ depth: 50 }), classes: 91, queries: 100 }).parameters;
}

function runCase(fixture: Fixture, caseName: string): Record<string, Computed> {
  if (!Object.hasOwn(models, caseName)) {
    throw new FixtureError(`models.${caseName}: unknown checkpoint; known are ${Object.keys(models).join(', ')}`);
  }
  const declared = new Map(models[caseName]?.().map((spec) => [spec.name, storedShape(spec)]));
  const { tensors } = translateTensors(storedTensors(fixture, caseName));
  const missing = [...declared.keys()].filter((name) => !tensors.has(name));
  const extra = [...tensors.keys()].filter((name) => !declared.has(name));
  if (missing.length + extra.length > 0) {
    throw new FixtureError(
      `names differ; the checkpoint lacks: ${missing.join(', ') || 'none'}; the model lacks: ${extra.join(', ') || 'none'}`,
    );
  }
  const inOrder = [...tensors];
  return {
    shapes: {
      values: inOrder.flatMap(([name]) => declared.get(name) ?? []),
      expected: { values: inOrder.flatMap(([, { shape }]) => shape), exact: true },
    },
  };
}

/** The tensors of the file on disk, of zeros in place of numbers. */
function storedTensors(fixture: Fixture, caseName: string): Map<string, SafeTensor> {
  const entries = arrayAt(objectAt(fixture.json.models, 'models')[caseName], `models.${caseName}`);
  return new Map(
    entries.flatMap((value, i): [string, SafeTensor][] => {
      const where = `models.${caseName}[${i}]`;
      const [name, sizes, , disk = name] = arrayAt(value, where);
      // Not written: another entry has the same tensor.
      if (disk === null) return [];
      const shape = countsAt(sizes, `${where}[1]`);
      const size = shape.reduce((product, axis) => product * axis, 1);
      return [[stringAt(disk, `${where}[3]`), { dtype: 'U8', shape, data: new Uint8Array(size) }]];
    }),
  );
}

/** A kernel's axes stand in PyTorch's order in a checkpoint. */
function storedShape({ shape, kernel }: ParameterSpec): readonly number[] {
  if (!kernel) return shape;
  const [height, width, inputs, outputs] = shape as [number, number, number, number];
  return [outputs, inputs, height, width];
}
