/** Replaces single ops by ones that mean the same and that TensorFlow runs faster or fuses with their neighbours. */
import type { NativeBinding, OpAttribute } from '../native/binding.ts';
import type { Constant } from './graph.ts';
import type { Value } from './trace.ts';

/** An op with its inputs as values of the graph. */
export interface Op {
  op: string;
  attributes: OpAttribute[];
  inputs: Value[];
}

/** The best op for what `op` computes; `constantOf` gives the contents of a constant input. */
export function lowerOp(binding: NativeBinding, op: Op, constantOf: (value: Value) => Constant | undefined): Op {
  return lowerMatMul(binding, op) ?? lowerBias(binding, op) ?? lowerBiasGradient(binding, op, constantOf) ?? op;
}

/** A batched product of two matrices is a plain product, with which a bias and an activation can be fused. */
function lowerMatMul(binding: NativeBinding, { op, attributes, inputs }: Op): Op | undefined {
  if (op !== 'BatchMatMulV2' || inputs.some((input) => input.shape.length !== 2)) return undefined;
  const flag = (name: string): unknown => attributes.find((attribute) => attribute.name === name)?.value ?? false;
  const dtype = attributes.filter((attribute) => attribute.name === 'T');
  const transpose = (name: string, source: string): OpAttribute => ({
    name,
    type: binding.TF_ATTR_BOOL,
    value: flag(source),
  });
  return {
    op: 'MatMul',
    attributes: [...dtype, transpose('transpose_a', 'adj_x'), transpose('transpose_b', 'adj_y')],
    inputs,
  };
}

/** `[…, d] + [d]` is a bias. */
function lowerBias(binding: NativeBinding, { op, attributes, inputs }: Op): Op | undefined {
  const [x, bias] = inputs;
  if ((op !== 'Add' && op !== 'AddV2') || x === undefined || bias === undefined) return undefined;
  const isBias = x.dtype === binding.TF_FLOAT && bias.shape.length === 1 && x.shape.length >= 2;
  if (!isBias || x.shape.at(-1) !== bias.shape[0]) return undefined;
  return { op: 'BiasAdd', attributes, inputs };
}

/** The sum of `[n, d]` over its rows is the gradient of a bias. */
function lowerBiasGradient(
  binding: NativeBinding,
  { op, attributes, inputs }: Op,
  constantOf: (value: Value) => Constant | undefined,
): Op | undefined {
  const [x, axes] = inputs;
  if (op !== 'Sum' || x === undefined || axes === undefined) return undefined;
  const axisValues = constantOf(axes)?.values;
  const keepsDims = attributes.some((attribute) => attribute.name === 'keep_dims' && attribute.value);
  const isRowSum = x.shape.length === 2 && axisValues?.length === 1 && axisValues[0] === 0;
  if (!isRowSum || keepsDims || x.dtype !== binding.TF_FLOAT) return undefined;
  return { op: 'BiasAddGrad', attributes: attributes.filter((attribute) => attribute.name === 'T'), inputs: [x] };
}
