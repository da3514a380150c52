/** Whole training steps beside those of the same model in PyTorch. */
import { median } from 'd3-array';
import type { TorchBench } from './step-torch.ts';

/** Measurements of one process. */
export interface PeerRun {
  /** Milliseconds of a step: the median of the process's steps. */
  readonly ms: number;
  /** Peak resident memory of the process, in MiB. */
  readonly peakRssMiB: number;
}

/** Medians over the runs, and the runs. */
export interface PeerSide extends PeerRun {
  readonly runs: readonly PeerRun[];
}

/** Both sides, and how they compare. */
export interface PeersBench extends Pick<TorchBench, 'version' | 'parameters'> {
  readonly ours: PeerSide;
  readonly pytorch: PeerSide;
  /** Our medians divided by PyTorch's. */
  readonly ratio: PeerRun;
}

/**
 * Runs both sides in turns, because a machine's other load comes and goes.
 *
 * @param runs of each side, at least 1
 * @param ours runs once, in a separate process, whose peak of memory is then that of the steps
 * @param pytorch likewise
 */
export async function benchPeers(
  runs: number,
  ours: () => Promise<PeerRun>,
  pytorch: () => Promise<TorchBench>,
): Promise<PeersBench> {
  const own: PeerRun[] = [];
  const theirs: TorchBench[] = [];
  for (let i = 0; i < runs; i++) {
    own.push(await ours());
    theirs.push(await pytorch());
  }
  const { version, parameters } = theirs[0] as TorchBench;
  const sides = { ours: sideOf(own), pytorch: sideOf(theirs) };
  const ratioOf = (figure: keyof PeerRun): number => sides.ours[figure] / sides.pytorch[figure];
  return { version, parameters, ...sides, ratio: { ms: ratioOf('ms'), peakRssMiB: ratioOf('peakRssMiB') } };
}

function sideOf(runs: readonly PeerRun[]): PeerSide {
  const of = (figure: keyof PeerRun): number => median(runs, (run) => run[figure]) as number;
  const figures = runs.map(({ ms, peakRssMiB }) => ({ ms, peakRssMiB }));
  return { ms: of('ms'), peakRssMiB: of('peakRssMiB'), runs: figures };
}
