import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readSafetensors, type SafeTensor } from '../safetensors.ts';
import { ByteReader, PthError } from './byte-reader.ts';
import { checkpointContext } from './globals.ts';
import { readPickle } from './pickle.ts';
import { readPth } from './read.ts';
import { PthTensor } from './tensor.ts';

// The files were written with PyTorch by test/fixtures/weights/make_pth.py.
const fixture = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../../../../../test/fixtures/weights/${name}`, import.meta.url)));

/** Replaces tensors by the bits of their elements, so that NaN can be compared too. */
const bitsOf = ({ dtype, shape, data }: SafeTensor) => ({
  dtype,
  shape,
  bits: new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice(),
});

/** Reads the tensors inside a value. */
function withTensors(value: unknown): unknown {
  if (value instanceof PthTensor) return bitsOf(value.read());
  if (Array.isArray(value)) return value.map(withTensors);
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [key, withTensors(item)]));
  return value;
}

/** Reads all tensors of a value; a pickle may contain itself. */
function readTensors(value: unknown, seen = new Set<unknown>()): void {
  if (value instanceof PthTensor) value.read();
  if (!(Array.isArray(value) || value instanceof Map) || seen.has(value)) return;
  seen.add(value);
  for (const item of value.values()) readTensors(item, seen);
}

const pickle = (...parts: (string | number)[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === 'number' ? part : [...new TextEncoder().encode(part)])));

const unpickle = (bytes: Uint8Array): unknown =>
  readPickle(
    new ByteReader(bytes),
    checkpointContext(() => null),
  );

describe('readPth', () => {
  it('reads plain containers and numbers', () => {
    const integers = [0, 255, 256, 65535, 65536, -1, 2 ** 31, -(2 ** 31) - 1, 2n ** 53n, 2n ** 70n, -(2n ** 70n)];
    const settings = new Map<string, unknown>([
      ['lr', 1e-4],
      ['backbone', 'resnet50'],
      ['nested', new Map([['masks', false]])],
    ]);
    const expected = new Map<unknown, unknown>([
      ['none', null],
      ['bools', [true, false]],
      ['integers', integers],
      ['floats', [0.5, -0, Number.POSITIVE_INFINITY]],
      ['text', 'naïve ☃ 🙂\n'],
      ['tuples', [[], [1], [1, 2], [1, 2, 3], [1, 2, 3, 4]]],
      ['long list', Array.from({ length: 2000 }, (_, i) => i)],
      ['ordered', new Map(Object.entries({ b: 1, a: 2 }))],
      [
        'counter',
        new Map<unknown, unknown>([
          [40, 2],
          [30, 1],
        ]),
      ],
      ['args', settings],
      [7, new Map([['deep', [new Map([['er', []]])]]])],
    ]);
    expect(withTensors(readPth(fixture('containers.pth')))).toEqual(expected);
  });

  it('reads every type and layout of a tensor', () => {
    const tensors = readPth(fixture('tensors.pth')) as Map<string, PthTensor>;
    const expected = readSafetensors(fixture('tensors.safetensors')).tensors;
    expect([...tensors.keys()].sort()).toEqual([...expected.keys()].sort());
    for (const [name, tensor] of tensors) {
      expect({ name, ...bitsOf(tensor.read()) }).toEqual({ name, ...bitsOf(expected.get(name) as SafeTensor) });
    }
  });

  it('gives contiguous tensors as views of the file', () => {
    const bytes = fixture('tensors.pth');
    const tensors = readPth(bytes) as Map<string, PthTensor>;
    const [whole, part] = ['whole', 'part'].map((name) => (tensors.get(name) as PthTensor).read().data);
    expect(whole?.buffer).toBe(bytes.buffer);
    expect(part?.byteOffset).toBe((whole?.byteOffset ?? 0) + 4 * 16);
  });

  it('reads a training checkpoint, also in the format before PyTorch 1.6', () => {
    const training = readPth(fixture('training.pth')) as Map<string, Map<string, unknown>>;
    expect([...training.keys()]).toEqual(['model', 'optimizer', 'lr_scheduler', 'epoch', 'args']);
    expect(training.get('args')?.get('num_queries')).toBe(100);
    expect(training.get('lr_scheduler')?.get('milestones')).toEqual(new Map([40, 50].map((epoch) => [epoch, 1])));
    const state = training.get('optimizer')?.get('state') as Map<number, Map<string, PthTensor>> | undefined;
    expect(state?.get(2)?.get('exp_avg')?.shape).toEqual([4]);
    expect(withTensors(readPth(fixture('training-legacy.pth')))).toEqual(withTensors(training));
    const model = readSafetensors(fixture('weights.safetensors')).tensors;
    expect(withTensors(training.get('model'))).toEqual(new Map([...model].map(([name, item]) => [name, bitsOf(item)])));
  });

  it.each(['tensors.pth', 'training.pth', 'training-legacy.pth'])('rejects %s if it is cut off anywhere', (name) => {
    const whole = fixture(name);
    for (let size = 0; size < whole.length; size += 13) {
      expect(() => readPth(whole.subarray(0, size))).toThrow(PthError);
    }
  });

  it.each(['containers.pth', 'tensors.pth', 'training-legacy.pth'])(
    'returns a value or throws a PthError if %s is damaged',
    (name) => {
      const whole = fixture(name);
      const damage = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
      fc.assert(
        fc.property(damage, (edits) => {
          const bytes = whole.slice();
          for (const [position, value] of edits) bytes[position] = value;
          readOrRefuse(() => readTensors(readPth(bytes)));
        }),
        // The number of a memo is changed so that a container contains itself.
        { numRuns: 300, examples: name === 'containers.pth' ? [[[[371, 104]]]] : [] },
      );
    },
  );

  it('rejects another byte order and other files', () => {
    const bytes = fixture('tensors.pth');
    const at = Buffer.from(bytes).indexOf('little');
    bytes.set(new TextEncoder().encode('bigbig'), at);
    expect(() => readPth(bytes)).toThrow('the byte order is bigbig, expected little');
    expect(() => readPth(new Uint8Array(100))).toThrow('this file was not written by torch.save');
  });
});

describe('readPickle', () => {
  it('returns a value or throws a PthError for any opcodes', () => {
    const opcode = fc.constantFrom(...'(N\x88\x89JKM\x8aGX])}\x85\x86\x87tae su q r h j c R b Q .'.split(''));
    const part = fc.oneof(opcode, fc.nat(3), fc.constant('ccollections\nOrderedDict\n'));
    fc.assert(
      fc.property(fc.array(part, { maxLength: 40 }), (parts) => readOrRefuse(() => unpickle(pickle(...parts, '.')))),
      { numRuns: 2000 },
    );
  });

  it.each<[string, Uint8Array, string]>([
    ['an empty pickle', pickle(), 'byte 0: byte 0: expected 1 more bytes, found 0'],
    ['a missing end', pickle('N'), 'byte 1: byte 1: expected 1 more bytes'],
    ['an empty stack', pickle('.'), 'byte 0: 1 values are needed, but there are 0'],
    ['code', pickle('cos\nsystem\n'), 'byte 0: the global os.system is not allowed'],
    ['the prototype', pickle('cto\nString\n'), 'the global to.String is not allowed'],
    ['another opcode', pickle('N0'), 'byte 1: the opcode 0x30 is not allowed'],
    ['another protocol', pickle(0x80, 4), 'pickle protocol 4 is not supported, expected 2'],
    ['a call of data', pickle('N)R'), 'byte 2: something that is not a function is called'],
    ['a call of a type', pickle('ctorch\nFloatStorage\n)R'), 'something that is not a function is called'],
    ['appending to a number', pickle('K', 1, 'Na'), 'appended to something that is not a list'],
    ['half an item', pickle('}(Nu'), 'items are set in something that is not a dictionary'],
    ['attributes of a list', pickle(']}b'), 'attributes are set on something that has none'],
    ['a missing mark', pickle('t'), 'a mark is needed, but there is none'],
    ['a value never kept', pickle('h', 3), 'the value 3 is used before it is kept'],
    ['a text that overruns', pickle('X', 255, 255, 255, 255), 'expected 4294967295 more bytes'],
    ['text that is not UTF-8', pickle('X', 1, 0, 0, 0, 255), 'a text is not UTF-8'],
    ['a tensor of nothing', pickle('ctorch._utils\n_rebuild_tensor_v2\n)R'), 'a tensor is not made of a storage'],
    ['items of Python 2', pickle('ccollections\nOrderedDict\n]', 0x85, 'R'), 'as Python 2 did'],
  ])('rejects %s', (_, bytes, message) => {
    expect(() => unpickle(bytes)).toThrow(PthError);
    expect(() => unpickle(bytes)).toThrow(message);
  });
});

function readOrRefuse(read: () => void): void {
  try {
    read();
  } catch (error) {
    expect(error).toBeInstanceOf(PthError);
  }
}
