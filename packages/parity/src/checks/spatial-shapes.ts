/** The levels of a case as its JSON describes them, and their padding. */
import { type LevelTokens, validSize } from '@dn-detr/core/models';
import { type Rank, reshape, slice, stack, type Tensor2D, type Tensor3D } from '@tensorflow/tfjs-core';
import { type Fixture, storedName } from '../fixture.ts';
import { loadTensor } from '../gradients.ts';
import { arrayAt, countsAt, objectAt } from '../json.ts';

export type PaddedLevels = Pick<LevelTokens, 'sizes' | 'padding' | 'validSizes'>;

/** Reads `spatial_shapes` of the case and, if stored, `padding_mask` `[B, S]`. */
export function paddedLevelsOf(fixture: Fixture, caseName: string): PaddedLevels {
  const where = `cases.${caseName}.spatial_shapes`;
  const shapes = arrayAt(objectAt(fixture.cases.get(caseName), `cases.${caseName}`).spatial_shapes, where);
  const sizes = shapes.map((shape, level) => {
    const [height, width] = countsAt(shape, `${where}[${level}]`) as [number, number];
    return { height, width };
  });
  if (!fixture.tensors.has(storedName(caseName, 'padding_mask'))) return { sizes };
  const padding = loadTensor(fixture, caseName, 'padding_mask') as Tensor2D;
  const [images] = padding.shape;
  let start = 0;
  const ofLevels = sizes.map(({ height, width }) => {
    const mask = reshape<Rank.R3>(slice(padding, [0, start], [images, height * width]), [images, height, width]);
    start += height * width;
    return validSize(mask);
  });
  return { sizes, padding, validSizes: stack(ofLevels, 1) as Tensor3D };
}
