/** Compares names and shapes of full-size checkpoints with the parameters that our models declare. */
import { type Detector, dabDetr, detr, dnDetr, resnet } from '@dn-detr/core';
import { type SafeTensor, translateTensors } from '@dn-detr/core/weights';
import type { Check, Computed } from '../check.ts';
import type { Fixture } from '../fixture.ts';
import { arrayAt, countsAt, FixtureError, objectAt, stringAt } from '../json.ts';
import { deformableModelOf } from './deformable-sizes.ts';
import { countLayers, resnetSizesOf } from './resnet-sizes.ts';
import { storedShape } from './stored-shape.ts';

export const stateDictNamesCheck: Check = {
  inputs: [],
  cases: ({ json }) => Object.keys(objectAt(json.models, 'models')),
  run: runCase,
};

/**
 * Builds our model for a checkpoint, with the sizes of its tensors.
 *
 * @param tensors under our names
 * @throws FixtureError if a tensor that gives a size is missing
 */
function modelOf(tensors: ReadonlyMap<string, SafeTensor>): Detector {
  const shapes = new Map([...tensors].map(([name, { shape }]) => [name, shape]));
  if (shapes.has('transformer.level_embed')) return deformableModelOf(shapes);
  const size = (name: string): number => {
    const found = shapes.get(name)?.[0];
    if (found !== undefined) return found;
    throw new FixtureError(
      `there is no tensor ${name}: expected a checkpoint of DETR, DAB-DETR, DN-DETR or Deformable DETR`,
    );
  };
  const [encoder, decoder] = ['transformer.encoder', 'transformer.decoder'];
  const common = {
    backbone: resnet({ sizes: resnetSizesOf(shapes, 'backbone.0.body.') }),
    width: size('input_proj.weight'),
    // The projections of all heads are stored together, so their number is unknown; any that divides the width will do.
    heads: 1,
    feedForward: size(`${encoder}.layers.0.linear1.weight`),
    encoderLayers: countLayers(shapes.keys(), `${encoder}.layers.`),
    decoderLayers: countLayers(shapes.keys(), `${decoder}.layers.`),
  };
  if (!shapes.has('refpoint_embed.weight')) {
    return detr({
      ...common,
      numClasses: size('class_embed.weight') - 1,
      queries: size('query_embed.weight'),
      preNorm: shapes.has(`${encoder}.norm.weight`),
    });
  }
  const options = {
    ...common,
    numClasses: size('class_embed.weight'),
    queries: size('refpoint_embed.weight'),
    activation: shapes.has(`${encoder}.layers.0.activation.weight`) ? ('prelu' as const) : ('relu' as const),
    patterns: shapes.get('transformer.patterns.weight')?.[0] ?? 0,
    keepQueryPosition: shapes.has(`${decoder}.layers.1.ca_qpos_proj.weight`),
  };
  // Hugging Face's DAB-DETR does not embed labels; DN-DETR does.
  return shapes.has('label_enc.weight') ? dnDetr(options) : dabDetr(options);
}

function runCase(fixture: Fixture, caseName: string): Record<string, Computed> {
  const { tensors } = translateTensors(storedTensors(fixture, caseName));
  const declared = new Map(modelOf(tensors).parameters.map((spec) => [spec.name, storedShape(spec)]));
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

/** The tensors of the file on disk, with zeros for their values. */
function storedTensors(fixture: Fixture, caseName: string): Map<string, SafeTensor> {
  const entries = arrayAt(objectAt(fixture.json.models, 'models')[caseName], `models.${caseName}`);
  return new Map(
    entries.flatMap((value, i): [string, SafeTensor][] => {
      const where = `models.${caseName}[${i}]`;
      const [name, sizes, , disk = name] = arrayAt(value, where);
      // Not in the file: another entry has the same tensor.
      if (disk === null) return [];
      const shape = countsAt(sizes, `${where}[1]`);
      const size = shape.reduce((product, axis) => product * axis, 1);
      return [[stringAt(disk, `${where}[3]`), { dtype: 'U8', shape, data: new Uint8Array(size) }]];
    }),
  );
}
