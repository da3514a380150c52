/** Complete training steps against those of the same model in PyTorch. */
import { median } from 'd3-array';
import type { TorchBench } from './step-torch.ts';

/** The measurements of one process. */
export interface PeerRun {
  /** Median milliseconds of the process's steps. */
  readonly ms: number;
  /** Peak resident memory of the process, in MiB. */
  readonly peakRssMiB: number;
}

/** Medians over the runs, and the runs. */
export interface PeerSide extends PeerRun {
  readonly runs: readonly PeerRun[];
}

/** Both sides, and their ratio. */
export interface PeersBench extends Pick<TorchBench, 'version' | 'parameters'> {
  readonly ours: PeerSide;
  readonly pytorch: PeerSide;
  /** Our medians divided by PyTorch's. */
  readonly ratio: PeerRun;
}

/**
 * Runs both sides alternately, because a machine's other load comes and goes.
 *
 * @param runs number of runs per side, at least 1
 * @param ours runs once, in a separate process, so that its peak memory is that of the steps
 * @param pytorch runs once in the same way
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
