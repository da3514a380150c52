/**
 * A pickle reader that understands only data: the opcodes of protocol 2 that `torch.save` writes for tensors and plain
 * containers, and the globals that its caller allows. Nothing from the file is ever executed.
 *
 * Opcodes: https://github.com/python/cpython/blob/main/Lib/pickletools.py. Each takes at least a byte and makes at most
 * one value, so time and memory are bounded by the size of the file.
 *
 * npm's pickleparser 0.2.1 is not strict enough for files from others: an empty stack and a missing memo give
 * `undefined` instead of an error, and a LONG1 of −1 gives 255.
 */
import { type ByteReader, decodeText, PthError } from './byte-reader.ts';

/** Replacement for a Python function or class that a pickle may call. */
export class Callable {
  readonly call: (args: readonly unknown[]) => unknown;

  constructor(call: (args: readonly unknown[]) => unknown) {
    this.call = call;
  }
}

/** An `argparse.Namespace`, as a map of its attributes by name. */
export class Namespace extends Map<unknown, unknown> {}

/** The outside references that a pickle may make. */
export interface PickleContext {
  /** @returns the replacement for `module.name`, or undefined if that is not allowed */
  global(name: string): unknown;
  /** @returns the object with a persistent id */
  persistent(id: unknown): unknown;
}

/**
 * Reads one pickle and leaves the reader after it.
 *
 * @returns null, booleans, numbers (bigints beyond 2^53), strings, arrays for lists and tuples, Maps for dictionaries,
 *   and the context's replacements
 * @throws PthError naming the byte, for any other opcode or global, or damage
 */
export function readPickle(reader: ByteReader, context: PickleContext): unknown {
  const machine = new Machine(reader, context);
  for (;;) {
    const at = reader.position;
    try {
      const opcode = reader.u8();
      if (opcode === stop) return machine.pop();
      machine.run(opcode);
    } catch (error) {
      if (error instanceof PthError) throw new PthError(`pickle, byte ${at}: ${error.message}`);
      throw error;
    }
  }
}

const stop = 0x2e;

/** Opcodes that put a value on the stack. */
const values: Readonly<Record<number, (machine: Machine) => unknown>> = {
  78: () => null, // NONE
  136: () => true, // NEWTRUE
  137: () => false, // NEWFALSE
  74: ({ reader }) => reader.i32(), // BININT
  75: ({ reader }) => reader.u8(), // BININT1
  77: ({ reader }) => reader.u16(), // BININT2
  138: ({ reader }) => readLong(reader.take(reader.u8())), // LONG1
  71: ({ reader }) => reader.f64BigEndian(), // BINFLOAT
  88: ({ reader }) => decodeText(reader.take(reader.u32())), // BINUNICODE
  93: () => [], // EMPTY_LIST
  41: () => [], // EMPTY_TUPLE
  125: () => new Map(), // EMPTY_DICT
  133: (machine) => machine.popMany(1), // TUPLE1
  134: (machine) => machine.popMany(2), // TUPLE2
  135: (machine) => machine.popMany(3), // TUPLE3
  116: (machine) => machine.popToMark(), // TUPLE
  104: (machine) => machine.recall(machine.reader.u8()), // BINGET
  106: (machine) => machine.recall(machine.reader.u32()), // LONG_BINGET
  99: (machine) => machine.global(), // GLOBAL
  82: (machine) => machine.call(), // REDUCE
  129: (machine) => machine.call(), // NEWOBJ
  81: (machine) => machine.context.persistent(machine.pop()), // BINPERSID
};

/** Opcodes that change values on the stack or store one. */
const actions: Readonly<Record<number, (machine: Machine) => void>> = {
  128: ({ reader }) => requireProtocol(reader.u8()), // PROTO
  40: (machine) => machine.mark(), // MARK
  97: (machine) => machine.append(machine.popMany(1)), // APPEND
  101: (machine) => machine.append(machine.popToMark()), // APPENDS
  115: (machine) => machine.setItems(machine.popMany(2)), // SETITEM
  117: (machine) => machine.setItems(machine.popToMark()), // SETITEMS
  113: (machine) => machine.remember(machine.reader.u8()), // BINPUT
  114: (machine) => machine.remember(machine.reader.u32()), // LONG_BINPUT
  98: (machine) => machine.setAttributes(machine.pop()), // BUILD
};

class Machine {
  readonly reader: ByteReader;
  readonly context: PickleContext;
  readonly #memo = new Map<number, unknown>();
  /** Values since the last mark. */
  #stack: unknown[] = [];
  /** For every mark, the values below it. */
  readonly #below: unknown[][] = [];

  constructor(reader: ByteReader, context: PickleContext) {
    this.reader = reader;
    this.context = context;
  }

  run(opcode: number): void {
    const makeValue = values[opcode];
    if (makeValue !== undefined) {
      // The value comes first: making it may pop the stack back to the last mark.
      const value = makeValue(this);
      this.#stack.push(value);
      return;
    }
    const action = actions[opcode];
    if (action === undefined) {
      throw new PthError(
        `the opcode 0x${opcode.toString(16).padStart(2, '0')} is not allowed: expected those that torch.save writes ` +
          'for tensors and plain containers',
      );
    }
    action(this);
  }

  mark(): void {
    this.#below.push(this.#stack);
    this.#stack = [];
  }

  popToMark(): unknown[] {
    const below = this.#below.pop();
    if (below === undefined) throw damaged('a mark is needed, but there is none');
    const popped = this.#stack;
    this.#stack = below;
    return popped;
  }

  popMany(count: number): unknown[] {
    if (this.#stack.length < count) throw damaged(`${count} values are needed, but there are ${this.#stack.length}`);
    return this.#stack.splice(-count);
  }

  pop(): unknown {
    return this.popMany(1)[0];
  }

  append(items: readonly unknown[]): void {
    const list = this.#stack.at(-1);
    if (!Array.isArray(list)) throw damaged('values are appended to something that is not a list');
    for (const item of items) list.push(item);
  }

  setItems(items: readonly unknown[]): void {
    const map = this.#stack.at(-1);
    if (!(map instanceof Map) || items.length % 2 !== 0)
      throw damaged('items are set in something that is not a dictionary');
    for (let i = 0; i < items.length; i += 2) map.set(items[i], items[i + 1]);
  }

  remember(place: number): void {
    if (this.#stack.length === 0) throw damaged('a value is needed, but there is none');
    this.#memo.set(place, this.#stack.at(-1));
  }

  recall(place: number): unknown {
    if (!this.#memo.has(place)) throw damaged(`the value ${place} is used before it is kept`);
    return this.#memo.get(place);
  }

  global(): unknown {
    const name = `${this.reader.line()}.${this.reader.line()}`;
    const value = this.context.global(name);
    if (value !== undefined) return value;
    throw new PthError(
      `the global ${name} is not allowed: expected tensors and plain containers. If you trust the file, let PyTorch ` +
        "save only its weights: torch.save(torch.load(FILE, weights_only=False)['model'], NEW_FILE), with the key that " +
        "holds them instead of 'model'",
    );
  }

  call(): unknown {
    const [callee, args] = this.popMany(2);
    if (callee instanceof Callable && Array.isArray(args)) return callee.call(args);
    throw damaged('something that is not a function is called');
  }

  /** Sets attributes. Those of dictionaries, such as the `_metadata` of a state_dict, are ignored. */
  setAttributes(attributes: unknown): void {
    const target = this.#stack.at(-1);
    if (!(target instanceof Map && attributes instanceof Map))
      throw damaged('attributes are set on something that has none');
    if (target instanceof Namespace) for (const [name, value] of attributes) target.set(name, value);
  }
}

const damaged = (what: string) => new PthError(`${what}: the file is damaged`);

function requireProtocol(protocol: number): void {
  if (protocol === 2) return;
  throw new PthError(
    `pickle protocol ${protocol} is not supported, expected 2: save without the argument pickle_protocol`,
  );
}

/** Reads a two's complement number of any length, lowest byte first. */
function readLong(bytes: Uint8Array): number | bigint {
  let bits = 0n;
  for (const byte of [...bytes].reverse()) bits = (bits << 8n) | BigInt(byte);
  const value = BigInt.asIntN(8 * bytes.length, bits);
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
