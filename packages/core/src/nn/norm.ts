/** Layer normalisation, `torch.nn.LayerNorm` over the last axis. */
import { add, mean, mul, rsqrt, square, sub, type Tensor1D, type Tensor2D } from '@tensorflow/tfjs-core';
import { columnSums } from './column-sums.ts';
import { withGradient } from './custom-gradient.ts';
import { constant, type ParameterDeclaration } from './init.ts';
import { type NamedTensors, namedTensor } from './named.ts';
import type { ParameterGroup } from './parameters.ts';

export interface NormParameters {
  /** `[d]`, the scale */
  readonly weight: Tensor1D;
  /** `[d]`, the shift */
  readonly bias: Tensor1D;
}

/**
 * Normalises each row to mean 0 and variance 1 (the biased variance plus `epsilon`), then scales and shifts.
 *
 * With `n` the normalised rows, `r` one over the standard deviation and `g = dy · weight`, the gradient of the input
 * is `r (g - mean(g) - n mean(g n))` (Ba et al. 2016, https://arxiv.org/abs/1607.06450).
 *
 * @param x `[N, d]`
 * @param epsilon PyTorch's default
 * @returns `[N, d]`
 */
export function layerNorm(x: Tensor2D, { weight, bias }: NormParameters, epsilon = 1e-5): Tensor2D {
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

/** Declares `prefix.weight` and `prefix.bias`, `[width]` both, which start as the identity. */
export function declareNorm(
  prefix: string,
  { width, group }: { readonly width: number; readonly group: ParameterGroup },
): ParameterDeclaration[] {
  return [
    { name: `${prefix}.weight`, shape: [width], group, init: constant(1) },
    { name: `${prefix}.bias`, shape: [width], group, init: constant(0) },
  ];
}

/** `prefix.weight` and `prefix.bias`, as `declareNorm` declares them. */
export function normParameters(tensors: NamedTensors, prefix: string): NormParameters {
  return { weight: namedTensor(tensors, `${prefix}.weight`), bias: namedTensor(tensors, `${prefix}.bias`) };
}
