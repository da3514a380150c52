import { exampleSummary } from '@dn-detr/testing/example-summary';
import { describe, expect, it } from 'vitest';
import type { CurvePoint, ModelSummary, Summary } from '../summary/summary.ts';
import { finalTable } from './final-rows.ts';

const summary = exampleSummary({ seeds: [0] });
const [model] = summary.models as [ModelSummary];

/** The row of a run with these evaluations. */
function rowOf(points: readonly Partial<CurvePoint>[], settings: ModelSummary['settings'] = {}) {
  const runs = model.runs.map((run) => ({
    ...run,
    curve: points.map((point) => ({ ...(run.curve[0] as CurvePoint), ...point })),
  }));
  const changed: Summary = { ...summary, models: [{ ...model, settings, runs }] };
  const [row] = finalTable(changed).rows;
  return row as NonNullable<typeof row>;
}

describe('the time of a step', () => {
  it('is the usual time: slow first steps and a stall do not count', () => {
    // 0.1 s each, but 50 s before the first evaluation, and 100 s while the machine did something else.
    const seconds = [60, 70, 80, 190, 200];
    expect(rowOf(seconds.map((s, i) => ({ step: 100 * (i + 1), seconds: s }))).secondsAStep).toBeCloseTo(0.1, 12);
  });

  it('is the mean if there is one evaluation, and undefined without any', () => {
    expect(rowOf([{ step: 100, seconds: 20 }]).secondsAStep).toBeCloseTo(0.2, 12);
    expect(rowOf([]).secondsAStep).toBeUndefined();
  });
});

describe('instability', () => {
  const points = [null, 0.4, 0.2, null].map((instability, i) => ({ step: 100 * (i + 1), instability }));
  it('is the last measured value', () => expect(rowOf(points).instability.mean).toBe(0.2));
  it('is undefined if models were not evaluated equally often', () => {
    expect(rowOf(points, { 'evaluation.every': 50 }).instability).toEqual({ seeds: 0 });
  });
});
