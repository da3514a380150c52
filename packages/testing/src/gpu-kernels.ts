/**
 * Finds the ops of captured graphs that have kernels for NVIDIA GPUs, in the list that gpu-kernels.py makes from
 * TensorFlow's library.
 */
import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';

/** An op in a graph: its name, and its type attributes, such as `T=float`, by name. */
export interface OpUse {
  readonly op: string;
  readonly types: Readonly<Record<string, string>>;
}

/** Constraints of a kernel of an op: the types that each attribute may have. */
type Kernel = Readonly<Record<string, readonly string[]>>;

/** Those types in tensorflow/core/framework/types.proto that occur in graphs of tfjs's ops. */
const typeNames: Readonly<Record<number, string>> = { 1: 'float', 3: 'int32', 4: 'uint8', 9: 'int64', 10: 'bool' };

const graphs = protobuf.parse(
  `syntax = "proto3";
  message AttrValue { int32 type = 6; }
  message NodeDef { string op = 2; map<string, AttrValue> attr = 5; }
  message GraphDef { repeated NodeDef node = 1; }`,
  { keepCase: true },
).root;

interface GraphDef {
  node: { op: string; attr: Record<string, { type?: number }> }[];
}

/**
 * The ops of a serialised GraphDef, without constants and placeholders, which are values on whichever device needs
 * them.
 */
export function opsOf(graph: Uint8Array): OpUse[] {
  const message = graphs.lookupType('GraphDef');
  const { node } = message.toObject(message.decode(graph), { arrays: true, objects: true }) as GraphDef;
  return node
    .filter(({ op }) => op !== 'Const' && op !== 'Placeholder')
    .map(({ op, attr }) => {
      const types = Object.entries(attr).flatMap(([name, { type }]) => (type ? [[name, nameOf(type)] as const] : []));
      return { op, types: Object.fromEntries(types) };
    });
}

function nameOf(type: number): string {
  const name = typeNames[type];
  if (name === undefined) throw new Error(`there is no name for the type ${type} of types.proto: add it to the list`);
  return name;
}

const kernels = readKernels();

/** Whether a GPU has a kernel for an op with these types. */
export const runsOnGpu = ({ op, types }: OpUse): boolean =>
  (kernels.get(op) ?? []).some((kernel) =>
    Object.entries(kernel).every(([name, allowed]) => types[name] === undefined || allowed.includes(types[name])),
  );

function readKernels(): Map<string, Kernel[]> {
  const found = new Map<string, Kernel[]>();
  const lines = readFileSync(new URL('gpu-kernels.txt', import.meta.url), 'utf8').split('\n');
  for (const line of lines.filter((text) => text !== '' && !text.startsWith('#'))) {
    const [op = '', ...constraints] = line.split(' ');
    const kernel = constraints.map((constraint): [string, string[]] => {
      const [name = '', types = ''] = constraint.split('=');
      return [name, types.split('|')];
    });
    found.set(op, [...(found.get(op) ?? []), Object.fromEntries(kernel)]);
  }
  return found;
}
