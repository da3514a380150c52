/** Compares closed-form weights and images with stored values at some indices, and the hashes of names exactly. */
import type { Check, Computed } from '../check.ts';
import type { Fixture } from '../fixture.ts';
import { fnv1a32, pixelElement, waveOf, weightElement, weightKind } from '../formula.ts';
import { arrayAt, countsAt, FixtureError, type JsonObject, numberAt, numbersAt, objectAt, stringAt } from '../json.ts';

/** A case, from `checks` or `image` of the fixture, and how it is computed. */
interface FormulaCase {
  readonly name: string;
  readonly run: () => Readonly<Record<string, Computed>>;
}

export const formulaCheck: Check = {
  inputs: [],
  cases: (fixture) => casesOf(fixture).map(({ name }) => name),
  run: (fixture, caseName) =>
    casesOf(fixture)
      .find(({ name }) => name === caseName)
      ?.run() ?? {},
};

function casesOf({ json }: Fixture): FormulaCase[] {
  const weights = arrayAt(json.checks, 'checks').map((value, i): FormulaCase => {
    const where = `checks[${i}]`;
    const check = objectAt(value, where);
    // The index distinguishes names that occur twice.
    return { name: `${where} ${check.wave} ${check.name}`, run: () => weightCase(check, where) };
  });
  const images = json.image === undefined ? {} : objectAt(json.image, 'image');
  return [
    ...weights,
    ...Object.entries(images).map(
      ([wave, value]): FormulaCase => ({ name: `image.${wave}`, run: () => imageCase(wave, value) }),
    ),
  ];
}

function weightCase(check: JsonObject, where: string): Record<string, Computed> {
  const name = stringAt(check.name, `${where}.name`);
  const shape = countsAt(check.shape, `${where}.shape`);
  const kind = weightKind(stringAt(check.kind, `${where}.kind`), `${where}.kind`);
  const wave = waveOf(stringAt(check.wave, `${where}.wave`), `${where}.wave`);
  const hash = numberAt(check.fnv1a32, `${where}.fnv1a32`);
  return {
    fnv1a32: { values: [fnv1a32(name)], expected: { values: [hash], exact: true } },
    values: samples(check, where, shape, weightElement({ name, shape, kind, wave })),
  };
}

function imageCase(waveName: string, value: unknown): Record<string, Computed> {
  const where = `image.${waveName}`;
  const image = objectAt(value, where);
  const tag = stringAt(image.tag, `${where}.tag`);
  const shape = countsAt(image.shape, `${where}.shape`);
  return { values: samples(image, where, shape, pixelElement(waveOf(waveName, where), tag)) };
}

/** Our elements at the stored indices, compared with the stored values. */
function samples(
  stored: JsonObject,
  where: string,
  shape: readonly number[],
  element: (index: number) => number,
): Computed {
  const indices = countsAt(stored.indices, `${where}.indices`);
  const size = shape.reduce((product, axis) => product * axis, 1);
  if (indices.length === 0) throw new FixtureError(`${where}.indices: expected at least one index, found none`);
  const outside = indices.find((index) => index >= size);
  if (outside !== undefined) {
    throw new FixtureError(`${where}.indices: ${outside} is outside the ${size} elements of [${shape.join(', ')}]`);
  }
  return { values: indices.map(element), expected: { values: numbersAt(stored.values, `${where}.values`) } };
}
