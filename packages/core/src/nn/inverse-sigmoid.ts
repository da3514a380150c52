/** The inverse of the sigmoid, used by DAB-DETR to refine anchors layer by layer. */
import { add, cast, clipByValue, div, greater, log, maximum, mul, sign, sub, type Tensor } from '@tensorflow/tfjs-core';
import { withGradient } from './custom-gradient.ts';

/**
 * `log(x / (1 - x))` with x clamped to 0..1 and both x and 1 - x kept at `eps` or above, so that it is finite
 * everywhere. No gradient passes where a value is clamped or equals the bound.
 *
 * Sources: `util/misc.py` of DN-DETR (eps 1e-3, the default); Deformable DETR, detrex and Hugging Face use 1e-5.
 */
export function inverseSigmoid<T extends Tensor>(x: T, eps = 1e-3): T {
  return withGradient([x], () => {
    const inside = clipByValue<Tensor>(x, 0, 1);
    const rest = sub(1, inside);
    const [above, below] = [maximum(inside, eps), maximum(rest, eps)];
    return {
      value: log<T>(div<T>(above, below)),
      saved: [inside, rest, above, below] as const,
      gradient: (dy, [inside, rest, above, below]) => {
        const free = (values: Tensor): Tensor => cast(greater(values, eps), 'float32');
        const slope = add(div(free(inside), above), div(free(rest), below));
        // The product is 0 where the outer clamp applies, and positive elsewhere.
        return [mul(mul(dy, slope), sign(mul(inside, rest)))];
      },
    };
  });
}
