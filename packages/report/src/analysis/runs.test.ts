import { exampleSummary } from '@dn-detr/testing/example-summary';
import { describe, expect, it } from 'vitest';
import type { ModelSummary, SeedRun } from '../summary/summary.ts';
import { countedRuns, isOnPlateau, plateauWords, runNotes } from './runs.ts';

const [stuck, , learning] = exampleSummary().models as [ModelSummary, ModelSummary, ModelSummary];
const changed = (changes: readonly Partial<SeedRun>[]): ModelSummary => ({
  ...learning,
  runs: learning.runs.map((run, i) => ({ ...run, ...changes[i] })),
});
const seeds = (model: ModelSummary) => countedRuns(model).map(({ seed }) => seed);

describe('countedRuns', () => {
  it('are the finished ones', () => {
    expect(seeds(learning)).toEqual([0, 1, 2]);
    expect(seeds(changed([{ status: 'failed' }, {}, { status: 'stopped' }]))).toEqual([1]);
  });

  it('are the stopped ones if none finished, but never failed ones or ones without an evaluation', () => {
    const none = changed([{ status: 'failed' }, { status: 'stopped' }, { status: 'stopped', curve: [] }]);
    expect(seeds(none)).toEqual([1]);
  });
});

describe('runNotes', () => {
  it('mention every run that is left out', () => {
    const odd = changed([
      { status: 'failed', message: 'the loss is not finite.' },
      { status: 'stopped', curve: learning.runs[1]?.curve.slice(0, 3) ?? [] },
      {},
    ]);
    expect(runNotes(odd)).toEqual([
      'dn-detr, seed 0, failed (last evaluation at step 2,400): the loss is not finite; it is not included in the means.',
      'dn-detr, seed 1, is not finished (last evaluation at step 600); it is not included in the means.',
    ]);
    expect(runNotes(learning)).toEqual([]);
  });

  it('say that figures are not final if only stopped runs count', () => {
    const [note] = runNotes(changed([{ status: 'stopped' }, { status: 'failed' }, { status: 'failed' }]));
    expect(note).toBe(
      'dn-detr, seed 0, is not finished (last evaluation at step 2,400); its figures are those so far.',
    );
  });

  it('mention runs without an evaluation', () => {
    expect(runNotes(changed([{ status: 'failed', curve: [] }]))).toEqual([
      'dn-detr, seed 0, failed; it is not included in the means.',
    ]);
  });
});

describe('the plateau', () => {
  it('holds if all counted runs ended on it', () => {
    expect([isOnPlateau(stuck), isOnPlateau(learning)]).toEqual([true, false]);
    expect(isOnPlateau(changed([{ onPlateau: true }]))).toBe(false);
    expect(isOnPlateau({ ...learning, runs: [] })).toBe(false);
  });

  it('is described with the number of seeds', () => {
    expect(plateauWords(learning)).toBeUndefined();
    expect(plateauWords(stuck)).toBe('still on the plateau in all 3 seeds');
    expect(plateauWords(changed([{ onPlateau: true }]))).toBe('still on the plateau in 1 of 3 seeds');
    expect(plateauWords({ ...stuck, runs: stuck.runs.slice(0, 2) })).toBe('still on the plateau in both seeds');
    expect(plateauWords({ ...stuck, runs: stuck.runs.slice(0, 1) })).toBe('still on the plateau');
  });
});
