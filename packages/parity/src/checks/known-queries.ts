/** Shared by the fixtures of known queries: targets and draws as they are stored, and the order of results. */
import { type KnownQueries, type RecordedNoise, recordedNoise } from '@dn-detr/dn';
import { type Fixture, storedName, tensorOf } from '../fixture.ts';
import { FixtureError } from '../json.ts';

/**
 * The targets of every image, from `gt_labels`, `gt_boxes` and `gt_counts`.
 *
 * @throws FixtureError if the counts do not add up to the labels and boxes
 */
export function targetsOf(fixture: Fixture, caseName: string): { labels: Int32Array; boxes: Float32Array }[] {
  const labels = Int32Array.from(tensorOf(fixture, caseName, 'gt_labels').data);
  const boxes = Float32Array.from(tensorOf(fixture, caseName, 'gt_boxes').data);
  const counts = Array.from(tensorOf(fixture, caseName, 'gt_counts').data);
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total !== labels.length || 4 * total !== boxes.length) {
    throw new FixtureError(
      `${caseName}: gt_counts add up to ${total}, but there are ${labels.length} gt_labels and ${boxes.length / 4} gt_boxes`,
    );
  }
  let start = 0;
  return counts.map((count) => {
    const end = start + count;
    const target = { labels: labels.subarray(start, end), boxes: boxes.subarray(4 * start, 4 * end) };
    start = end;
    return target;
  });
}

/** The stored draws; the reference draws only if a noise scale is above 0. */
export function drawsOf(fixture: Fixture, caseName: string, keys: readonly string[]): RecordedNoise {
  return recordedNoise(keys.flatMap((key) => fixture.tensors.get(storedName(caseName, `draw.${key}`))?.data ?? []));
}

/** @throws FixtureError if some of the stored draws were not used */
export function requireUsedUp(noise: RecordedNoise, caseName: string): void {
  if (noise.remaining > 0) throw new FixtureError(`${caseName}: ${noise.remaining} of the stored draws were not used`);
}

/** Indices in `[B, K]` of the real known queries `[N]` in the reference's order: group, half of it, image, object. */
export function realQueries({ layout, valid }: KnownQueries): Int32Array {
  const places: number[] = [];
  for (let start = 0; start < layout.known; start += layout.slots) {
    for (let image = 0; image < layout.batch; image++) {
      for (let slot = 0; slot < layout.slots; slot++) {
        const place = image * layout.known + start + slot;
        if (valid[place] === 1) places.push(place);
      }
    }
  }
  return Int32Array.from(places);
}

/** Selects rows `[N, width]` from values `[B, K, width]`. */
export function rowsAt(values: ArrayLike<number>, places: Int32Array, width: number): number[] {
  return Array.from(places).flatMap((place) => Array.from({ length: width }, (_, i) => values[width * place + i] ?? 0));
}
