/** Disposal of tensors. */
import { dispose, type TensorContainer } from '@tensorflow/tfjs-core';

/** Disposes every tensor in the given values; tfjs's own type allows neither optional fields nor interfaces. */
export const free = (...holders: readonly unknown[]): void => dispose(holders as TensorContainer);
