/** Declares the ops of native/ops/adamw.cc. */
import type { NativeOp } from './op.ts';

export const adamw: readonly NativeOp[] = [
  {
    name: 'DnAdamW',
    inputs: ['params', 'm', 'v', 'gradient', 'numbers', 'rates', 'factor'],
    outputs: 3,
  },
  { name: 'DnSumOfSquares', inputs: ['x'], outputs: 1 },
];
