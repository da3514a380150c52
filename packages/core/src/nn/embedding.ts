/** A table of learned rows, `torch.nn.Embedding`: queries, anchors, labels, positions. */
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { type Init, normal } from './init.ts';
import { type Module, parameter } from './module.ts';
import type { ParameterGroup } from './parameters.ts';

/** The sizes of a table of learned rows. */
export interface EmbeddingOptions {
  readonly rows: number;
  readonly width: number;
  readonly group: ParameterGroup;
  /** Initialiser of the rows, by default PyTorch's: the standard normal distribution. @defaultValue `normal(1)` */
  readonly init?: Init;
}

/**
 * A table of learned rows, `[rows, width]`.
 *
 * @param name the parameter is `name.weight`
 */
export function embedding(
  name: string,
  { rows, width, group, init = normal(1) }: EmbeddingOptions,
): Module<void, Tensor2D> {
  return parameter({ name: `${name}.weight`, shape: [rows, width], group, init });
}
