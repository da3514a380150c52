/** A traced function that can be run again with other inputs. */
import { engine, Identity, type Tensor, type TensorInfo, tidy } from '@tensorflow/tfjs-core';
import { isOwnBinding, type NativeBackend, type NativeBinding, type OwnBinding } from '../native/binding.ts';
import { CaptureError } from './capture-error.ts';
import type { HostCall, Trace, Value } from './graph.ts';
import type { HostArray } from './host.ts';
import { HostValues, readHostValue } from './host-value.ts';
import { planRuns, type Run } from './plan.ts';
import { isProfiling } from './profile.ts';
import { FunctionRunner } from './run-function.ts';
import { longestSessionRun, SessionRunner } from './run-session.ts';
import type { Runner } from './runner.ts';
import type { Leaves } from './tree.ts';

/** The parts of a trace that a replay needs once the graph is loaded; TensorFlow holds the constants. */
type Signature = Pick<Trace, 'inputs' | 'hostInputs' | 'closures' | 'outputs' | 'hostOutputs'>;

/** Setting this variable to `off` runs captured graphs as sessions, as with the stock addon. */
const functionsSwitch = 'DN_DETR_FUNCTIONS';

/** A loaded graph. It occupies TensorFlow's memory until `dispose`. */
export class Replay {
  readonly #backend: NativeBackend;
  readonly #signature: Signature;
  readonly #runs: Pick<Run, 'hostCalls' | 'fetched' | 'released'>[];
  readonly #runner: Runner;
  /** Number of nodes in the graph. */
  readonly nodeCount: number;

  /**
   * Loads the graph.
   *
   * @throws Error with TensorFlow's message if that fails
   */
  constructor(backend: NativeBackend, trace: Trace) {
    const { inputs, hostInputs, closures, outputs, hostOutputs } = trace;
    const { binding } = backend;
    this.#backend = backend;
    this.#signature = { inputs, hostInputs, closures, outputs, hostOutputs };
    const ownBinding = runsFunctions(binding) ? binding : undefined;
    const runs = planRuns(trace, ownBinding ? Infinity : longestSessionRun);
    this.#runner = ownBinding ? new FunctionRunner(ownBinding, trace, runs) : new SessionRunner(binding, trace, runs);
    this.#runs = runs.map(({ nodes, inputs, ...run }) => run);
    this.nodeCount =
      trace.nodes.length + trace.constants.size + [...trace.values.values()].filter(({ fed }) => fed).length;
  }

  /**
   * Runs the graph and returns the traced outputs.
   *
   * @param inputs the leaves of the input, in the order of the traced call
   * @throws CaptureError if a tensor from an enclosing scope has been disposed, or host code returns other shapes than
   *   when it was traced
   */
  run(inputs: Leaves): Leaves {
    const { inputs: inputValues, hostInputs, closures, outputs, hostOutputs } = this.#signature;
    /** Every value known so far, by name; the fed ones belong to the caller or to host code. */
    const known = new Map<string, TensorInfo>();
    for (const [index, value] of inputValues.entries()) known.set(value.name, inputs.tensors[index] as Tensor);
    for (const { value, tensor } of closures) known.set(value.name, this.#existing(tensor()));
    const hostValues = new HostValues();
    hostValues.set(hostInputs, inputs.hostValues);
    const tensors = tidy(() => {
      for (const [index, run] of this.#runs.entries()) {
        for (const call of run.hostCalls) {
          this.#callHost(call, known, hostValues).forEach((tensor, index) => {
            known.set((call.outputs[index] as Value).name, tensor);
          });
        }
        if (run.fetched.length > 0) this.#execute(index, known);
        // Frees activations during the backward pass: as much memory as the model.
        for (const { name } of run.released) this.#release(name, known);
      }
      return outputs.map((output) => {
        const tensor = known.get(output.name) as TensorInfo;
        // Values with another owner are returned as a new reference to the same data.
        return output.fed ? engine().runKernel<Tensor>(Identity, { x: tensor as Tensor }) : (tensor as Tensor);
      });
    });
    return { tensors, hostValues: hostOutputs.map((value) => hostValues.get(value)) };
  }

  /** Frees the graph in TensorFlow. */
  dispose(): void {
    this.#runner.dispose();
  }

  #execute(index: number, known: Map<string, TensorInfo>): void {
    const { fetched } = this.#runs[index] as Pick<Run, 'fetched'>;
    const inputs = this.#runner.inputs[index] as Value[];
    const ids = this.#backend.getInputTensorIds(inputs.map(({ name }) => known.get(name) as Tensor));
    this.#runner.execute(index, ids).forEach((output, i) => {
      known.set((fetched[i] as Value).name, this.#backend.createOutputTensor(output) as Tensor);
    });
  }

  #release(name: string, known: Map<string, TensorInfo>): void {
    (known.get(name) as Tensor).dispose();
    known.delete(name);
  }

  #callHost(call: HostCall, known: Map<string, TensorInfo>, hostValues: HostValues): Tensor[] {
    const arrays = call.inputs.map(
      (input) => this.#backend.readSync((known.get(input.name) as Tensor).dataId) as HostArray,
    );
    const data = call.hostInputs.map((value) => readHostValue(hostValues.get(value)));
    const result = call.code({ tensors: arrays, hostValues: data });
    const { tensors } = result;
    if (tensors.length !== call.outputs.length || result.hostValues.length !== call.hostOutputs.length) {
      throw new CaptureError(
        `host code returned ${counts(tensors, result.hostValues)}, and ${counts(call.outputs, call.hostOutputs)} when ` +
          'it was traced',
      );
    }
    hostValues.set(call.hostOutputs, result.hostValues);
    this.#backend.getInputTensorIds(tensors);
    tensors.forEach((tensor, index) => {
      const expected = call.outputs[index] as Value;
      const { dtype } = this.#backend.tensorMap.get(tensor.dataId);
      if (`${tensor.shape}` === `${expected.shape}` && dtype === expected.dtype) return;
      throw new CaptureError(
        `host code returned a ${tensor.dtype} tensor of shape [${tensor.shape}] as result ${index}, and one of shape ` +
          `[${expected.shape}] when it was traced: pad to a fixed shape for each shape of the inputs`,
      );
    });
    return tensors;
  }

  #existing(tensor: TensorInfo): TensorInfo {
    if (this.#backend.tensorMap.has(tensor.dataId)) return tensor;
    throw new CaptureError(
      `the captured function uses a tensor of shape [${tensor.shape}] from outside that has since been disposed: ` +
        'pass it as an input',
    );
  }
}

const counts = (tensors: readonly unknown[], hostValues: readonly unknown[]): string =>
  `${tensors.length} tensors and ${hostValues.length} host values`;

function runsFunctions(binding: NativeBinding): binding is OwnBinding {
  return isOwnBinding(binding) && process.env[functionsSwitch] !== 'off' && !isProfiling();
}
