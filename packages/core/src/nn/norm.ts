/** Layer normalisation over the last axis, `torch.nn.LayerNorm`. */
import { add, mean, mul, rsqrt, square, sub, type Tensor1D, type Tensor2D } from '@tensorflow/tfjs-core';
import { columnSums } from './column-sums.ts';
import { withGradient } from './custom-gradient.ts';
import { constant } from './init.ts';
import { kernelOp } from './kernel-op.ts';
import { type Module, parameter, parametersOf } from './module.ts';
import type { ParameterGroup } from './parameters.ts';

/** Added to the variance: PyTorch's default. */
const epsilon = 1e-5;

/**
 * Layer normalisation of rows `[N, width]`.
 *
 * @param name the parameters are `name.weight` and `name.bias`, both `[width]`
 */
export function layerNorm(
  name: string,
  options: { readonly width: number; readonly group: ParameterGroup },
): Module<Tensor2D, Tensor2D> {
  const { weight, bias } = scaleAndShift(name, options);
  return {
    parameters: parametersOf(weight, bias),
    apply: (tensors, x) => normalizeRows(x, weight.apply(tensors), bias.apply(tensors)),
  };
}

/**
 * Normalises each row to mean 0 and variance 1 (the biased variance plus `epsilon`), then scales and shifts it.
 *
 * With `n` the normalised rows, `r` the reciprocal of the standard deviation and `g = dy · weight`, the gradient of the
 * input is `r (g - mean(g) - n mean(g n))` (Ba et al. 2016, https://arxiv.org/abs/1607.06450).
 *
 * @param x `[N, d]`
 * @param weight `[d]`, the scale
 * @param bias `[d]`, the shift
 * @returns `[N, d]`
 */
export function normalizeRows(x: Tensor2D, weight: Tensor1D, bias: Tensor1D): Tensor2D {
  return kernelOp({
    name: 'DnLayerNorm',
    inputs: { x, weight, bias },
    composed: () => composed(x, weight, bias),
  });
}

function composed(x: Tensor2D, weight: Tensor1D, bias: Tensor1D): Tensor2D {
  return withGradient([x, weight, bias], () => {
    const centred = sub<Tensor2D>(x, mean(x, 1, true));
    const variance = mean<Tensor2D>(square(centred), 1, true);
    const scale = rsqrt(add<Tensor2D>(variance, epsilon));
    const normal = mul<Tensor2D>(centred, scale);
    return {
      value: add<Tensor2D>(mul(normal, weight), bias),
      saved: [normal, scale, weight] as const,
      gradient: (dy, [normal, scale, weight]) => {
        const dyNormal = mul<Tensor2D>(dy, normal);
        const g = mul(dy, weight);
        const along = mul(normal, mean(mul(g, normal), 1, true));
        const dx = mul(sub(sub(g, mean(g, 1, true)), along), scale);
        return [dx, columnSums(dyNormal), columnSums(dy)];
      },
    };
  });
}

/** The weight and bias `[width]` of a normalisation, which starts as the identity. */
export function scaleAndShift(
  name: string,
  { width, group }: { readonly width: number; readonly group: ParameterGroup },
): { readonly weight: Module<void, Tensor1D>; readonly bias: Module<void, Tensor1D> } {
  return {
    weight: parameter({ name: `${name}.weight`, shape: [width], group, init: constant(1) }),
    bias: parameter({ name: `${name}.bias`, shape: [width], group, init: constant(0) }),
  };
}
