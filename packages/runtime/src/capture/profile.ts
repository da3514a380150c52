/** Times the ops of captured graphs, as reported by TensorFlow (tensorflow/core/framework/step_stats.proto). */
import { backend, getBackend } from '@tensorflow/tfjs-core';
import protobuf from 'protobufjs';
import { BackendError } from '../backend-error.ts';
import { isOwnBinding, type NativeBackend } from '../native/binding.ts';

/** One execution of an op of a captured graph. */
export interface OpTiming {
  /**
   * TensorFlow's name of the kernel's op, such as `_MklBatchMatMulV2` if it chose oneDNN's kernel for a
   * `BatchMatMulV2`.
   */
  readonly op: string;
  /** Start time in milliseconds, relative to a moment that all ops of one `take` share. */
  readonly start: number;
  /** End time, relative to the same moment. */
  readonly end: number;
}

/** A profile that runs until `stop`. */
export interface OpProfile {
  /**
   * The ops that ran since the start of the profile or the last call, grouped by run of a graph; host code separates
   * two runs.
   */
  take(): OpTiming[][];
  /** Ends the profile; functions captured later are TensorFlow functions again. */
  stop(): void;
}

let profiling = false;

/** Whether graphs are being captured for a profile. */
export const isProfiling = (): boolean => profiling;

/**
 * Starts timing the ops of functions that are captured from now on. TensorFlow times the ops of sessions but not those
 * of functions, so such captures are sessions, whatever `DN_DETR_FUNCTIONS` says. They are without Grappler, which does
 * not rewrite functions either, and therefore have the same ops, except that a run has at most a thousand nodes, with
 * `_Arg` and `_Retval` for its inputs and outputs. Ops run in parallel, so the sum of their times may exceed the time
 * of a run.
 *
 * @throws BackendError if tensors do not run on native TensorFlow on a CPU with this package's own addon, or another
 *   profile is being taken
 */
export function profileOps(): OpProfile {
  const name = getBackend();
  const native = name === 'tensorflow' ? (backend() as unknown as NativeBackend) : undefined;
  if (native === undefined || native.isUsingGpuDevice || !isOwnBinding(native.binding)) {
    throw new BackendError(
      'ops can be timed on native TensorFlow on a CPU only, with the addon that `npm run setup` builds; ' +
        `tensors run on ${native === undefined ? name : native.isUsingGpuDevice ? 'a GPU' : 'the stock addon'}`,
    );
  }
  if (profiling) throw new BackendError('a profile is already being taken: stop it before starting another one');
  const { binding } = native;
  profiling = true;
  binding.profileSessions(true);
  return {
    take: () => timingsOf(binding.takeRunMetadata()),
    stop(): void {
      binding.profileSessions(false);
      profiling = false;
    },
  };
}

// Only the fields of TensorFlow's messages that are read here.
const runMetadata = protobuf
  .parse(
    `syntax = "proto3";
  message NodeStats {
    string timeline_label = 8; int64 all_start_nanos = 13; int64 op_start_rel_nanos = 14; int64 op_end_rel_nanos = 15;
  }
  message DeviceStats { repeated NodeStats node_stats = 2; }
  message StepStats { repeated DeviceStats dev_stats = 1; }
  message RunMetadata { StepStats step_stats = 1; }`,
    { keepCase: true },
  )
  .root.lookupType('RunMetadata');

const conversion: protobuf.IConversionOptions = { longs: String, defaults: true };

interface RunMetadata {
  step_stats: { dev_stats: { node_stats: NodeStats[] }[] };
}

interface NodeStats {
  /** `name = op(inputs)`, in some cases after a number of bytes. */
  timeline_label: string;
  /** Nanoseconds since 1970, as a string because they exceed a number's precision. */
  all_start_nanos: string;
  op_start_rel_nanos: string;
  op_end_rel_nanos: string;
}

function timingsOf(runs: readonly Uint8Array[]): OpTiming[][] {
  const stats = runs.map((run) => {
    const { step_stats } = runMetadata.toObject(runMetadata.decode(run), conversion) as RunMetadata;
    return step_stats.dev_stats.flatMap((device) => device.node_stats);
  });
  const origin = BigInt(stats.flat()[0]?.all_start_nanos ?? 0);
  const timing = ({ timeline_label, all_start_nanos, op_start_rel_nanos, op_end_rel_nanos }: NodeStats): OpTiming => {
    const scheduled = Number(BigInt(all_start_nanos) - origin);
    const [, op = timeline_label] = / = (\w+)\(/.exec(timeline_label) ?? [];
    const [start, end] = [op_start_rel_nanos, op_end_rel_nanos].map((since) => (scheduled + Number(since)) / 1e6);
    return { op, start: start as number, end: end as number };
  };
  return stats.map((run) => run.map(timing));
}
