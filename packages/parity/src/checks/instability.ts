/** Compares matching instability over epochs with the published definition. */
import { matchingInstability } from '@dn-detr/metrics';
import type { Check, Computed } from '../check.ts';
import { type Fixture, tensorOf } from '../fixture.ts';
import { FixtureError } from '../json.ts';

export const instabilityCheck: Check = {
  inputs: ['match'],
  // The fixture has no configuration: every `match` tensor is a case.
  cases: ({ tensors }) => [...tensors.keys()].flatMap((key) => (/(?:^|\.)match$/.test(key) ? key.slice(0, -6) : [])),
  run: runCase,
};

function runCase(fixture: Fixture, caseName: string): Record<string, Computed> {
  const { data, shape } = tensorOf(fixture, caseName, 'match');
  const [epochs = 0, images = 0, queries = 0] = shape;
  if (!(data instanceof Int32Array) || shape.length !== 3) {
    throw new FixtureError(`the tensor '${caseName}.match' is not int32 [epochs, images, queries]`);
  }
  // The changes do not depend on the number of objects, so take the smallest that fits the matches.
  const counts = new Int32Array(images);
  for (const [at, object] of data.entries()) {
    const image = Math.floor(at / queries) % images;
    counts[image] = Math.max(counts[image] as number, object + 1);
  }
  const size = images * queries;
  const ofEpoch = (epoch: number) => ({
    layers: 1,
    queries,
    counts,
    objects: data.subarray(epoch * size, (epoch + 1) * size),
  });
  const changes = Array.from({ length: epochs - 1 }, (_, i) => matchingInstability(ofEpoch(i), ofEpoch(i + 1)));
  return {
    is: { values: changes.flatMap(({ perImage }) => [...perImage]), shape: [epochs - 1, images] },
    is_mean: { values: Float32Array.from(changes, ({ mean }) => mean), shape: [epochs - 1] },
  };
}
