/** Traces a function while it runs once on the native backend: every op becomes a node of a graph. */
import { type DataId, dispose, engine, type Tensor, type TensorInfo, tidy } from '@tensorflow/tfjs-core';
import type { NativeBackend, NativeBinding, NativeTensor, OpAttribute } from '../native/binding.ts';
import { CaptureError } from './capture-error.ts';
import { type Constant, encodeAttribute, nodeOf, type Trace, UncapturableError, type Value } from './graph.ts';
import { type HostArray, type HostCode, type HostTracer, withTracer } from './host.ts';
import { type HostValue, HostValues, placeholder, readHostValue } from './host-value.ts';
import type { Flat, Leaves } from './tree.ts';

/** The only op of tfjs with its own random state, whose results a replay would not repeat. */
const statefulOp = 'Multinomial';

/** The outputs of a call, and the trace from which they can be computed again. */
interface Traced {
  outputs: Leaves;
  trace: Trace;
}

/**
 * Runs `run` on aliases of `inputs`, and returns its outputs with the trace.
 *
 * @throws CaptureError if the function reads a tensor, draws random numbers on the host, or changes a variable
 */
export function trace(backend: NativeBackend, inputs: Leaves, run: (inputs: Leaves) => Leaves): Traced {
  const tracer = new Tracer(backend);
  return tracer.trace(inputs, run);
}

class Tracer implements HostTracer {
  readonly #backend: NativeBackend;
  readonly #binding: NativeBinding;
  /** Values by the binding's tensor id; ids are never used twice. */
  readonly #byId = new Map<number, Value>();
  /** Host data written while tracing. */
  readonly #written = new WeakSet<DataId>();
  /** The values of host placeholders in this call, and the number of runs after which host code has set them. */
  readonly #hostValues = new HostValues();
  readonly #hostStages = new Map<HostValue<unknown>, number>();
  readonly #constantNames = new Map<string, Value>();
  /**
   * Ops traced after a host call are computed after it, even if they do not depend on it: earlier they would only take
   * up memory.
   */
  #stage = 0;
  readonly #trace: Trace = {
    nodes: [],
    values: new Map(),
    constants: new Map(),
    inputs: [],
    hostInputs: [],
    closures: [],
    hostCalls: [],
    outputs: [],
    hostOutputs: [],
  };

  constructor(backend: NativeBackend) {
    this.#backend = backend;
    this.#binding = backend.binding;
  }

  trace(inputs: Leaves, run: (inputs: Leaves) => Leaves): Traced {
    // Two inputs may share their data now but not at a later replay, so each gets an alias with its own id.
    const aliases = inputs.tensors.map((input) => this.#alias(input));
    this.#trace.inputs = aliases.map((alias, index) => this.#placeholder(alias, `input${index}`, 0));
    this.#trace.hostInputs = this.#hostPlaceholders(inputs.hostValues, 0);
    const variablesBefore = variableData();
    let outputs: Tensor[] = [];
    try {
      this.#trace.outputs = this.#traced(() => {
        const result = withTracer(this, () => run({ tensors: aliases, hostValues: this.#trace.hostInputs }));
        outputs = result.tensors;
        this.#trace.hostOutputs = result.hostValues;
        return outputs.map((output) => this.#valueOf(output));
      });
    } finally {
      for (const alias of aliases) if (!outputs.includes(alias)) alias.dispose();
    }
    if (!sameEntries(variablesBefore, variableData())) {
      dispose(outputs);
      throw new CaptureError(
        'the captured function made or assigned a tf.variable, which a replay would not repeat: return the new value instead',
      );
    }
    const hostValues = this.#trace.hostOutputs.map((value) => this.#hostValues.get(value));
    return { outputs: { tensors: outputs, hostValues }, trace: this.#trace };
  }

  host({ tensors, hostValues }: Leaves, code: HostCode): Flat {
    const inputs = tensors.map((input) => this.#valueOf(input));
    let result!: Flat;
    this.#untraced(() =>
      tidy(() => {
        const arrays = tensors.map(({ dataId }) => this.#backend.readSync(dataId) as HostArray);
        const data = hostValues.map((value) => readHostValue(this.#hostValues.get(value)));
        result = code({ tensors: arrays, hostValues: data });
        return result.tensors;
      }),
    );
    const stage = Math.max(
      0,
      ...inputs.map((value) => (value.fed ? value.stage : value.stage + 1)),
      ...hostValues.map((value) => this.#hostStages.get(value) ?? 0),
    );
    const call = this.#trace.hostCalls.length;
    const outputs = result.tensors.map((output, index) => this.#placeholder(output, `host${call}_${index}`, stage));
    const hostOutputs = this.#hostPlaceholders(result.hostValues, stage);
    this.#trace.hostCalls.push({ inputs, hostInputs: hostValues, outputs, hostOutputs, code, stage });
    this.#stage = Math.max(this.#stage, stage);
    return { ...result, hostValues: hostOutputs };
  }

  /** Runs `run` while recording the backend's calls and forbidding Math.random. */
  #traced<T>(run: () => T): T {
    const overrides: Partial<NativeBackend> = {
      binding: this.#tracingBinding(),
      write: (values, shape, dtype) => {
        const dataId = Object.getPrototypeOf(this.#backend).write.call(this.#backend, values, shape, dtype) as DataId;
        this.#written.add(dataId);
        return dataId;
      },
      getInputTensorIds: (tensors) => this.#inputIds(tensors),
      readSync: (dataId) => this.#read(dataId),
      read: async (dataId) => this.#read(dataId),
    };
    const random = Math.random;
    Object.assign(this.#backend, overrides);
    Math.random = () => {
      throw new CaptureError(
        'the captured function draws random numbers on the host (tf.dropout, tf.randomNormal, Math.random); ' +
          'a replay would repeat them: use randomStream(seed) with a seed input, or draw them inside host(...)',
      );
    };
    try {
      return run();
    } finally {
      Math.random = random;
      this.#restore();
    }
  }

  #untraced<T>(run: () => T): T {
    const { write, getInputTensorIds, readSync, read, binding } = this.#backend;
    const random = Math.random;
    this.#restore();
    Math.random = hostRandom;
    try {
      return withTracer(undefined, run);
    } finally {
      Object.assign(this.#backend, { write, getInputTensorIds, readSync, read, binding });
      Math.random = random;
    }
  }

  #restore(): void {
    const backend = this.#backend as Partial<NativeBackend>;
    delete backend.write;
    delete backend.getInputTensorIds;
    delete backend.readSync;
    delete backend.read;
    this.#backend.binding = this.#binding;
  }

  /** The binding's own properties are read-only, so a derived object shadows two of them. */
  #tracingBinding(): NativeBinding {
    const define = <T>(value: T): PropertyDescriptor => ({ value });
    return Object.create(this.#binding, {
      executeOp: define((op: string, attributes: OpAttribute[], ids: number[], count: number): NativeTensor[] => {
        const outputs = this.#binding.executeOp(op, attributes, ids, count);
        this.#addNode(op, attributes, ids, outputs);
        return outputs;
      }),
      createTensor: define((shape: number[], dtype: number, values: HostArray): number => {
        const id = this.#binding.createTensor(shape, dtype, values);
        this.#byId.set(id, this.#constant({ shape: [...shape], dtype, values }));
        return id;
      }),
    }) as NativeBinding;
  }

  #addNode(op: string, attributes: OpAttribute[], ids: number[], outputs: NativeTensor[]): void {
    const inputs = ids.map((id) => {
      const value = this.#byId.get(id);
      if (value === undefined) throw new CaptureError(`op ${op} takes a tensor that the tracer has not seen`);
      return value;
    });
    // An unset attribute arrives as an entry without a name; the graph then uses the op's default.
    const named = [
      ...attributes.filter((attribute) => attribute.name),
      ...(op === 'ExpandDims' && attributes.length === 0 ? this.#typesOf(inputs, ['T', 'Tdim']) : []),
    ];
    try {
      if (op === statefulOp) throw new UncapturableError(`op ${op} has its own state`);
      for (const attribute of named) encodeAttribute(this.#binding, op, attribute);
    } catch (error) {
      if (!(error instanceof UncapturableError)) throw error;
      this.#trace.uncapturable ??= error.message;
    }
    const name = `n${this.#trace.nodes.length}`;
    this.#trace.nodes.push({ name, op, inputs: inputs.map((input) => input.name), attributes: named });
    const stage = Math.max(this.#stage, ...inputs.map((input) => input.stage));
    outputs.forEach(({ id, shape, dtype }, port) => {
      this.#byId.set(id, this.#value({ name: `${name}:${port}`, fed: false, stage, shape, dtype }));
    });
  }

  /**
   * The types of inputs as attributes: tfjs-node leaves those of `ExpandDims` to be inferred, which a graph does not
   * support.
   */
  #typesOf(inputs: readonly Value[], names: readonly string[]): OpAttribute[] {
    return names.map((name, i) => ({ name, type: this.#binding.TF_ATTR_TYPE, value: (inputs[i] as Value).dtype }));
  }

  #constant(constant: Constant): Value {
    const { shape, dtype, values } = constant;
    if (!ArrayBuffer.isView(values)) {
      this.#trace.uncapturable ??= 'a tensor of strings';
      return { name: 'string:0', fed: false, stage: 0, shape, dtype };
    }
    // Small constants (axes, scalars) recur in every layer and are stored once.
    const key = values.length <= 16 ? `${dtype}|${shape}|${bytesOf(values)}` : undefined;
    const known = key && this.#constantNames.get(key);
    if (known) return known;
    const name = `c${this.#trace.constants.size}`;
    // Copied, since the caller may write to its array later.
    this.#trace.constants.set(name, { shape, dtype, values: values.slice() });
    const value = this.#value({ name: `${name}:0`, fed: false, stage: 0, shape, dtype });
    if (key) this.#constantNames.set(key, value);
    return value;
  }

  #inputIds(tensors: TensorInfo[]): number[] {
    const ids = Object.getPrototypeOf(this.#backend).getInputTensorIds.call(this.#backend, tensors) as number[];
    tensors.forEach((tensor, index) => {
      const { dataId } = tensor;
      const id = ids[index] as number;
      // An Int64Scalar has no data id; createTensor has recorded it.
      if (dataId === undefined || this.#written.has(dataId)) return;
      const known = this.#byId.get(id);
      if (known === undefined || this.#trace.constants.has(nodeOf(known))) this.#addClosure(tensor, id);
    });
    return ids;
  }

  /** Adds a tensor from an enclosing scope: a placeholder whose data is looked up at every replay. */
  #addClosure({ dataId, dtype: type }: TensorInfo, id: number): void {
    const known = this.#trace.closures.find((closure) => closure.tensor().dataId === dataId);
    if (known) {
      this.#byId.set(id, known.value);
      return;
    }
    const { shape, dtype } = this.#backend.tensorMap.get(dataId);
    const name = `closure${this.#trace.closures.length}`;
    const value = this.#value({ name: `${name}:0`, fed: true, stage: 0, shape, dtype });
    this.#byId.set(id, value);
    const variable = Object.values(engine().registeredVariables).find((candidate) => candidate.dataId === dataId);
    // Assigning to a variable gives it other data, which the replay must use.
    this.#trace.closures.push({ value, tensor: () => ({ dataId: variable?.dataId ?? dataId, shape, dtype: type }) });
  }

  #read(dataId: DataId): HostArray {
    if (this.#written.has(dataId)) {
      return Object.getPrototypeOf(this.#backend).readSync.call(this.#backend, dataId) as HostArray;
    }
    throw new CaptureError(
      "a tensor's value was read (dataSync, data, arraySync, print) inside a captured function, " +
        'which a replay could not repeat: move the code that needs the value into host([tensors], compute)',
    );
  }

  #alias(tensor: Tensor): Tensor {
    const [id] = this.#backend.getInputTensorIds([tensor]);
    const { dtype } = this.#backend.tensorMap.get(tensor.dataId);
    const attribute = { name: 'T', type: this.#binding.TF_ATTR_TYPE, value: dtype };
    const [alias] = this.#binding.executeOp('Identity', [attribute], [id as number], 1);
    return this.#backend.createOutputTensor(alias as NativeTensor) as Tensor;
  }

  #placeholder(tensor: Tensor, name: string, stage: number): Value {
    const [id] = Object.getPrototypeOf(this.#backend).getInputTensorIds.call(this.#backend, [tensor]) as number[];
    const { dtype } = this.#backend.tensorMap.get(tensor.dataId);
    const value = this.#value({ name: `${name}:0`, fed: true, stage, shape: tensor.shape, dtype });
    this.#byId.set(id as number, value);
    return value;
  }

  #hostPlaceholders(values: readonly HostValue<unknown>[], stage: number): HostValue<unknown>[] {
    const placeholders = values.map(placeholder);
    this.#hostValues.set(placeholders, values);
    for (const name of placeholders) this.#hostStages.set(name, stage);
    return placeholders;
  }

  /** The graph's value for a tensor that the function returns or passes to host code. */
  #valueOf(tensor: Tensor): Value {
    const [id] = this.#inputIds([tensor]);
    return this.#byId.get(id as number) as Value;
  }

  #value(value: Value): Value {
    this.#trace.values.set(value.name, value);
    return value;
  }
}

/** The original Math.random, for host code. */
const hostRandom = Math.random;

/** The values as bytes, so that -0 and 0 are different constants. */
function bytesOf({ buffer, byteOffset, byteLength }: HostArray): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function variableData(): Map<string, DataId> {
  return new Map(Object.entries(engine().registeredVariables).map(([name, variable]) => [name, variable.dataId]));
}

function sameEntries(before: Map<string, DataId>, after: Map<string, DataId>): boolean {
  return before.size === after.size && [...before].every(([name, dataId]) => after.get(name) === dataId);
}
