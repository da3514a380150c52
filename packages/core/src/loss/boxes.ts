/**
 * Losses of boxes against target boxes, both cxcywh `[N, 4]`. Rows of weight 0 have loss and gradient 0 whatever their
 * boxes are, provided that these are finite.
 */
import {
  abs,
  add,
  concat,
  div,
  maximum,
  minimum,
  mul,
  prod,
  reciprocal,
  relu,
  reshape,
  reverse,
  sign,
  split,
  stack,
  sub,
  sum,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  transpose,
  unstack,
} from '@tensorflow/tfjs-core';
import { withGradient } from '../nn/custom-gradient.ts';

/**
 * |boxes - targets| for each coordinate.
 *
 * @param boxes `[N, 4]`
 * @param targets `[N, 4]`; no gradient
 * @param weights `[N]`; no gradient
 * @returns `[N, 4]`, weighted
 */
export function l1Rows(boxes: Tensor2D, targets: Tensor2D, weights: Tensor1D): Tensor2D {
  return withGradient([boxes], () => {
    const difference = sub(boxes, targets);
    const column = reshape(weights, [-1, 1]);
    return {
      value: mul<Tensor2D>(abs(difference), column),
      saved: [difference, column] as const,
      gradient: (dy, [difference, column]) => [mul(dy, mul(sign(difference), column))],
    };
  });
}

/** Small enough to vanish in the rounding of any box with an area, and large enough to turn 0/0 into 0. */
const smallestEpsilon = 1e-20;

/**
 * 1 - GIoU (Rezatofighi et al. 2019, https://arxiv.org/abs/1902.09630; `util/box_ops.py` of DETR and DN-DETR).
 *
 * With I, U and H the areas of intersection, union and enclosing box, and `epsilon` added to the denominators, this is
 * `2 - I/U - U/H`. As in PyTorch, the gradient where edges of both boxes coincide is the mean of the gradients on
 * either side, and boxes that merely touch have the gradient of separate boxes.
 *
 * @param boxes `[N, 4]` of width and height >= 0
 * @param targets `[N, 4]`; no gradient
 * @param weights `[N]`; no gradient
 * @param epsilon 1e-6 in DN-DETR, 0 in DETR; two boxes at the same point without area, which give NaN in DETR, have
 *   GIoU 0
 * @returns `[N]`, weighted
 */
export function giouRows(boxes: Tensor2D, targets: Tensor2D, weights: Tensor1D, epsilon: number): Tensor1D {
  const guard = Math.max(epsilon, smallestEpsilon);
  return withGradient([boxes], () => {
    const [a, b] = [edges(boxes), edges(targets)];
    const [own, hull] = [extents(a), extents(maximum(a, b))];
    const overlap = relu(extents(minimum(a, b)));
    const intersection = prod(overlap, 0);
    const areas = add(prod(own, 0), prod(extents(b), 0));
    const union = add(sub(areas, intersection), guard);
    const hullArea = add(prod(hull, 0), guard);
    const [iou, cover] = [div(intersection, union), div(union, hullArea)];
    return {
      value: mul<Tensor1D>(sub(2, add(iou, cover)), weights),
      saved: [a, b, own, overlap, hull, union, hullArea, iou, cover, weights] as const,
      gradient: (dy, [a, b, own, overlap, hull, union, hullArea, iou, cover, weights]) => {
        const inverseHull = reciprocal(hullArea);
        // Derivatives with respect to the box's area, minus the intersection's area, and the enclosing area: [N].
        const byArea = sub(div(iou, union), inverseHull);
        const byIntersection = add(reciprocal(union), byArea);
        const byHull = mul(cover, inverseHull);
        // The derivatives with respect to an edge, [axis, N]: an area grows by its extent along the other axis.
        const areaTerm = mul(reverse(own, 0), byArea);
        const innerTerm = mul(mul(reverse(overlap, 0), sign(overlap)), byIntersection);
        const hullTerm = mul(reverse(hull, 0), byHull);
        // An edge moves the intersection if it lies inside the other box's edge (1), and the enclosing box otherwise
        // (-1).
        const [low, high] = unstack(sign(sub(b, a))) as [Tensor, Tensor];
        const swing = mul(add(innerTerm, hullTerm), -0.5);
        const centre = mul(sub(high, low), swing);
        const shared = add(mul(sub(hullTerm, innerTerm), 0.5), areaTerm);
        const size = add(mul(mul(add(high, low), swing), 0.5), shared);
        return [transpose(mul(concat([centre, size]), mul(dy, weights)))];
      },
    };
  });
}

/**
 * The edges of boxes `[N, 4]` as `[side, axis, N]`: (-x0, -y0), then (x1, y1). Because the lower edges are negated, the
 * minimum and maximum over two boxes are the edges of their intersection and of their enclosing box, and the sum over
 * the sides is the extent. Boxes are the last axis so that nothing is broadcast along an axis of size two.
 */
function edges(boxes: Tensor2D): Tensor {
  const [centre, size] = split(transpose(boxes), 2) as [Tensor, Tensor];
  const half = mul(size, 0.5);
  return stack([sub(half, centre), add(half, centre)]);
}

/** Width and height `[axis, N]` from edges `[side, axis, N]`. */
function extents(edges: Tensor): Tensor {
  return sum(edges, 0);
}
