/** A traced function as a TensorFlow session that can be run again with other inputs. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { engine, Identity, type Tensor, type TensorInfo, tidy } from '@tensorflow/tfjs-core';
import type { NativeBackend, NativeTensor } from '../native/binding.ts';
import { CaptureError } from './capture-error.ts';
import {
  encodeSavedModel,
  type GraphNode,
  type HostCall,
  nodeOf,
  servingTag,
  type Trace,
  type Value,
} from './graph.ts';
import type { HostArray } from './host.ts';
import { HostValues, readHostValue } from './host-value.ts';
import { planRuns, type Run } from './plan.ts';
import type { Leaves } from './tree.ts';

/** What a replay needs of a trace once the graph is loaded: no constants, which the session holds. */
type Signature = Pick<Trace, 'inputs' | 'hostInputs' | 'closures' | 'outputs' | 'hostOutputs'>;

/** A loaded graph. Holds a TensorFlow session until `dispose`. */
export class Replay {
  readonly #backend: NativeBackend;
  readonly #signature: Signature;
  readonly #runs: Run[];
  readonly #session: number;
  /** Number of nodes in the graph. */
  readonly nodeCount: number;

  /** @throws Error with TensorFlow's words when the graph cannot be loaded. */
  constructor(backend: NativeBackend, trace: Trace) {
    const { inputs, hostInputs, closures, outputs, hostOutputs } = trace;
    this.#backend = backend;
    this.#signature = { inputs, hostInputs, closures, outputs, hostOutputs };
    this.#runs = planRuns(trace);
    const nodes = [...placeholders(backend, trace), ...trace.nodes];
    this.nodeCount = nodes.length + trace.constants.size;
    const folder = mkdtempSync(path.join(os.tmpdir(), 'dn-detr-graph-'));
    try {
      writeFileSync(path.join(folder, 'saved_model.pb'), encodeSavedModel(backend.binding, nodes, trace.constants));
      this.#session = backend.binding.loadSavedModel(folder, servingTag);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /**
   * Runs the graph with `inputs` (the leaves of the traced call's, in order) and returns the traced outputs.
   * @throws CaptureError when a closed-over tensor is gone or host code returns other shapes than when it was traced.
   */
  run(inputs: Leaves): Leaves {
    const { inputs: inputValues, hostInputs, closures, outputs, hostOutputs } = this.#signature;
    /** Every value known so far, by name; the fed ones are the caller's or the host code's. */
    const known = new Map<string, TensorInfo>();
    for (const [index, value] of inputValues.entries()) known.set(value.name, inputs.tensors[index] as Tensor);
    for (const { value, tensor } of closures) known.set(value.name, this.#existing(tensor()));
    const fed = [...known.keys()];
    const hostValues = new HostValues();
    hostValues.set(hostInputs, inputs.hostValues);
    const tensors = tidy(() => {
      for (const run of this.#runs) {
        for (const call of run.hostCalls) {
          this.#callHost(call, known, hostValues).forEach((tensor, index) => {
            const { name } = call.outputs[index] as Value;
            known.set(name, tensor);
            fed.push(name);
          });
        }
        if (run.fetched.length > 0) this.#execute(run, fed, known);
        // Activations, when the backward pass is done: as much memory as the model.
        for (const { name } of run.released) this.#release(name, known);
      }
      return outputs.map((output) => {
        const tensor = known.get(output.name) as TensorInfo;
        // What others own is handed out as another reference to the same data.
        return output.fed ? engine().runKernel<Tensor>(Identity, { x: tensor as Tensor }) : (tensor as Tensor);
      });
    });
    return { tensors, hostValues: hostOutputs.map((value) => hostValues.get(value)) };
  }

  /** Frees the session. */
  dispose(): void {
    this.#backend.binding.deleteSavedModel(this.#session);
  }

  #execute(run: Run, fed: string[], known: Map<string, TensorInfo>): void {
    const feeds = [...fed, ...run.carried.map((value) => value.name)];
    const ids = this.#backend.getInputTensorIds(feeds.map((name) => known.get(name) as Tensor));
    const fetches = run.fetched.map((value) => value.name);
    const outputs = this.#backend.binding.runSavedModel(this.#session, ids, feeds.join(','), fetches.join(','));
    outputs.forEach((output: NativeTensor, index) => {
      known.set(fetches[index] as string, this.#backend.createOutputTensor(output) as Tensor);
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
      `the captured function uses a tensor of shape [${tensor.shape}] from outside that has been disposed since: ` +
        'pass it as an input',
    );
  }
}

const counts = (tensors: readonly unknown[], hostValues: readonly unknown[]): string =>
  `${tensors.length} tensors and ${hostValues.length} host values`;

function placeholders({ binding }: NativeBackend, trace: Trace): GraphNode[] {
  const fed = [...trace.values.values()].filter((value) => value.fed);
  return fed.map((value) => ({
    name: nodeOf(value),
    op: 'Placeholder',
    inputs: [],
    attributes: [
      { name: 'dtype', type: binding.TF_ATTR_TYPE, value: value.dtype },
      { name: 'shape', type: binding.TF_ATTR_SHAPE, value: value.shape },
    ],
  }));
}
