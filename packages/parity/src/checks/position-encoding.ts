/** Compares position encodings of feature maps and of query boxes, and the gradient of the latter. */
import { boxSineEmbedding, type SinePositionOptions, sinePositions } from '@dn-detr/core/nn';
import { reshape, type Tensor, type Tensor2D, type Tensor3D, transpose, valueAndGrad } from '@tensorflow/tfjs-core';
import type { Check, Computed } from '../check.ts';
import { type Fixture, storedName, tensorOf } from '../fixture.ts';
import { loadTensor, take, withoutLeak } from '../gradients.ts';

export const positionEncodingCheck: Check = {
  inputs: ['mask', 'pos', 'cot', 'batch', 'h', 'w', 'num_pos_feats'],
  cases: casesOf,
  run: (fixture, caseName) => {
    const isMap = fixture.tensors.has(storedName(caseName, 'mask'));
    return withoutLeak(() => (isMap ? encodeMap : encodeQueries)(fixture, caseName));
  },
};

/** The JSON names only the cases of maps, so every mask and every `pos` of queries is a case. */
function casesOf({ tensors }: Fixture): string[] {
  const found = [...tensors.keys()].flatMap((stored) => {
    const match = /^(?:(.+)\.)?(?:mask|pos)$/.exec(stored);
    return match === null ? [] : [match[1] ?? ''];
  });
  return [...new Set(found)];
}

/**
 * The options that a map's key stands for: `detr` or `hw`, then `t20` for the temperature of both axes, a second one
 * for that of x, and `unnorm`. Undefined for a key that is not an encoding.
 */
function encodingOf(key: string): Omit<SinePositionOptions, 'width'> | undefined {
  const found = /^(?:detr|hw)((?:_t\d+){0,2})(_unnorm)?$/.exec(key);
  if (found === null) return undefined;
  const [, temperatures = '', unnorm] = found;
  const [temperatureH, temperatureW] = temperatures.split('_t').slice(1).map(Number);
  return {
    ...(temperatureH !== undefined && { temperatureH }),
    ...(temperatureW !== undefined && { temperatureW }),
    ...(unnorm !== undefined && { normalize: false }),
  };
}

function encodeMap(fixture: Fixture, caseName: string): Record<string, Computed> {
  const mask = loadTensor(fixture, caseName, 'mask') as Tensor3D;
  const start = storedName(caseName, '');
  const keys = [...fixture.tensors.keys()]
    .filter((name) => name.startsWith(start))
    .map((name) => name.slice(start.length));
  return Object.fromEntries(
    keys.flatMap((key) => {
      const encoding = encodingOf(key);
      if (encoding === undefined) return [];
      const width = tensorOf(fixture, caseName, key).shape[1] as number;
      const rows = sinePositions(mask.shape, { ...encoding, width }, mask);
      return [[key, take(transpose(reshape(rows, [...mask.shape, width]), [0, 3, 1, 2]))]];
    }),
  );
}

function encodeQueries(fixture: Fixture, caseName: string): Record<string, Computed> {
  const positions = loadTensor(fixture, caseName, 'pos'); // [Q, B, 2 or 4]
  const cotangent = loadTensor(fixture, caseName, 'cot');
  const coordinates = positions.shape.at(-1) as number;
  const features = (cotangent.shape.at(-1) as number) / coordinates;
  const { value, grad } = valueAndGrad((x: Tensor) => {
    const rows = reshape(x, [-1, coordinates]) as Tensor2D;
    return reshape(boxSineEmbedding(rows, features), cotangent.shape);
  })(positions, cotangent);
  return { embed: take(value), grad_pos: take(grad) };
}
