/** Where the time of a training step goes, by the ops that TensorFlow runs in it. */
import { type OpTiming, profileOps } from '@dn-detr/runtime';
import { rollup, sum } from 'd3-array';
import { batchesOf, timed, warmUp } from './step.ts';
import type { StepConfig } from './step-configs.ts';
import { stepRunner } from './step-runner.ts';

/** Of all ops of one type, in a step. */
export interface OpTypeProfile {
  readonly op: string;
  readonly ms: number;
  /** Fraction of the time in all ops, 0..1. */
  readonly share: number;
  readonly count: number;
}

/**
 * Milliseconds, means over the middle half of the steps when they are sorted by duration. A step is `busy` + `gaps` + `host`. Ops
 * run side by side, so `opMs` may be more than `busy`, and an op takes longer while others have cores that it could use.
 */
export interface StepProfile {
  /** A whole step while it is profiled, which takes longer than one that is not: each op is written down. */
  readonly ms: number;
  /** While at least one op ran. */
  readonly busy: number;
  /** Milliseconds between the first and the last op of a run of the graph in which no op ran: the executor's share. */
  readonly gaps: number;
  /** Outside of the graph's runs: matching and other host code, known queries, feeding and fetching. */
  readonly host: number;
  /** Sum of the times of all ops. */
  readonly opMs: number;
  /** Op types, those that take longest first. */
  readonly ops: readonly OpTypeProfile[];
}

/** Types of op in a profile, at most. */
export const mostOps = 20;

/**
 * Profiles steps as runs of sessions, since TensorFlow does not tell times of the ops of functions: see `profileOps`.
 *
 * @throws BackendError where ops cannot be timed
 */
export function profileStep(config: StepConfig, steps: number): StepProfile {
  const profile = profileOps();
  try {
    const run = stepRunner(config);
    const times = batchesOf(config, steps).map((objects): ProfiledStep => {
      const ms = timed(() => run.step(objects));
      return { ms, runs: profile.take() };
    });
    run.dispose();
    return summarize(times.slice(warmUp));
  } finally {
    profile.stop();
  }
}

interface ProfiledStep {
  readonly ms: number;
  readonly runs: readonly (readonly OpTiming[])[];
}

/** Exported for its test. */
export function summarize(profiled: readonly ProfiledStep[]): StepProfile {
  const quarter = Math.floor(profiled.length / 4);
  const steps = [...profiled].sort((a, b) => a.ms - b.ms).slice(quarter, profiled.length - quarter);
  const mean = (total: number): number => total / steps.length;
  const runs = steps.flatMap((step) => step.runs).filter((run) => run.length > 0);
  const ms = mean(sum(steps, (step) => step.ms));
  const busy = mean(sum(runs, busyTime));
  const spans = mean(
    sum(runs, (run) => Math.max(...run.map(({ end }) => end)) - Math.min(...run.map(({ start }) => start))),
  );
  const all = runs.flat();
  const opMs = mean(sum(all, lengthOf));
  const types = rollup(
    all,
    (ops) => ({ ms: mean(sum(ops, lengthOf)), count: mean(ops.length) }),
    ({ op }) => op,
  );
  const ops = [...types]
    .map(([op, { ms, count }]) => ({ op, ms, share: ms / opMs, count }))
    .sort((a, b) => b.ms - a.ms)
    .slice(0, mostOps);
  return { ms, busy, gaps: spans - busy, host: ms - spans, opMs, ops };
}

const lengthOf = ({ start, end }: OpTiming): number => end - start;

/** How long at least one op ran. */
function busyTime(run: readonly OpTiming[]): number {
  let total = 0;
  let until = -Infinity;
  for (const { start, end } of [...run].sort((a, b) => a.start - b.start)) {
    total += Math.max(0, end - Math.max(start, until));
    until = Math.max(until, end);
  }
  return total;
}
