/** Host data that differs from call to call of a captured function: the input of its host code, and its results. */
import { CaptureError } from './capture-error.ts';

const held = Symbol('held');

/**
 * Data of any type on the host. A captured function can pass it on and return it, like a tensor, but cannot look at it:
 * `host` gives its content to host code, anew at every replay, and `readHostValue` reads it outside. A host value never
 * selects a capture.
 */
export type HostValue<T> = { readonly [held]: T };

class Held<T> {
  readonly #read: () => T;

  constructor(read: () => T) {
    this.#read = read;
  }

  get [held](): T {
    return this.#read();
  }
}

/** Wraps `value` as an input of a captured function or as a result of host code. */
export function hostValue<T>(value: T): HostValue<T> {
  return new Held(() => value);
}

/**
 * The content of a host value.
 *
 * @throws CaptureError while a captured function is traced
 */
export function readHostValue<T>(value: HostValue<T>): T {
  return value[held];
}

/**
 * Creates a placeholder for a host value while a function is traced. It has no content, because each replay has a
 * different value.
 */
export function placeholder(): HostValue<unknown> {
  return new Held(() => {
    throw new CaptureError(
      'a host value was read inside a captured function, which a replay could not repeat: ' +
        'read it in host code that is given it, host([value], compute)',
    );
  });
}

export function isHostValue(value: unknown): value is HostValue<unknown> {
  return value instanceof Held;
}

/** The values of placeholders in one call of a captured function. */
export class HostValues {
  readonly #known = new Map<HostValue<unknown>, HostValue<unknown>>();

  set(placeholders: readonly HostValue<unknown>[], values: readonly HostValue<unknown>[]): void {
    for (const [index, name] of placeholders.entries()) this.#known.set(name, values[index] as HostValue<unknown>);
  }

  /** The value of a placeholder. Any other host value, such as one from an enclosing scope, is returned unchanged. */
  get(value: HostValue<unknown>): HostValue<unknown> {
    return this.#known.get(value) ?? value;
  }
}
