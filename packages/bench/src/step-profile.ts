/** The distribution of a training step's time over the ops that TensorFlow runs in it. */
import { type OpTiming, profileOps } from '@dn-detr/runtime';
import { rollup, sum } from 'd3-array';
import { batchesOf, timed, warmUp } from './step.ts';
import type { StepConfig } from './step-configs.ts';
import { stepRunner } from './step-runner.ts';

/** All ops of one type in a step. */
export interface OpTypeProfile {
  /** Name of the op type. */
  readonly op: string;
  /** Milliseconds in these ops. */
  readonly ms: number;
  /** Fraction of the time in all ops, 0..1. */
  readonly share: number;
  /** Number of these ops. */
  readonly count: number;
}

/**
 * Milliseconds, as means over the middle half of the steps sorted by duration. A step is `busy` + `gaps` + `host`. Ops
 * run in parallel, so `opMs` may be more than `busy`, and an op takes longer while others occupy cores that it could
 * use.
 */
export interface StepProfile {
  /** A complete step while it is profiled, which takes longer than one that is not, because each op is recorded. */
  readonly ms: number;
  /** Time during which at least one op ran. */
  readonly busy: number;
  /** Time between the first and the last op of a run of the graph during which none ran: the executor. */
  readonly gaps: number;
  /** Time outside of the graph's runs: matching and other host code, known queries, feeding and fetching. */
  readonly host: number;
  /** Sum of the times of all ops. */
  readonly opMs: number;
  /** Op types, those that take longest first. */
  readonly ops: readonly OpTypeProfile[];
}

/** Maximum number of op types in a profile. */
export const mostOps = 20;

/**
 * Profiles steps as runs of sessions, because TensorFlow does not report times for the ops of functions: see
 * `profileOps`.
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

/** Summarises profiled steps. Exported for its test. */
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

/** Time during which at least one op ran. */
function busyTime(run: readonly OpTiming[]): number {
  let total = 0;
  let until = -Infinity;
  for (const { start, end } of [...run].sort((a, b) => a.start - b.start)) {
    total += Math.max(0, end - Math.max(start, until));
    until = Math.max(until, end);
  }
  return total;
}
