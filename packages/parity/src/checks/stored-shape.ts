/** Shapes of parameters in a state_dict. */
import type { ParameterSpec } from '@dn-detr/core/nn';

/** The shape in a state_dict, where the axes of a kernel have PyTorch's order: `[out, in, height, width]`. */
export function storedShape({ shape, kernel }: ParameterSpec): readonly number[] {
  if (!kernel) return shape;
  const [height, width, inputs, outputs] = shape as [number, number, number, number];
  return [outputs, inputs, height, width];
}
