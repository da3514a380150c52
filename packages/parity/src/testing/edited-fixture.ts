/** Edited copies of recorded fixtures, for tests: other names, keys and sizes. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { readSafetensors, type SafeTensor, writeSafetensors } from '@dn-detr/core/weights';
import { afterEach, beforeEach, expect } from 'vitest';
import { runParity } from '../run.ts';

export const recorded = fileURLToPath(new URL('../../../../test/fixtures/parity', import.meta.url));

/** Creates a new folder for each test of a file. */
export function editedFixtures() {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'parity-second-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  return {
    folder: () => folder,
    /** Writes an edited copy of a recorded fixture and runs it. */
    runEdited: (name: string, edit: (content: Content) => void, as = name) => runEditedIn(folder, name, edit, as),
  };
}

export type Json = Record<string, unknown>;
export interface Content {
  json: Json & { cases: Record<string, Json> };
  tensors: Map<string, SafeTensor>;
}

function runEditedIn(folder: string, name: string, edit: (content: Content) => void, as: string) {
  const content: Content = {
    json: JSON.parse(readFileSync(path.join(recorded, `${name}.json`), 'utf8')),
    tensors: new Map(),
  };
  const file = path.join(recorded, `${name}.safetensors`);
  const hasTensors = existsSync(file);
  if (hasTensors) content.tensors = new Map(readSafetensors(readFileSync(file)).tensors);
  edit(content);
  writeFileSync(path.join(folder, `${as}.json`), JSON.stringify(content.json));
  if (hasTensors) writeFileSync(path.join(folder, `${as}.safetensors`), writeSafetensors(content.tensors));
  return runParity(folder, [as]);
}

/** Gives every case a new name. */
export function renameCases({ json, tensors }: Content, rename: (name: string) => string): void {
  const stored = [...tensors];
  const dotted = (name: string) => `${name}.`;
  const cases = new Set([...Object.keys(json.cases ?? {}), ...stored.map(([key]) => key.slice(0, key.indexOf('.')))]);
  json.cases &&= Object.fromEntries(Object.entries(json.cases).map(([name, facts]) => [rename(name), facts]));
  tensors.clear();
  for (const [key, tensor] of stored) {
    const owner = [...cases].find((name) => key.startsWith(dotted(name)));
    tensors.set(owner === undefined ? key : rename(owner) + key.slice(owner.length), tensor);
  }
}

/** Removes all cases but `names`. */
export function keepCases({ json, tensors }: Content, names: readonly string[]): void {
  if (json.cases) json.cases = Object.fromEntries(names.map((name) => [name, json.cases[name] as Json]));
  for (const key of tensors.keys()) if (!names.some((name) => key.startsWith(`${name}.`))) tensors.delete(key);
}

export const drop = (tensors: Map<string, SafeTensor>, pattern: RegExp): void => {
  for (const key of tensors.keys()) if (pattern.test(key)) tensors.delete(key);
};

/** Expects this number of cases to pass, and every fixture to have a check. */
export const expectAllPass = (report: ReturnType<typeof runParity>, cases: number): void => {
  const problems = report.fixtures.flatMap(({ error, cases }) =>
    [error ?? [], ...cases.flatMap((c) => c.problems)].flat(),
  );
  expect(problems).toEqual([]);
  expect([report.passed, report.failed, report.uncovered]).toEqual([cases, 0, []]);
};
