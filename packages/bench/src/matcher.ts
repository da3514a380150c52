/** Times linear assignment against other solvers, in one run and alternating, and the matching of a complete step. */
import type { Objects } from '@dn-detr/boxes';
import { linearSumAssignment, matchingCost, matchingCosts, matchLayers } from '@dn-detr/matcher';
import { median } from 'd3-array';
import { type BatchSizes, type CostMatrix, detrLike } from './matcher-matrices.ts';
import { type Peer, type Scipy, SolverProcess } from './matcher-peers.ts';
import type { SolverName } from './matcher-solvers.ts';

export interface AssignmentBench {
  readonly rows: number;
  readonly cols: number;
  readonly kind: CostMatrix['kind'];
  readonly name?: string;
  /** Median milliseconds; scipy only where Python has it. */
  readonly ms: Readonly<Partial<Record<SolverName | 'scipy', number>>>;
  /** Solvers without a time, and the reasons: they take too long, stop, or find another total than the first. */
  readonly leftOut: Readonly<Partial<Record<SolverName | 'scipy', string>>>;
}

export interface MatchingStepBench extends BatchSizes {
  /** Median milliseconds for matching all layers and images, with the costs. */
  readonly ms: number;
  /** Median milliseconds for only the assignments of the same step. */
  readonly assignmentMs: number;
}

/** A solver that takes longer for one matrix is left out. */
const limitMs = 5000;
/** Approximate time for every solver in each round, which runs at least once and at most `mostRuns` times. */
const roundMs = 40;
const mostRuns = 1000;
const rounds = 9;
/** A solver that has taken this long in total gets no more rounds. */
const enoughMs = 3000;

/**
 * Times all solvers on every matrix.
 *
 * @param scipy undefined to leave scipy out
 * @param onMatrix called before each matrix
 */
export async function benchAssignments(
  matrices: readonly CostMatrix[],
  scipy: Scipy | undefined,
  onMatrix: (matrix: CostMatrix) => void,
): Promise<AssignmentBench[]> {
  const solverProcess = new SolverProcess();
  const solvers = (['ours', 'munkresJs', 'munkres'] as const).map((name) => solverProcess.peer(name));
  const peers: Peer[] = scipy === undefined ? solvers : [...solvers, scipy];
  try {
    const assignment: AssignmentBench[] = [];
    for (const matrix of matrices) {
      onMatrix(matrix);
      assignment.push(await benchMatrix(matrix, peers));
    }
    return assignment;
  } finally {
    solverProcess.close();
  }
}

/** Times the solvers on one matrix; a solver that fails is left out. */
export async function benchMatrix(matrix: CostMatrix, peers: readonly Peer[]): Promise<AssignmentBench> {
  const { rows, cols, kind, name, cost } = matrix;
  // Rounding is relative to the largest cost, not to a total in which large costs may cancel.
  const largest = cost.reduce((most, c) => (Number.isFinite(c) ? Math.max(most, Math.abs(c)) : most), 0);
  const tolerance = 1e-12 * largest * Math.min(rows, cols);
  const times = new Map<Peer, { runs: number; ms: number[] }>();
  const leftOut: Record<string, string> = {};
  let expected: number | undefined;
  for (const peer of peers) {
    const first = await peer.time(matrix, 1, limitMs).catch((error: Error) => error);
    if (first === undefined || first instanceof Error) {
      leftOut[peer.name] = first?.message ?? `takes over ${limitMs / 1000} s`;
      continue;
    }
    expected ??= first.total;
    if (first.total !== expected && !(Math.abs(first.total - expected) <= tolerance)) {
      leftOut[peer.name] = `finds a total of ${first.total} for ${name ?? kind}, not ${expected}`;
      continue;
    }
    // The first run compiles; the second shows how many fit in a round.
    const once = await peer.time(matrix, 1, 2 * limitMs);
    const ms = once?.ms[0] ?? limitMs;
    times.set(peer, { runs: Math.max(1, Math.min(mostRuns, Math.round(roundMs / ms))), ms: [] });
  }
  for (let round = 0; round < rounds; round++) {
    for (const [peer, { runs, ms }] of times) {
      if (ms.reduce((sum, value) => sum + value, 0) > enoughMs) continue;
      const timing = await peer.time(matrix, runs, 4 * limitMs);
      // Compilers are done after the first round of a solver that is called many times.
      if (timing !== undefined && (round > 0 || runs === 1)) ms.push(...timing.ms);
    }
  }
  const ms = Object.fromEntries([...times].map(([peer, { ms: all }]) => [peer.name, median(all)]));
  return { rows, cols, kind, ...(name === undefined ? {} : { name }), ms, leftOut };
}

const stepSizes: BatchSizes = { layers: 6, batch: 16, queries: 300, numClasses: 91, objects: 20 };

/** Times the matching of one training step of DN-DETR, on this thread. */
export function benchMatchingStep(): MatchingStepBench {
  const { predictions, targets } = detrLike(stepSizes, 1);
  const costs = costsOfStep(stepSizes, 1);
  const count = stepSizes.objects;
  const out = { rows: new Int32Array(count), cols: new Int32Array(count) };
  const ms: number[] = [];
  const assignmentMs: number[] = [];
  for (let run = 0; run < 40; run++) {
    ms.push(timed(() => matchLayers(predictions, targets, matchingCosts.dnDetr)));
    assignmentMs.push(
      timed(() => {
        for (const cost of costs) linearSumAssignment(cost, stepSizes.queries, count, { out });
      }),
    );
  }
  // The first runs are spent on compiling.
  return { ms: median(ms.slice(10)) as number, assignmentMs: median(assignmentMs.slice(10)) as number, ...stepSizes };
}

/** The cost matrices `[Q, G]` of every layer and image. */
function costsOfStep(sizes: BatchSizes, seed: number): Float64Array[] {
  const { predictions, targets } = detrLike(sizes, seed);
  const { layers, batch, queries, numLogits, numClasses } = predictions;
  return Array.from({ length: layers * batch }, (_, at) => {
    const ofImage = {
      logits: predictions.logits.subarray(at * queries * numLogits, (at + 1) * queries * numLogits),
      boxes: predictions.boxes.subarray(at * queries * 4, (at + 1) * queries * 4),
      ...{ queries, numLogits, numClasses },
    };
    const out = new Float64Array(queries * sizes.objects);
    matchingCost(ofImage, targets[at % batch] as Objects, matchingCosts.dnDetr, { out });
    return out;
  });
}

function timed(action: () => void): number {
  const started = performance.now();
  action();
  return performance.now() - started;
}
