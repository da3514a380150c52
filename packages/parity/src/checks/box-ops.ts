/**
 * Compares box conversions, overlaps and the inverse sigmoid with `util/box_ops.py` and `util/misc.py` of the
 * references.
 */
import {
  cxcywhToXyxy,
  inverseSigmoid,
  overlapEpsilon,
  pairwiseGiou,
  pairwiseIou,
  pairwiseUnion,
  xyxyToCxcywh,
} from '@dn-detr/boxes';
import { giouRows } from '@dn-detr/core/loss';
import { inverseSigmoid as inverseSigmoidOfTensor } from '@dn-detr/core/nn';
import {
  grad,
  neg,
  reshape,
  sum,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  tile,
  transpose,
} from '@tensorflow/tfjs-core';
import type { Check, Computed } from '../check.ts';
import { type Fixture, storedName, tensorOf } from '../fixture.ts';
import { loadTensor, take, withoutLeak } from '../gradients.ts';
import { FixtureError } from '../json.ts';

export const boxOpsCheck: Check = {
  inputs: ['a_xyxy', 'b_xyxy', 'a', 'b', 'cot', 'x'],
  optional: ['a_cxcywh', 'a_back', 'union', 'detr.*', 'dn.*', 'eps*.grad'],
  cases: casesOf,
  run: runCase,
};

/** The input by which each kind of computation is recognised, and the function that does it. */
const parts = { a_xyxy: overlaps, a: giouGradients, x: inverseSigmoids } as const;

/** The JSON does not name the cases; they are recognised by their inputs. */
function casesOf({ tensors }: Fixture): string[] {
  const names = [...tensors.keys()].flatMap((stored) =>
    Object.keys(parts).flatMap((key) => {
      if (stored === key) return [''];
      return stored.endsWith(`.${key}`) ? [stored.slice(0, -key.length - 1)] : [];
    }),
  );
  return [...new Set(names)];
}

function runCase(fixture: Fixture, caseName: string): Record<string, Computed> {
  const outputs = Object.entries(parts)
    .filter(([key]) => fixture.tensors.has(storedName(caseName, key)))
    .map(([, run]) => run(fixture, caseName));
  return Object.assign({}, ...outputs);
}

function overlaps(fixture: Fixture, caseName: string): Record<string, Computed> {
  const [a, b] = ['a_xyxy', 'b_xyxy'].map((key) => floats(fixture, caseName, key)) as [Float32Array, Float32Array];
  const shape = [a.length / 4, b.length / 4];
  const centred = xyxyToCxcywh(a);
  const outputs: Record<string, Computed> = {
    a_cxcywh: { values: centred, shape: [a.length / 4, 4] },
    a_back: { values: cxcywhToXyxy(centred), shape: [a.length / 4, 4] },
    union: { values: pairwiseUnion(a, b), shape },
  };
  for (const [variant, epsilon] of Object.entries({ detr: 0, dn: overlapEpsilon })) {
    outputs[`${variant}.iou`] = { values: pairwiseIou(a, b, epsilon), shape };
    outputs[`${variant}.giou`] = { values: pairwiseGiou(a, b, epsilon), shape };
  }
  return outputs;
}

function giouGradients(fixture: Fixture, caseName: string): Record<string, Computed> {
  return withoutLeak(() => {
    const load = (key: string) => loadTensor(fixture, caseName, key) as Tensor2D;
    const [a, b, cot] = [load('a'), load('b'), load('cot')];
    const outputs: Record<string, Computed> = {};
    for (const [variant, epsilon] of Object.entries({ detr: 0, dn: overlapEpsilon })) {
      outputs[`${variant}.grad_a`] = take(giouGradient(a, b, cot, epsilon));
      outputs[`${variant}.grad_b`] = take(giouGradient(b, a, transpose(cot), epsilon));
    }
    return outputs;
  });
}

/**
 * The gradient, with respect to boxes `[N, 4]`, of the sum of cotangents `[N, M]` times the GIoU of every box with
 * every one of `others` `[M, 4]`.
 */
function giouGradient(boxes: Tensor2D, others: Tensor2D, cotangent: Tensor2D, epsilon: number): Tensor {
  const [n, m] = cotangent.shape;
  // The loss is 1 - GIoU.
  const weights: Tensor1D = reshape(neg(cotangent), [n * m]);
  return grad((boxes: Tensor) => {
    const pairs: Tensor2D = reshape(tile(reshape(boxes, [n, 1, 4]), [1, m, 1]), [n * m, 4]);
    return sum(giouRows(pairs, tile(others, [n, 1]), weights, epsilon));
  })(boxes);
}

/** The values `eps<number>.y` and gradients `eps<number>.grad` for every eps that is stored. */
function inverseSigmoids(fixture: Fixture, caseName: string): Record<string, Computed> {
  const x = floats(fixture, caseName, 'x');
  const pattern = /^eps(.+)\.y$/;
  const outputs: Record<string, Computed> = {};
  for (const stored of fixture.tensors.keys()) {
    const key = caseName === '' ? stored : stored.slice(caseName.length + 1);
    const eps = pattern.exec(key)?.[1];
    if (eps !== undefined && stored === storedName(caseName, key)) {
      outputs[key] = { values: inverseSigmoid(x, Number(eps)) };
      outputs[`eps${eps}.grad`] = inverseSigmoidGradient(fixture, caseName, Number(eps));
    }
  }
  return outputs;
}

function inverseSigmoidGradient(fixture: Fixture, caseName: string, eps: number): Computed {
  return withoutLeak(() =>
    take(grad((x: Tensor) => sum(inverseSigmoidOfTensor(x, eps)))(loadTensor(fixture, caseName, 'x'))),
  );
}

function floats(fixture: Fixture, caseName: string, key: string): Float32Array {
  const { data } = tensorOf(fixture, caseName, key);
  if (data instanceof Float32Array) return data;
  throw new FixtureError(`the tensor '${storedName(caseName, key)}' is not float32`);
}
