/** Declares the ops of native/ops/depthwise-conv.cc. */
import type { NativeOp } from './op.ts';

const name = 'DnDepthwiseConv';
const inputs = ['x', 'filter'];
const attributes = ['stride'];

export const depthwiseConv: readonly NativeOp[] = [
  { name, inputs, attributes, outputs: 1 },
  { name: `${name}Grad`, inputs: [...inputs, 'dy'], attributes, outputs: 2 },
];
