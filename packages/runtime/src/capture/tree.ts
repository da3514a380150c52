/** Nested structures of tensors (arrays and plain objects) taken apart and put together again. */
import { Tensor } from '@tensorflow/tfjs-core';

/** A structure taken apart. */
export interface Flat {
  /** The tensors in a fixed order, and where each one stood (`batch.boxes[2]`). */
  tensors: Tensor[];
  paths: string[];
  /** Describes everything but the tensors: equal strings mean equal structure and equal plain values. */
  structure: string;
  /** The same structure with other tensors. */
  rebuild(tensors: readonly Tensor[]): unknown;
}

/**
 * Takes apart nested arrays and plain objects of tensors. Numbers, strings, booleans, null and undefined are part of
 * the structure.
 * @throws TypeError naming the place of anything else, such as a typed array or a function.
 */
export function flatten(value: unknown, root: string): Flat {
  const tensors: Tensor[] = [];
  const paths: string[] = [];
  type Rebuild = (tensors: readonly Tensor[]) => unknown;
  const parts: string[] = [];

  const visit = (node: unknown, path: string): Rebuild => {
    if (node instanceof Tensor) {
      const index = tensors.push(node) - 1;
      paths.push(path);
      parts.push('T');
      return (replaced) => replaced[index];
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
      `${path || root} is a ${kind}: expected tensors, numbers, strings, booleans, or nested arrays and objects of them`,
    );
  };

  const rebuild = visit(value, root);
  return { tensors, paths, structure: parts.join(' '), rebuild };
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
