/** Declares the ops of native/ops/multi-scale-deformable-attention.cc. */
import type { NativeOp } from './op.ts';

const name = 'DnMultiScaleDeformableAttention';
const inputs = ['value', 'locations', 'weights'];
const attributes = ['sizes'];

export const multiScaleDeformableAttention: readonly NativeOp[] = [
  { name, inputs, attributes, outputs: 1 },
  { name: `${name}Grad`, inputs: [...inputs, 'dy'], attributes, outputs: 3 },
];
