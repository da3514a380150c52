/** Data that differs from call to call of a captured function: what its host code is given and what that learns. */
import { CaptureError } from './capture-error.ts';

const held = Symbol('held');

/**
 * Data of any type on the host. To a captured function it is what a tensor is, something to pass on and to return but not
 * to look into: `host` hands what it holds to host code, anew at every replay, and `readHostValue` reads it outside. It
 * never selects a capture.
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

/** Holds `value` as an input of a captured function or as a result of host code. */
export function hostValue<T>(value: T): HostValue<T> {
  return new Held(() => value);
}

/** The content of a host value. @throws CaptureError while a captured function is traced */
export function readHostValue<T>(value: HostValue<T>): T {
  return value[held];
}

/** Stands for a host value while a function is traced: it holds nothing, because each replay has its own value. */
export function placeholder(): HostValue<unknown> {
  return new Held(() => {
    throw new CaptureError(
      'a host value was read inside a captured function; a replay could not follow: ' +
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

  /** A value that no call has set, such as one that the function closes over, stands for itself. */
  get(value: HostValue<unknown>): HostValue<unknown> {
    return this.#known.get(value) ?? value;
  }
}
