/** Declares the ops of native/ops/layer-norm.cc. */
import type { NativeOp } from './op.ts';

const name = 'DnLayerNorm';
const inputs = ['x', 'weight', 'bias'];

export const layerNorm: readonly NativeOp[] = [
  { name, inputs, outputs: 1 },
  { name: `${name}Grad`, inputs: [...inputs, 'dy'], outputs: 3 },
];
