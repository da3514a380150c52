/**
 * The contents of a trace, and their encoding as TensorFlow's GraphDef and SavedModel
 * (tensorflow/core/framework/graph.proto).
 */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import protobuf from 'protobufjs';
import type { NativeBinding, OpAttribute } from '../native/binding.ts';
import type { HostCode } from './host.ts';
import type { HostValue } from './host-value.ts';

/** One op of the graph. Its outputs are named `name:0`, `name:1`, … */
export interface GraphNode {
  name: string;
  op: string;
  /** Names of the input values, `node:port`. */
  inputs: string[];
  attributes: OpAttribute[];
}

/** Host data stored in the graph. */
export interface Constant {
  shape: number[];
  /** Type of the values, a `TF_DataType`. */
  dtype: number;
  values: Float32Array | Int32Array | Uint8Array;
}

/** Constants by the name of their nodes. */
export type Constants = ReadonlyMap<string, Constant>;

/** A value of the graph. */
export interface Value {
  /** Name, `node:port`. */
  name: string;
  /** True for a placeholder, which the replay must supply. */
  fed: boolean;
  /** Number of runs after which the value can be computed or, if it is fed, is known. */
  stage: number;
  shape: number[];
  dtype: number;
}

/** A call of host code between two runs of the graph. */
export interface HostCall {
  inputs: Value[];
  hostInputs: HostValue<unknown>[];
  /** Placeholders for its results. */
  outputs: Value[];
  hostOutputs: HostValue<unknown>[];
  code: HostCode;
  /** Number of runs after which it can be called. */
  stage: number;
}

/** A traced function. */
export interface Trace {
  nodes: GraphNode[];
  /** Values by name. */
  values: Map<string, Value>;
  constants: Map<string, Constant>;
  inputs: Value[];
  /** The placeholders of the host values that the function is called with. */
  hostInputs: HostValue<unknown>[];
  /** Tensors from enclosing scopes that the function uses, looked up again at every replay. */
  closures: { value: Value; tensor: () => TensorInfo }[];
  hostCalls: HostCall[];
  outputs: Value[];
  /** The host values that the function returned: placeholders, or values that never change. */
  hostOutputs: HostValue<unknown>[];
  /** Why the graph cannot be built, if an op or attribute has no encoding. */
  uncapturable?: string;
}

/** Name of the node that makes a value. */
export function nodeOf(value: Pick<Value, 'name'>): string {
  return value.name.slice(0, value.name.lastIndexOf(':'));
}

/** An op or an attribute that a graph cannot represent; the captured function then runs eagerly. */
export class UncapturableError extends Error {
  override name = 'UncapturableError';
}

// The fields of TensorFlow's messages that a SavedModel of one graph needs; all other fields keep their defaults.
const schema = protobuf.parse(
  `syntax = "proto3";
  message Dim { int64 size = 1; }
  message TensorShape { repeated Dim dim = 2; }
  message Tensor { int32 dtype = 1; TensorShape tensor_shape = 2; bytes tensor_content = 4; }
  message List {
    repeated bytes s = 2; repeated int64 i = 3; repeated float f = 4; repeated bool b = 5; repeated int32 type = 6;
    repeated TensorShape shape = 7;
  }
  message AttrValue {
    oneof value {
      List list = 1; bytes s = 2; int64 i = 3; float f = 4; bool b = 5; int32 type = 6; TensorShape shape = 7;
      Tensor tensor = 8;
    }
  }
  message NodeDef {
    string name = 1; string op = 2; repeated string input = 3; string device = 4; map<string, AttrValue> attr = 5;
  }
  message Versions { int32 producer = 1; }
  message GraphDef { repeated NodeDef node = 1; Versions versions = 4; }
  message MetaInfo { repeated string tags = 4; }
  message MetaGraph { MetaInfo meta_info_def = 1; GraphDef graph_def = 2; }
  message SavedModel { int64 saved_model_schema_version = 1; repeated MetaGraph meta_graphs = 2; }`,
  { keepCase: true },
).root;

/** The tag under which the graph is stored. */
export const servingTag = 'serve';

/** The version of TensorFlow's graphs that defines the ops' semantics; every 2.x library reads it. */
const producerVersion = 1987;

/**
 * Encodes a GraphDef.
 *
 * @throws UncapturableError for an attribute that has no encoding
 */
export function encodeGraph(binding: NativeBinding, nodes: readonly GraphNode[], constants: Constants): Uint8Array {
  return schema
    .lookupType('GraphDef')
    .encode(graphDef(binding, nodes, constants) as never)
    .finish();
}

/**
 * Encodes a `saved_model.pb`.
 *
 * @throws UncapturableError for an attribute that has no encoding
 */
export function encodeSavedModel(
  binding: NativeBinding,
  nodes: readonly GraphNode[],
  constants: Constants,
): Uint8Array {
  const graph = { meta_info_def: { tags: [servingTag] }, graph_def: graphDef(binding, nodes, constants) };
  return schema
    .lookupType('SavedModel')
    .encode({ saved_model_schema_version: 1, meta_graphs: [graph] } as never)
    .finish();
}

function graphDef(binding: NativeBinding, nodes: readonly GraphNode[], constants: Constants): Record<string, unknown> {
  const node = nodes.map(({ name, op, inputs, attributes }) => ({
    name,
    op,
    input: inputs,
    attr: Object.fromEntries(attributes.map((attribute) => [attribute.name, encodeAttribute(binding, op, attribute)])),
  }));
  for (const [name, constant] of constants) {
    const { dtype, shape, values } = constant;
    const content = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const tensor = { dtype, tensor_shape: encodeShape(shape), tensor_content: content };
    node.push({ name, op: 'Const', input: [], attr: { dtype: { type: dtype }, value: { tensor } } });
  }
  return { node, versions: { producer: producerVersion } };
}

/** Creates the placeholder node of a value that a graph is fed with. */
export function placeholderNode(binding: NativeBinding, name: string, { dtype, shape }: Value): GraphNode {
  return {
    name,
    op: 'Placeholder',
    inputs: [],
    attributes: [
      { name: 'dtype', type: binding.TF_ATTR_TYPE, value: dtype },
      { name: 'shape', type: binding.TF_ATTR_SHAPE, value: shape },
    ],
  };
}

/**
 * Encodes an attribute.
 *
 * @throws UncapturableError if it has no encoding
 */
export function encodeAttribute(binding: NativeBinding, op: string, attribute: OpAttribute): Record<string, unknown> {
  const { name, type, value } = attribute;
  const text = (item: unknown): Uint8Array => Buffer.from(String(item));
  if (type === binding.TF_ATTR_SHAPE && Array.isArray(value)) return { shape: encodeShape(value as number[]) };
  const fields = new Map<number, [field: string, encode: (item: unknown) => unknown]>([
    [binding.TF_ATTR_STRING, ['s', text]],
    [binding.TF_ATTR_INT, ['i', Number]],
    [binding.TF_ATTR_FLOAT, ['f', Number]],
    [binding.TF_ATTR_BOOL, ['b', Boolean]],
    [binding.TF_ATTR_TYPE, ['type', Number]],
  ]);
  const field = fields.get(type);
  if (field === undefined || value === null || value === undefined) {
    throw new UncapturableError(`attribute '${name}' of op ${op} has no graph encoding`);
  }
  const [key, encode] = field;
  return Array.isArray(value) ? { list: { [key]: value.map(encode) } } : { [key]: encode(value) };
}

function encodeShape(shape: number[]): Record<string, unknown> {
  return { dim: shape.map((size) => ({ size })) };
}
