/** A traced function as a TensorFlow session that can be run again with other inputs. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { engine, Identity, type Tensor, type TensorInfo, tidy } from '@tensorflow/tfjs-core';
import type { NativeBackend, NativeTensor } from '../native/binding.ts';
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
import { planRuns, type Run } from './plan.ts';
import { CaptureError } from './trace.ts';

/** What a replay needs of a trace once the graph is loaded: no constants, which the session holds. */
type Signature = Pick<Trace, 'inputs' | 'closures' | 'outputs'>;

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
    const { inputs, closures, outputs } = trace;
    this.#backend = backend;
    this.#signature = { inputs, closures, outputs };
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
   * Runs the graph with `inputs` (the tensors of the traced call, in order) and returns the traced outputs.
   * @throws CaptureError when a closed-over tensor is gone or host code returns other shapes than when it was traced.
   */
  run(inputs: readonly Tensor[]): Tensor[] {
    const { inputs: inputValues, closures, outputs } = this.#signature;
    /** Every value known so far, by name; the fed ones are the caller's or the host code's. */
    const known = new Map<string, TensorInfo>();
    for (const [index, value] of inputValues.entries()) known.set(value.name, inputs[index] as Tensor);
    for (const { value, tensor } of closures) known.set(value.name, this.#existing(tensor()));
    const fed = [...known.keys()];
    return tidy(() => {
      for (const run of this.#runs) {
        for (const call of run.hostCalls) {
          this.#callHost(call, known).forEach((tensor, index) => {
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

  #callHost(call: HostCall, known: Map<string, TensorInfo>): Tensor[] {
    const values = call.inputs.map((input) => this.#backend.readSync((known.get(input.name) as Tensor).dataId));
    const tensors = call.compute(values as HostArray[]);
    if (tensors.length !== call.outputs.length) {
      throw new CaptureError(
        `host code returned ${tensors.length} tensors, and ${call.outputs.length} when it was traced`,
      );
    }
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
