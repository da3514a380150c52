/**
 * The parts of `@tensorflow/tfjs-node` below tfjs-core that the runtime uses: its backend class and its C++ binding.
 */
import type { backend_util, DataId, DataType, KernelBackend, TensorInfo } from '@tensorflow/tfjs-core';

/** A tensor in TensorFlow, as the binding reports it. `dtype` is a `TF_DataType`. */
export interface NativeTensor {
  id: number;
  shape: number[];
  dtype: number;
}

/** An op attribute: `type` is one of the binding's `TF_ATTR_*` numbers. */
export interface OpAttribute {
  name: string;
  type: number;
  value: unknown;
}

/** The binding of tfjs-node (`binding/tfjs_binding.cc`). */
export interface NativeBinding {
  readonly TF_Version: string;
  readonly TF_FLOAT: number;
  readonly TF_INT32: number;
  readonly TF_BOOL: number;
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_SHAPE: number;
  createTensor(shape: number[], dtype: number, values: backend_util.BackendValues): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): Float32Array | Int32Array | Uint8Array;
  executeOp(name: string, attributes: OpAttribute[], inputIds: number[], outputCount: number): NativeTensor[];
  loadSavedModel(folder: string, tags: string): number;
  deleteSavedModel(id: number): void;
  /** `inputs` and `outputs` are comma-separated `node:port` names, in the order of the ids and of the result. */
  runSavedModel(id: number, inputIds: number[], inputs: string, outputs: string): NativeTensor[];
}

/** A device of TensorFlow. */
export interface Device {
  /** Name, such as `/job:localhost/replica:0/task:0/device:CPU:0`. */
  name: string;
  /** Type: `CPU` or `GPU`. */
  type: string;
  /** Memory in bytes. */
  memory: number;
}

/** The binding of this package's own addon, `native/addon.cc`. */
export interface OwnBinding extends NativeBinding {
  /**
   * Makes a graph an op that `executeOp` can run.
   *
   * @param graph a serialised GraphDef
   * @param inputs values of its placeholders, `node:port`
   * @param outputs values of its nodes, `node:port`
   */
  addFunction(graph: Uint8Array, name: string, inputs: string[], outputs: string[]): void;
  removeFunction(name: string): void;
  devices(): Device[];
  /** Name of the device that holds a tensor's values. */
  deviceOf(id: number): string;
  /** Copies a tensor to a device, given by its name, and returns the id of the copy. */
  copyTo(id: number, device: string): number;
  /** Sets whether sessions loaded from now on are profiled; such sessions run without Grappler, as functions do. */
  profileSessions(on: boolean): void;
  /** Returns a serialised RunMetadata for each profiled run since the last call. */
  takeRunMetadata(): Uint8Array[];
}

/** Whether this package's own addon is loaded, as opposed to the stock one. */
export const isOwnBinding = (binding: NativeBinding): binding is OwnBinding => 'devices' in binding;

/** The module of this package's own addon; the stock module is itself a binding. */
export interface AddonModule {
  /**
   * Starts TensorFlow; call it once in each Node thread.
   *
   * @param config a serialised ConfigProto, for the context and for all sessions
   */
  start(config: Uint8Array): OwnBinding;
}

/** ConfigProto with `device_count { key: "GPU" value: 0 }`: TensorFlow does not touch GPUs. */
export const withoutGpus = Uint8Array.of(0x0a, 7, 0x0a, 3, ...Buffer.from('GPU'), 0x10, 0);

/** `dist/nodejs_kernel_backend.js`. */
export interface NativeBackend extends KernelBackend {
  binding: NativeBinding;
  readonly isUsingGpuDevice: boolean;
  readonly tensorMap: {
    get(dataId: DataId): { id: number; shape: number[]; dtype: number; values: backend_util.BackendValues | null };
    has(dataId: DataId): boolean;
  };
  getInputTensorIds(tensors: TensorInfo[]): number[];
  createOutputTensor(output: NativeTensor): TensorInfo;
  write(values: backend_util.BackendValues, shape: number[], dtype: DataType): DataId;
  readSync(dataId: DataId): backend_util.BackendValues;
  read(dataId: DataId): Promise<backend_util.BackendValues>;
}
