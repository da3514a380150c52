/** Declares the ops of native/ops/bias-activation.cc. */
import type { NativeOp } from './op.ts';

const inputs = ['x', 'bias'];

export const biasActivation: readonly NativeOp[] = [
  { name: 'DnBiasRelu', inputs, outputs: 1 },
  { name: 'DnBiasReluGrad', inputs: [...inputs, 'dy'], outputs: 2 },
  { name: 'DnBiasPrelu', inputs: [...inputs, 'slope'], outputs: 1 },
  { name: 'DnBiasPreluGrad', inputs: [...inputs, 'slope', 'dy'], outputs: 3 },
  { name: 'DnColumnSums', inputs: ['x'], outputs: 1 },
];
