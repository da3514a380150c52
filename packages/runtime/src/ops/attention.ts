/** Declares the ops of native/ops/attention.cc. */
import type { NativeOp } from './op.ts';

const attributes = ['sizes'];

/** Queries and keys are two tensors, or the halves of one. */
const variants = [
  { name: 'DnAttention', own: ['q', 'k'] },
  { name: 'DnPairedAttention', own: ['qk'] },
];

export const attention: readonly NativeOp[] = variants.flatMap(({ name, own }) => {
  const inputs = [...own, 'v', 'bias', 'open'];
  return [
    { name, inputs, attributes, outputs: 1 },
    { name: `${name}Grad`, inputs: [...inputs, 'dy'], attributes, outputs: own.length + 1 },
  ];
});
