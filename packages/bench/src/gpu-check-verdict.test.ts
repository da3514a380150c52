import { mkdtempSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import type { CheckedSteps } from './gpu-check.ts';
import { judged } from './gpu-check-verdict.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'dn-detr-verdict-'));
let count = 0;

/** Steps with these losses, whose first gradient has these entries. */
function side(losses: readonly number[], gradient: readonly number[], sameBits = true) {
  const moments = path.join(folder, String(count++));
  writeFileSync(moments, Buffer.from(Float32Array.from(gradient).buffer));
  const steps: CheckedSteps = { losses, ms: 1, captureSeconds: 1, sameBits, peakRssMiB: 1 };
  return { steps, moments };
}

const reference = side([4, 2], [1, -2, 0.5]);
const problemsOf = (measured: typeof reference, precision: 'float32' | 'tf32' = 'float32', sameBits = true) =>
  judged('r50', { measured, deterministic: side([4, 2], [0], sameBits).steps, reference }, precision).problems;

it('accepts differences from rounding', () => {
  const near = side([4.0001, 2], [1, -2.0002, 0.5]);
  const row = judged('r50', { measured: near, deterministic: near.steps, reference }, 'float32');
  expect(row.problems).toEqual([]);
  expect(row.lossError).toBeCloseTo(2.5e-5, 9);
  expect(row.gradientError).toBeCloseTo(1e-4, 6);
});

it.each([
  ['a loss', side([4, 2.01], [1, -2, 0.5]), ["losses differ from the CPU's by 5.0e-3"]],
  ['a gradient', side([4, 2], [1, -2, 0.54]), ["gradients differ from the CPU's by 2.0e-2"]],
  ['a NaN loss', side([4, Number.NaN], [1, -2, 0.5]), ["losses differ from the CPU's by NaN"]],
  ['a NaN gradient', side([4, 2], [1, Number.NaN, 0.5]), ["gradients differ from the CPU's by NaN"]],
  ['a gradient of another size', side([4, 2], [1, -2]), ["gradients differ from the CPU's by NaN"]],
])('reports %s that differs', (_, measured, problems) => expect(problemsOf(measured)).toEqual(problems));

it('accepts the rounding of TF32 on request', () => {
  expect(problemsOf(side([4, 2.01], [1, -2, 0.54]), 'tf32')).toEqual([]);
});

it('requires the same bits from deterministic ops', () => {
  expect(problemsOf(reference, 'float32', false)).toEqual(['deterministic ops gave different bits the second time']);
});
