/** How a parameter lies in a checkpoint: as in PyTorch, so kernels have their axes in another order. */
import type { ParameterSpec } from '../nn/parameters.ts';
import { permute } from './strided.ts';

/** The shape in a checkpoint: a kernel's is `[out, in, height, width]`. */
export function storedShape({ shape, kernel }: ParameterSpec): readonly number[] {
  return kernel ? kernelAxes.toStored.map((axis) => shape[axis] as number) : shape;
}

/** Elements as they lie in a checkpoint, from those of a parameter. */
export function toStored({ shape, kernel }: ParameterSpec, data: Float32Array): Float32Array {
  return kernel ? permute(data, shape, kernelAxes.toStored) : data;
}

/** Elements of a parameter, from those that lie in a checkpoint. */
export function fromStored(spec: ParameterSpec, data: Float32Array): Float32Array {
  return spec.kernel ? permute(data, storedShape(spec), kernelAxes.fromStored) : data;
}

/** Which axis of the other order stands where: `[height, width, in, out]` here, `[out, in, height, width]` there. */
const kernelAxes = { toStored: [3, 2, 0, 1], fromStored: [2, 3, 1, 0] };
