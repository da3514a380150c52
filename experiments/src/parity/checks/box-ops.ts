/** Box conversions, overlaps and the inverse sigmoid against `util/box_ops.py` and `util/misc.py` of the references. */
import {
  cxcywhToXyxy,
  inverseSigmoid,
  overlapEpsilon,
  pairwiseGiou,
  pairwiseIou,
  pairwiseUnion,
  xyxyToCxcywh,
} from '@dn-detr/boxes';
import type { Check, Computed } from '../check.ts';
import { type Fixture, storedName, tensorOf } from '../fixture.ts';
import { FixtureError } from '../json.ts';

export const boxOpsCheck: Check = {
  inputs: ['a_xyxy', 'b_xyxy', 'a', 'b', 'cot', 'x'],
  cases: casesOf,
  run: runCase,
};

/** What a case must hold to be one, and how it is computed. */
const parts = { a_xyxy: overlaps, x: inverseSigmoids } as const;

/** The json names no cases: they are known by their inputs. Those with gradients alone are left to the tensors' own. */
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

/** `eps<number>.y` for every eps that is stored. */
function inverseSigmoids(fixture: Fixture, caseName: string): Record<string, Computed> {
  const x = floats(fixture, caseName, 'x');
  const pattern = /^eps(.+)\.y$/;
  const outputs: Record<string, Computed> = {};
  for (const stored of fixture.tensors.keys()) {
    const key = caseName === '' ? stored : stored.slice(caseName.length + 1);
    const eps = pattern.exec(key)?.[1];
    if (eps !== undefined && stored === storedName(caseName, key)) {
      outputs[key] = { values: inverseSigmoid(x, Number(eps)) };
    }
  }
  return outputs;
}

function floats(fixture: Fixture, caseName: string, key: string): Float32Array {
  const { data } = tensorOf(fixture, caseName, key);
  if (data instanceof Float32Array) return data;
  throw new FixtureError(`the tensor '${storedName(caseName, key)}' is not float32`);
}
