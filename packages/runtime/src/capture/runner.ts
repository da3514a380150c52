/** The interface that replays a trace run by run. */
import type { NativeTensor } from '../native/binding.ts';
import type { Value } from './graph.ts';

/** Keeps the runs of a trace in TensorFlow until `dispose`. */
export interface Runner {
  /** The values that each run is fed with. */
  readonly inputs: readonly Value[][];
  /**
   * Executes one run.
   *
   * @param ids ids of the tensors for the run's inputs
   * @returns the run's fetched values
   */
  execute(run: number, ids: number[]): NativeTensor[];
  dispose(): void;
}
