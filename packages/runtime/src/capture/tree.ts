/** Flattens nested structures (arrays and plain objects) of tensors and host values, and rebuilds them. */
import { Tensor } from '@tensorflow/tfjs-core';
import { type HostValue, isHostValue } from './host-value.ts';

/** The leaves of a structure, or their replacements, in a fixed order. */
export type Leaves<T = Tensor, V = HostValue<unknown>> = { tensors: T[]; hostValues: V[] };

/** A flattened structure. */
export interface Flat extends Leaves {
  /** Path of each tensor in the structure (`batch.boxes[2]`). */
  paths: string[];
  /** Describes everything but the leaves: equal strings mean equal structure and equal plain values. */
  structure: string;
  /** The same structure with other leaves. */
  rebuild(leaves: Leaves<unknown, unknown>): unknown;
}

/**
 * Flattens nested arrays and plain objects of tensors and host values. Numbers, strings, booleans, null and undefined
 * are part of the structure.
 *
 * @throws TypeError naming the path of anything else, such as a typed array or a function
 */
export function flatten(value: unknown, root: string): Flat {
  const tensors: Tensor[] = [];
  const hostValues: HostValue<unknown>[] = [];
  const paths: string[] = [];
  type Rebuild = (leaves: Leaves<unknown, unknown>) => unknown;
  const parts: string[] = [];

  const visit = (node: unknown, path: string): Rebuild => {
    if (node instanceof Tensor) {
      const index = tensors.push(node) - 1;
      paths.push(path);
      parts.push('T');
      return (replaced) => replaced.tensors[index];
    }
    if (isHostValue(node)) {
      const index = hostValues.push(node) - 1;
      parts.push('V');
      return (replaced) => replaced.hostValues[index];
    }
    if (Array.isArray(node)) {
      parts.push('[');
      const items = node.map((item, index) => visit(item, `${path}[${index}]`));
      parts.push(']');
      return (replaced) => items.map((rebuild) => rebuild(replaced));
    }
    if (isPlainObject(node)) {
      parts.push('{');
      const entries = Object.entries(node).map(([key, item]): [string, Rebuild] => {
        parts.push(JSON.stringify(key));
        return [key, visit(item, path === '' ? key : `${path}.${key}`)];
      });
      parts.push('}');
      return (replaced) => Object.fromEntries(entries.map(([key, rebuild]) => [key, rebuild(replaced)]));
    }
    if (node === null || ['number', 'string', 'boolean', 'undefined'].includes(typeof node)) {
      parts.push(typeof node === 'number' ? String(node) : (JSON.stringify(node) ?? 'undefined'));
      return () => node;
    }
    const kind = typeof node === 'object' ? node.constructor.name : typeof node;
    throw new TypeError(
      `${path || root} is a ${kind}: expected tensors, host values, numbers, strings, booleans, ` +
        'or nested arrays and objects of them',
    );
  };

  const rebuild = visit(value, root);
  return { tensors, hostValues, paths, structure: parts.join(' '), rebuild };
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
