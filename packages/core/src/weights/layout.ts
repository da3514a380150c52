/** The layout of a parameter in a checkpoint: as in PyTorch, so kernels have their axes in another order. */
import type { ParameterSpec } from '../nn/parameters.ts';
import { permute } from './strided.ts';

/** The shape in a checkpoint; that of a kernel is `[out, in, height, width]`. */
export function storedShape({ shape, kernel }: ParameterSpec): readonly number[] {
  return kernel ? kernelAxes.toStored.map((axis) => shape[axis] as number) : shape;
}

/** Converts the elements of a parameter to their order in a checkpoint. */
export function toStored({ shape, kernel }: ParameterSpec, data: Float32Array): Float32Array {
  return kernel ? permute(data, shape, kernelAxes.toStored) : data;
}

/** Converts elements in a checkpoint's order to those of a parameter. */
export function fromStored(spec: ParameterSpec, data: Float32Array): Float32Array {
  return spec.kernel ? permute(data, storedShape(spec), kernelAxes.fromStored) : data;
}

/** Source axis of each axis: `[height, width, in, out]` in memory, `[out, in, height, width]` in checkpoints. */
const kernelAxes = { toStored: [3, 2, 0, 1], fromStored: [2, 3, 1, 0] };
