import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { readSafetensors, type SafeTensor, writeSafetensors } from '@dn-detr/core/weights';
import { useBackend } from '@dn-detr/runtime';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { formatReport, reportAsJson } from './report.ts';
import { runParity } from './run.ts';

const recorded = fileURLToPath(new URL('../../../test/fixtures/parity', import.meta.url));

let folder: string;
beforeAll(() => useBackend('cpu'));
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'parity-'));
  for (const file of ['adamw.json', 'adamw.safetensors', 'formula.json']) {
    cpSync(path.join(recorded, file), path.join(folder, file));
  }
});
afterEach(() => rmSync(folder, { recursive: true }));

type Json = Record<string, unknown>;

function editJson<T extends Json>(name: string, edit: (json: T) => void): void {
  const file = path.join(folder, `${name}.json`);
  const json = JSON.parse(readFileSync(file, 'utf8')) as T;
  edit(json);
  writeFileSync(file, JSON.stringify(json));
}

function editTensors(edit: (tensors: Map<string, SafeTensor>) => void): void {
  const file = path.join(folder, 'adamw.safetensors');
  const tensors = new Map(readSafetensors(readFileSync(file)).tensors);
  edit(tensors);
  writeFileSync(file, writeSafetensors(tensors));
}

const caseOf = (fixture: string, name: string) =>
  runParity(folder)
    .fixtures.find((report) => report.name === fixture)
    ?.cases.find((report) => report.name === name);

describe('runParity', () => {
  it('passes on the recorded fixtures and lists uncovered keys', () => {
    const report = runParity(folder);
    expect([report.passed, report.failed, report.uncovered]).toEqual([17, 0, []]);
    const adamw = report.fixtures.find(({ name }) => name === 'adamw');
    expect(adamw?.cases.map(({ name, keys }) => [name, [...keys].sort()])).toEqual([
      ['plain', ['grad_norms', 'p0', 'p1']],
      ['groups_clip', ['grad_norms', 'p0', 'p1', 'p2', 'p3']],
      ['drop', ['grad_norms', 'p0']],
    ]);
    expect(adamw?.uncovered).toContain('plain.float32.p1');
    expect(adamw?.uncovered.every((key) => /\.float32\.p\d$/.test(key))).toBe(true);
  });

  it('fails on a wrong tensor, only in its case', () => {
    editTensors((tensors) => {
      (tensors.get('plain.p0')?.data as Float32Array)[3] = 7;
    });
    const report = runParity(folder);
    expect(report.failed).toBe(1);
    const plain = caseOf('adamw', 'plain');
    expect(plain).toMatchObject({ pass: false });
    expect(plain?.maxError).toBeGreaterThan(plain?.tolerance as number);
    expect(plain?.problems[0]).toMatch(/^p0: element 3 differs by .*, allowed is/);
    expect(formatReport(report)).toContain('FAIL adamw plain: p0: element 3');
  });

  it('fails on a value slightly beyond the tolerance', () => {
    editTensors((tensors) => {
      const data = tensors.get('drop.p0')?.data as Float32Array;
      const largest = Math.max(...data.map(Math.abs));
      data[0] = (data[0] as number) + 7e-6 * largest;
    });
    expect(caseOf('adamw', 'drop')?.pass).toBe(false);
  });

  it('fails on wrong scalars: a gradient norm, a hash, a value, a pixel', () => {
    editJson<Json & { cases: Record<string, { grad_norms: number[] }> }>('adamw', ({ cases }) => {
      (cases.drop?.grad_norms as number[])[2] = 8.37;
    });
    type Formula = Json & {
      checks: { fnv1a32: number; values: number[] }[];
      image: Record<string, { values: number[] }>;
    };
    editJson<Formula>('formula', ({ checks, image }) => {
      (checks[0] as { fnv1a32: number }).fnv1a32 += 1;
      (checks[1] as { values: number[] }).values[0] = 0.9061336;
      (image.hash as { values: number[] }).values[3] = 0.7181935;
    });
    expect(runParity(folder).failed).toBe(4);
    expect(caseOf('adamw', 'drop')?.problems[0]).toContain('grad_norms: element 2 differs');
    expect(caseOf('formula', 'image.hash')?.pass).toBe(false);
  });

  it.each([
    ['stored', 'plain.p1'],
    ['computed', 'plain.init1'],
  ])('never passes a NaN: %s', (_, key) => {
    editTensors((tensors) => {
      (tensors.get(key)?.data as Float32Array)[0] = Number.NaN;
    });
    const report = runParity(folder);
    expect(report.failed).toBe(1);
    expect(JSON.parse(reportAsJson(report)).fixtures[0].cases[0]).toMatchObject({ maxError: 'NaN', pass: false });
    expect(caseOf('adamw', 'plain')?.problems[0]).toMatch(/^p1: element 0 is NaN in one of the two, allowed is/);
  });

  it('reports missing inputs and outputs, and a tensor of the wrong size', () => {
    editTensors((tensors) => {
      tensors.delete('plain.p0');
      tensors.delete('drop.init0');
      tensors.set('groups_clip.grads1', { dtype: 'F32', shape: [2], data: Float32Array.of(1, 2) });
    });
    expect(caseOf('adamw', 'plain')?.problems).toEqual([
      "p0: there is nothing to compare with: 'plain.p0' is not stored",
    ]);
    expect(caseOf('adamw', 'drop')?.problems[0]).toContain("'drop.init0' is missing");
    expect(caseOf('adamw', 'groups_clip')?.problems[0]).toContain("'groups_clip.grads1' has shape [2]: expected 50");
    expect(runParity(folder).failed).toBe(3);
  });

  it('reports tensors that are missing or cut off, and JSON that is cut off', () => {
    const tensors = path.join(folder, 'adamw.safetensors');
    writeFileSync(tensors, readFileSync(tensors).subarray(0, 20_000));
    writeFileSync(path.join(folder, 'formula.json'), readFileSync(path.join(folder, 'formula.json')).subarray(0, 500));
    const errors = runParity(folder).fixtures.map(({ error }) => error);
    expect(errors[0]).toMatch(/^adamw\.safetensors: safetensors: tensor '.*' ends at byte/);
    expect(errors[1]).toMatch(/^formula\.json is not valid JSON: is it cut off or damaged\?/);
    expect(runParity(folder).failed).toBe(2);
    rmSync(tensors);
    expect(caseOf('adamw', 'plain')?.problems[0]).toContain('which is missing or empty');
  });

  it.each<[string, (json: Json & { cases: Record<string, Json> }) => void, string]>([
    ['no groups', ({ cases }) => delete (cases.drop as Json).groups, 'cases.drop.groups: expected a list'],
    [
      'a string as the clip norm',
      ({ cases }) => Object.assign(cases.drop as Json, { clip: 'some' }),
      'clip: expected a number',
    ],
    ['a rule without tolerances', (json) => Object.assign(json, { tolerances: [{ keys: 'q*' }] }), 'no tolerance'],
    ['no cases', (json) => Object.assign(json, { cases: {} }), 'has no cases'],
    ['no kind', (json) => Object.assign(json, { fixture: 3 }), 'expected the fixture\'s kind in "fixture"'],
  ])('reports a malformed fixture with a clear message: %s', (_, edit, message) => {
    editJson('adamw', edit);
    const report = runParity(folder);
    expect(report.failed).toBeGreaterThan(0);
    expect(formatReport(report)).toContain(message);
  });

  it('accepts other names, cases and sizes, and lists a case that has only tensors', () => {
    editJson<Json & { cases: Record<string, Json> }>('adamw', (json) => {
      const { steps: _, ...rest } = json.cases.drop as Json;
      json.cases = { 'tiny.one': { ...rest, steps: 1, shapes: [[2]], grad_norms: [5], milestones: [], note: 1 } };
    });
    const one = (shape: number[], ...data: number[]): SafeTensor => ({
      dtype: 'F32',
      shape,
      data: Float32Array.from(data),
    });
    const step = 1 - 0.002; // Adam's first step is the learning rate, whatever the gradient.
    editTensors((tensors) => {
      tensors.clear();
      tensors.set('tiny.one.init0', one([2], 1, 1));
      tensors.set('tiny.one.grads0', one([1, 2], 3, 4));
      tensors.set('tiny.one.p0', one([2], step, step));
      tensors.set('other.p0', one([1], 1));
    });
    const [report] = runParity(folder, ['adamw']).fixtures;
    expect(report?.cases).toMatchObject([{ name: 'tiny.one', pass: true }]);
    expect(report?.uncovered).toEqual(['other.p0', 'tiny.one.note']);
  });

  it('lists fixtures without a check, ignores companion data, and takes --only', () => {
    writeFileSync(path.join(folder, 'unheard.json'), JSON.stringify({ fixture: 'unheard', tolerances: [] }));
    writeFileSync(path.join(folder, 'unheard_gt.json'), '[1, 2]');
    expect(runParity(folder).uncovered).toEqual(['unheard']);
    expect(runParity(folder, ['unheard'])).toEqual({ fixtures: [], passed: 0, failed: 0, uncovered: ['unheard'] });
    expect(() => runParity(folder, ['unherd'])).toThrow('no fixture unherd in');
    expect(() => runParity(folder, ['unherd'])).toThrow('it has: adamw, formula, unheard');
  });

  it('rejects a folder that does not exist, is a file, or has no fixtures', () => {
    expect(() => runParity(path.join(folder, 'none'))).toThrow('there is no folder');
    expect(() => runParity(path.join(folder, 'adamw.json'))).toThrow('is not a folder');
    for (const file of ['adamw.json', 'adamw.safetensors', 'formula.json']) rmSync(path.join(folder, file));
    expect(() => runParity(folder)).toThrow('has no fixtures: expected a folder of <name>.json');
  });
});

describe('reportAsJson', () => {
  it('returns one document with the documented fields', () => {
    const document = JSON.parse(reportAsJson(runParity(folder, ['adamw'])));
    expect(Object.keys(document)).toEqual(['fixtures', 'passed', 'failed', 'uncovered']);
    expect(Object.keys(document.fixtures[0])).toEqual(['name', 'cases', 'uncovered']);
    expect(Object.keys(document.fixtures[0].cases[0])).toEqual(['name', 'keys', 'maxError', 'tolerance', 'pass']);
  });
});
