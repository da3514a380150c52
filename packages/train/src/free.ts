/** Letting go of tensors. */
import { dispose, type TensorContainer } from '@tensorflow/tfjs-core';

/** Disposes every tensor in these; tfjs's own type knows no optional fields and no interfaces. */
export const free = (...holders: readonly unknown[]): void => dispose(holders as TensorContainer);
