/** The parts of `@tensorflow/tfjs-node` that the runtime touches below tfjs-core: its backend class and its C++ binding. */
import type { backend_util, DataId, DataType, KernelBackend, TensorInfo } from '@tensorflow/tfjs-core';

/** A tensor in TensorFlow's hands, as the binding reports it. `dtype` is a `TF_DataType`. */
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

/** `binding/tfjs_binding.cc`. */
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

/** A device of TensorFlow's. */
export interface Device {
  /** Such as `/job:localhost/replica:0/task:0/device:CPU:0`. */
  name: string;
  /** `CPU` or `GPU`. */
  type: string;
  /** Bytes. */
  memory: number;
}

/** The binding of this package's own addon, `native/addon.cc`. */
export interface OwnBinding extends NativeBinding {
  /**
   * Makes a graph an op that `executeOp` runs.
   * @param graph a serialised GraphDef
   * @param inputs values of its placeholders, `node:port`
   * @param outputs values of its nodes
   */
  addFunction(graph: Uint8Array, name: string, inputs: string[], outputs: string[]): void;
  removeFunction(name: string): void;
  devices(): Device[];
  /** Name of the device that has a tensor's values. */
  deviceOf(id: number): string;
  /** A tensor with the same values on a device, given by its name. */
  copyTo(id: number, device: string): number;
  /** Whether runs of sessions that are loaded from here on are profiled; such sessions have no Grappler, as functions have none. */
  profileSessions(on: boolean): void;
  /** A serialised RunMetadata of each profiled run since the last call. */
  takeRunMetadata(): Uint8Array[];
}

/** Whether this package's own addon is loaded, and not the stock one. */
export const isOwnBinding = (binding: NativeBinding): binding is OwnBinding => 'devices' in binding;

/** The exports of this package's own addon; the stock one is a binding itself. */
export interface AddonModule {
  /**
   * Starts TensorFlow, once in each thread of Node's.
   * @param config a serialised ConfigProto, of the context and of all sessions
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
