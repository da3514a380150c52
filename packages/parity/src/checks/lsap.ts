/** Compares rectangular assignments with `scipy.optimize.linear_sum_assignment`. */
import { type Assignment, AssignmentError, linearSumAssignment } from '@dn-detr/matcher';
import type { Check, Computed } from '../check.ts';
import { type Fixture, tensorOf } from '../fixture.ts';
import { FixtureError, numberAt, objectAt, stringAt } from '../json.ts';

/** The relative tolerance that the fixture states for totals in float64; its rules cover tensors only. */
const totalTolerance = 1e-9;

export const lsapCheck: Check = {
  inputs: ['cost', 'kind', 'shape', 'unique', 'rows', 'cols'],
  cases: ({ cases }) => [...cases.keys()],
  run: runCase,
};

function runCase(fixture: Fixture, caseName: string): Record<string, Computed> {
  const where = `cases.${caseName}`;
  const facts = objectAt(fixture.cases.get(caseName), where);
  const status = stringAt(facts.status, `${where}.status`);
  const { data, shape } = tensorOf(fixture, caseName, 'cost');
  const [rows = 0, cols = 0] = shape;
  if (!(data instanceof Float32Array)) throw new FixtureError(`the tensor '${caseName}.cost' is not float32`);

  const found = solve(data, rows, cols);
  const failed = found instanceof AssignmentError;
  // Compared as a number: an error must be thrown exactly where scipy throws one.
  const outputs: Record<string, Computed> = {
    status: { values: [Number(failed)], expected: { values: [Number(status !== 'ok')], exact: true } },
  };
  if (failed || status !== 'ok') return outputs;
  const costs = Array.from(found.rows, (row, k) => data[row * cols + (found.cols[k] as number)] as number);
  const total = costs.reduce((sum, cost) => sum + cost, 0);
  const expected = numberAt(facts.total, `${where}.total`);
  // Where costs cancel, a sum is only as exact as its parts.
  const rounding = 2 ** -52 * costs.length * costs.reduce((sum, cost) => sum + Math.abs(cost), 0);
  const isClose = Math.abs(total - expected) <= totalTolerance * Math.abs(expected) + rounding;
  // A total within its own tolerance counts as equal.
  outputs.total = { values: [isClose ? expected : total], expected: { values: [expected], exact: true } };
  if (facts.unique === true) {
    outputs.rows = { values: found.rows };
    outputs.cols = { values: found.cols };
  }
  return outputs;
}

function solve(cost: Float32Array, rows: number, cols: number): Assignment | AssignmentError {
  try {
    return linearSumAssignment(cost, rows, cols);
  } catch (error) {
    if (error instanceof AssignmentError) return error;
    throw error;
  }
}
