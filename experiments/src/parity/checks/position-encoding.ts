/** Position encodings of feature maps and of query boxes, and the gradient of the latter. */
import { boxSineEmbedding, type SinePositionOptions, sinePositions } from '@dn-detr/core';
import { reshape, type Tensor, type Tensor2D, type Tensor3D, transpose, valueAndGrad } from '@tensorflow/tfjs-core';
import type { Check, Computed } from '../check.ts';
import { type Fixture, storedName, tensorOf } from '../fixture.ts';
import { loadTensor, take, withoutLeak } from '../gradients.ts';

export const positionEncodingCheck: Check = {
  inputs: ['mask', 'pos', 'cot', 'batch', 'h', 'w', 'num_pos_feats'],
  // The json names those of maps only.
  cases: ({ tensors }) => [...new Set([...tensors.keys()].map((name) => name.slice(0, name.indexOf('.'))))],
  run: (fixture, caseName) => {
    const runCase = fixture.cases.has(caseName) ? encodeMap : encodeQueries;
    return withoutLeak(() => runCase(fixture, caseName));
  },
};

/** What each key of a map is made with. */
const encodings: Readonly<Record<string, Omit<SinePositionOptions, 'width'>>> = {
  detr_t10000: {},
  detr_unnorm: { normalize: false },
  hw_t20: { temperatureH: 20 },
  hw_t20_t50: { temperatureH: 20, temperatureW: 50 },
};

function encodeMap(fixture: Fixture, caseName: string): Record<string, Computed> {
  const mask = loadTensor(fixture, caseName, 'mask') as Tensor3D;
  const keys = Object.keys(encodings).filter((key) => fixture.tensors.has(storedName(caseName, key)));
  return Object.fromEntries(
    keys.map((key) => {
      const width = tensorOf(fixture, caseName, key).shape[1] as number;
      const rows = sinePositions(mask.shape, { ...encodings[key], width }, mask);
      return [key, take(transpose(reshape(rows, [...mask.shape, width]), [0, 3, 1, 2]))];
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
