/** The sequence of parts of a backbone, the first of which may be frozen. */
import { type Tensor4D, tidy } from '@tensorflow/tfjs-core';
import { withoutGradient } from '../nn/detach.ts';
import type { Module } from '../nn/module.ts';
import type { NamedTensors } from '../nn/named.ts';

/** The first convolution or a stage. */
export interface Part {
  readonly module: Module<Tensor4D, Tensor4D>;
  /** Whether the part is trained. No gradient flows into a part that is not. */
  readonly trained: boolean;
}

/** The output of each part. Each part takes the output of the previous one, the first takes the images. */
export function outputsOfParts(parts: readonly Part[], tensors: NamedTensors, images: Tensor4D): Tensor4D[] {
  let x = images;
  return parts.map(({ trained, module }) => {
    const run = (): Tensor4D => module.apply(tensors, x);
    x = trained ? tidy(run) : withoutGradient(run);
    return x;
  });
}
