/** Builds the weights of a backbone in closed form, from the state_dict that a fixture lists. */
import type { Backbone, NamedTensors } from '@dn-detr/core';
import { tensor, transpose } from '@tensorflow/tfjs-core';
import type { Fixture } from '../fixture.ts';
import { formulaWeight, type Wave, type WeightKind, weightKind } from '../formula.ts';
import { arrayAt, countsAt, FixtureError, objectAt, stringAt } from '../json.ts';
import { storedShape } from './stored-shape.ts';

/** A weight of a state_dict. */
export interface Entry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly kind: WeightKind;
}

/** Reads the state_dict of a network. */
export function readEntries({ json }: Fixture, arch: string): Entry[] {
  const where = `state_dict.${arch}`;
  return arrayAt(objectAt(json.state_dict, 'state_dict')[arch], where).map((value, i) => {
    const place = `${where}[${i}]`;
    const entry = objectAt(value, place);
    return {
      name: stringAt(entry.name, `${place}.name`),
      shape: countsAt(entry.shape, `${place}.shape`),
      kind: weightKind(stringAt(entry.kind, `${place}.kind`), `${place}.kind`),
    };
  });
}

/** @throws FixtureError if a weight is missing, or its shape differs from that in our network */
export function loadWeights(entries: readonly Entry[], { parameters }: Backbone, wave: Wave): NamedTensors {
  const entryOf = new Map(entries.map((entry) => [entry.name, entry]));
  return Object.fromEntries(
    parameters.map((spec) => {
      const entry = entryOf.get(spec.name);
      if (`${entry?.shape}` !== `${storedShape(spec)}`) {
        const found = entry === undefined ? 'none' : `[${entry.shape.join(', ')}]`;
        throw new FixtureError(`${spec.name}: our network has [${storedShape(spec).join(', ')}], found ${found}`);
      }
      const weight = tensor(formulaWeight({ ...(entry as Entry), wave }), [...storedShape(spec)]);
      return [spec.name, spec.kernel ? transpose(weight, [2, 3, 1, 0]) : weight];
    }),
  );
}
