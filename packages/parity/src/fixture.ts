/**
 * Fixtures on disk: `<name>.json` (configuration, scalars, tolerances) with an optional `<name>.safetensors`, whose
 * tensors are called `<case>.<key>`.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { readSafetensors, type SafeTensor, SafetensorsError } from '@dn-detr/core/weights';
import { arrayAt, FixtureError, isObject, type JsonObject, numberAt, objectAt } from './json.ts';
import { readRule, type ToleranceRule } from './tolerance.ts';

/** A fixture, read into memory. */
export interface Fixture {
  /** Folder of the fixture, which also has the data files to which it refers. */
  readonly folder: string;
  readonly name: string;
  /** Its field `fixture`, which says what was captured and so which check applies. */
  readonly kind: string;
  readonly json: JsonObject;
  /** Configuration per case; empty if the fixture has a single case without a name. */
  readonly cases: ReadonlyMap<string, JsonObject>;
  readonly tensors: ReadonlyMap<string, SafeTensor>;
  readonly rules: readonly ToleranceRule[];
  /** Absolute tolerances of single tensors, which replace those of their rules. */
  readonly atolByKey: ReadonlyMap<string, number>;
}

/**
 * The names of the fixtures in a folder, sorted. A JSON file without tensors and without the field `fixture` is data to
 * which a fixture refers; one that cannot be read is included, so that the damage is reported.
 *
 * @throws FixtureError if the folder does not exist or has no fixtures
 */
export function listFixtures(folder: string): string[] {
  const expected = 'expected a folder of <name>.json files with optional <name>.safetensors';
  if (!existsSync(folder)) throw new FixtureError(`there is no folder ${folder}: ${expected}`);
  if (!statSync(folder).isDirectory()) throw new FixtureError(`${folder} is not a folder: ${expected}`);
  const files = new Set(readdirSync(folder));
  const stems = [...files].flatMap((file) => /^(.+)\.(?:json|safetensors)$/.exec(file)?.[1] ?? []);
  const names = [...new Set(stems)].sort().filter((name) => {
    if (files.has(`${name}.safetensors`)) return true;
    try {
      const json = readJson(path.join(folder, `${name}.json`));
      return isObject(json) && 'fixture' in json;
    } catch {
      return true;
    }
  });
  if (names.length === 0) throw new FixtureError(`${folder} has no fixtures: ${expected}`);
  return names;
}

/** @throws FixtureError if a file is missing, cut off, or not in the format of a fixture */
export function readFixture(folder: string, name: string): Fixture {
  const json = objectAt(readJson(path.join(folder, `${name}.json`)), `${name}.json`);
  const kind = json.fixture;
  if (typeof kind !== 'string') throw new FixtureError(`${name}.json: expected the fixture's kind in "fixture"`);
  const cases = json.cases === undefined ? {} : objectAt(json.cases, 'cases');
  const rules = json.tolerances === undefined ? [] : arrayAt(json.tolerances, 'tolerances');
  const atolByKey = json.atol_by_key === undefined ? {} : objectAt(json.atol_by_key, 'atol_by_key');
  return {
    folder,
    name,
    kind,
    json,
    cases: mapOf(cases, (value, key) => objectAt(value, `cases.${key}`)),
    tensors: readTensors(path.join(folder, `${name}.safetensors`)),
    rules: rules.map((rule, i) => readRule(rule, `tolerances[${i}]`)),
    atolByKey: mapOf(atolByKey, (value, key) => numberAt(value, `atol_by_key.${key}`)),
  };
}

/** The name under which a fixture stores a key of a case; `''` is the case of a fixture without cases. */
export function storedName(caseName: string, key: string): string {
  return caseName === '' ? key : `${caseName}.${key}`;
}

/** @throws FixtureError if the case has no tensor with that key */
export function tensorOf(fixture: Fixture, caseName: string, key: string): SafeTensor {
  const name = storedName(caseName, key);
  const tensor = fixture.tensors.get(name);
  if (tensor !== undefined) return tensor;
  const hint = fixture.tensors.size === 0 ? ', which is missing or empty' : '';
  throw new FixtureError(`the tensor '${name}' is missing: expected it in ${fixture.name}.safetensors${hint}`);
}

function readJson(file: string): unknown {
  const name = path.basename(file);
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) {
      throw new FixtureError(`${name} is not valid JSON: is it cut off or damaged? (${error.message})`);
    }
    throw new FixtureError(`${name} cannot be read (${(error as Error).message})`);
  }
}

function readTensors(file: string): ReadonlyMap<string, SafeTensor> {
  if (!existsSync(file)) return new Map();
  const name = path.basename(file);
  try {
    return readSafetensors(readFileSync(file)).tensors;
  } catch (error) {
    if (error instanceof SafetensorsError) throw new FixtureError(`${name}: ${error.message}`);
    throw new FixtureError(`${name} cannot be read (${(error as Error).message})`);
  }
}

function mapOf<T>(values: JsonObject, read: (value: unknown, key: string) => T): ReadonlyMap<string, T> {
  return new Map(Object.entries(values).map(([key, value]) => [key, read(value, key)]));
}
