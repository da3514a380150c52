/** The interface of runners, which replay a trace run by run. */
import type { NativeTensor } from '../native/binding.ts';
import type { Value } from './graph.ts';

/** Has the runs of a trace in TensorFlow until `dispose`. */
export interface Runner {
  /** Values that each run is fed with. */
  readonly inputs: readonly Value[][];
  /** @param ids tensors of the run's inputs. The result is its fetched values. */
  execute(run: number, ids: number[]): NativeTensor[];
  dispose(): void;
}
