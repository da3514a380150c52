import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { useBackend } from '../backend.ts';
import type { NativeBackend, OwnBinding } from '../native/binding.ts';
import { findNative } from '../native/find.ts';
import { type Captured, capture } from './capture.ts';
import { CaptureError } from './capture-error.ts';
import { host } from './host.ts';
import { type HostValue, hostValue, readHostValue } from './host-value.ts';
import { randomStream } from './random.ts';

const native = await findNative();
if (native.addon === undefined) console.warn(`captured steps are not tested: ${native.reason}`);

const made: Captured<never, unknown>[] = [];
/** Like `capture`, but disposed after the test. */
const captureHere: typeof capture = (fn, options) => {
  const captured = capture(fn, options);
  made.push(captured as never);
  return captured;
};
afterEach(() => {
  for (const captured of made.splice(0)) captured.dispose();
});

const values = (tensor: tf.Tensor): number[] => Array.from(tensor.dataSync());
const close = (found: tf.Tensor, expected: tf.Tensor): void => {
  expect(found.shape).toEqual(expected.shape);
  expect(found.dtype).toBe(expected.dtype);
  const [a, b] = [values(found), values(expected)];
  // Sums of sums reach thousands, where neighbouring float32 numbers are further apart than the first bound.
  const tolerance = Math.max(5e-5, 4e-6 * Math.max(...b.map(Math.abs)));
  for (const [index, value] of a.entries()) expect(Math.abs(value - (b[index] as number))).toBeLessThan(tolerance);
};

/** The ways in which captured graphs run, with the value of the switch. */
const ways = [
  ['functions', ''],
  ['sessions', 'off'],
] as const;

const onNative = describe.skipIf(native.addon === undefined);

onNative.each(ways)('capture on native TensorFlow, by %s', (way, functions) => {
  beforeAll(async () => {
    vi.stubEnv('DN_DETR_FUNCTIONS', functions);
    await useBackend('tensorflow');
  });
  afterAll(() => vi.unstubAllEnvs());

  it('replays with other inputs, and with nested structures as input and output', () => {
    const step = captureHere(({ pair: [a, b], scale }: { pair: [tf.Tensor, tf.Tensor]; scale: number }) => ({
      sum: tf.add(a, b),
      nested: [{ product: tf.mul(tf.mul(a, b), scale) }],
      scale,
    }));
    for (let round = 0; round < 3; round++) {
      const pair: [tf.Tensor, tf.Tensor] = [tf.tensor([round, 2]), tf.tensor([3, 4 - round])];
      const result = step({ pair, scale: 2 });
      expect(values(result.sum)).toEqual([round + 3, 6 - round]);
      expect(values(result.nested[0]?.product as tf.Tensor)).toEqual([6 * round, 4 * (4 - round)]);
      expect(result.scale).toBe(2);
    }
    expect(step.stats).toMatchObject({ captures: 1, replays: 2, eager: 0 });
    step({ pair: [tf.tensor([1, 1]), tf.tensor([1, 1])], scale: 3 });
    expect(step.stats.captures).toBe(2);
  });

  it('captures gradients', () => {
    const gradient = (w: tf.Tensor, x: tf.Tensor): tf.Tensor =>
      tf.grad((v: tf.Tensor) => {
        const hidden = tf.relu(tf.add(tf.matMul(x as tf.Tensor2D, v as tf.Tensor2D), tf.ones([3])));
        return tf.mean(tf.logSoftmax(hidden)) as tf.Tensor;
      })(w);
    const step = captureHere(({ w, x }: { w: tf.Tensor; x: tf.Tensor }) => gradient(w, x));
    for (let round = 0; round < 3; round++) {
      const [w, x] = [tf.randomNormal([4, 3]), tf.randomNormal([5, 4])];
      close(step({ w, x }), gradient(w, x));
    }
    expect(step.stats.replays).toBe(2);
  });

  it('captures depthwise convolutions with their gradients', () => {
    const gradients = ({ x, w }: { x: tf.Tensor4D; w: tf.Tensor4D }) => {
      const square = (x: tf.Tensor, w: tf.Tensor): tf.Tensor =>
        tf.square(tf.depthwiseConv2d(x as tf.Tensor4D, w as tf.Tensor4D, 2, 'same'));
      return tf.grads(square)([x, w]);
    };
    const step = captureHere(gradients);
    for (let round = 0; round < 3; round++) {
      const input = {
        x: tf.randomNormal<tf.Rank.R4>([2, 7, 6, 3]),
        w: tf.randomNormal<tf.Rank.R4>([5, 5, 3, 1]),
      };
      const expected = gradients(input);
      step(input).forEach((found, i) => {
        close(found, expected[i] as tf.Tensor);
      });
    }
    expect(step.stats).toMatchObject({ captures: 1, replays: 2, eager: 0 });
  });

  it('captures gather with its gradient, and still rejects indices out of range', () => {
    const gradient = (x: tf.Tensor, indices: tf.Tensor): tf.Tensor =>
      tf.grad((y: tf.Tensor) => tf.sum(tf.square(tf.gather(y, indices as tf.Tensor1D))))(x);
    const inputs = (at: number): [tf.Tensor, tf.Tensor] => [
      tf.tensor2d([1, 2, 3, 4], [2, 2]),
      tf.tensor1d([at, 1], 'int32'),
    ];
    const step = captureHere(([x, indices]: [tf.Tensor, tf.Tensor]) => gradient(x, indices));
    step(inputs(0));
    expect(values(step(inputs(1)))).toEqual([0, 0, 12, 16]);
    expect(step.stats).toMatchObject({ captures: 1, replays: 1, eager: 0 });
    expect(() => gradient(...inputs(2))).toThrow(/not in \[0, 2\)/);
  });

  it('agrees with eager execution on random programs (property)', () => {
    type Op =
      | 'add'
      | 'mul'
      | 'matMul'
      | 'relu'
      | 'softmax'
      | 'transpose'
      | 'sum'
      | 'bias'
      | 'concat'
      | 'expand'
      | 'host';
    const ops: Op[] = [
      'add',
      'mul',
      'matMul',
      'relu',
      'softmax',
      'transpose',
      'sum',
      'bias',
      'concat',
      'expand',
      'host',
    ];
    const size = 3;
    const program = (names: Op[]) => (input: { a: tf.Tensor2D; b: tf.Tensor2D; v: tf.Tensor1D }) => {
      let x = input.a;
      for (const name of names) {
        if (name === 'add') x = tf.add(x, input.b);
        if (name === 'mul') x = tf.mul(x, input.b);
        if (name === 'matMul') x = tf.matMul(x, input.b, false, true);
        if (name === 'relu') x = tf.relu(x);
        if (name === 'softmax') x = tf.softmax(x);
        if (name === 'transpose') x = tf.transpose(x);
        if (name === 'sum') x = tf.mul(x, tf.sum(x, 0));
        if (name === 'bias') x = tf.add(x, input.v);
        if (name === 'concat') x = tf.slice(tf.concat([x, input.b], 0), [1, 0], [size, size]);
        if (name === 'expand') x = tf.squeeze(tf.expandDims(x, 1), [1]);
        if (name === 'host') {
          const read = x;
          const sign = host([read], (data) => tf.tensor2d(Float32Array.from(data, Math.sign), [size, size]));
          x = tf.add(tf.mul(x, 0.5), sign);
        }
      }
      return { x, first: input.a };
    };
    const random = (): { a: tf.Tensor2D; b: tf.Tensor2D; v: tf.Tensor1D } => ({
      a: tf.randomUniform([size, size], -1, 1),
      b: tf.randomUniform([size, size], -1, 1),
      v: tf.randomUniform([size], -1, 1),
    });
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...ops), { minLength: 1, maxLength: 8 }), (names) => {
        const step = capture(program(names));
        tf.tidy(() => {
          for (let round = 0; round < 2; round++) {
            const input = random();
            const [found, expected] = [step(input), program(names)(input)];
            close(found.x, expected.x);
            close(found.first, input.a);
          }
        });
        expect(step.stats).toMatchObject({ captures: 1, replays: 1, eager: 0 });
        step.dispose();
      }),
      // TensorFlow cancels two transpositions, even across a cut.
      { numRuns: 60, examples: [[['transpose', 'transpose', 'host', 'add']]] },
    );
  });

  it('runs host code between two parts with the values of each replay, and takes gradients through both parts', () => {
    const seen: number[][] = [];
    const step = captureHere(({ x }: { x: tf.Tensor1D }) => {
      const grad = tf.grad((v: tf.Tensor) => {
        const y = tf.square(v);
        const target = host([y], (data) => {
          seen.push(Array.from(data));
          return { max: tf.scalar(Math.max(...data)) };
        });
        return tf.sum(tf.mul(y, target.max));
      });
      return grad(x);
    });
    expect(values(step({ x: tf.tensor1d([1, 2]) }))).toEqual([8, 16]);
    expect(values(step({ x: tf.tensor1d([3, 1]) }))).toEqual([54, 18]);
    expect(seen).toEqual([
      [1, 4],
      [9, 1],
    ]);
  });

  it('passes values from before host code to the part after it', () => {
    const step = captureHere(({ x }: { x: tf.Tensor2D }) => {
      const y = tf.matMul(x, x);
      const bonus = host([y], (data) => tf.scalar(data[0] as number));
      return tf.add(tf.matMul(y, y), bonus);
    });
    for (const scale of [1, 2, 3]) {
      const x = tf.mul(tf.ones([2, 2]), scale) as tf.Tensor2D;
      const y = 2 * scale * scale;
      expect(values(step({ x }))).toEqual(Array(4).fill(2 * y * y + y));
    }
  });

  it('captures again for another shape, keeps the most recent captures, and frees the rest', () => {
    const step = captureHere(({ x }: { x: tf.Tensor }) => tf.sum(x), { maxCaptures: 2 });
    const call = (size: number): number => values(step({ x: tf.ones([size]) }))[0] as number;
    expect([1, 2, 1, 3, 1, 2].map(call)).toEqual([1, 2, 1, 3, 1, 2]);
    // 1 and 2 captured, 1 replayed, 3 drops 2, 1 replayed, 2 drops 3.
    expect(step.stats).toMatchObject({ captures: 4, replays: 2, evictions: 2 });
    step.dispose();
    expect(call(5)).toBe(5);
  });

  it('removes from TensorFlow what it has added', () => {
    const backend = tf.backend() as unknown as NativeBackend;
    const binding = backend.binding as OwnBinding & { getNumOfSavedModels(): number };
    const [added, removed]: [string[], string[]] = [[], []];
    const addFunction: OwnBinding['addFunction'] = (...args) => {
      added.push(args[1]);
      binding.addFunction(...args);
    };
    const removeFunction: OwnBinding['removeFunction'] = (name) => {
      removed.push(name);
      binding.removeFunction(name);
    };
    // The binding's own properties are read-only.
    backend.binding = Object.create(binding, {
      addFunction: { value: addFunction },
      removeFunction: { value: removeFunction },
    });
    const step = capture(({ x }: { x: tf.Tensor }) => {
      const sign = host([tf.neg(x)], (data) => tf.tensor(Float32Array.from(data, Math.sign)));
      return tf.mul(x, sign);
    });
    step({ x: tf.tensor([1]) });
    expect([added.length, binding.getNumOfSavedModels()]).toEqual(way === 'functions' ? [2, 0] : [0, 1]);
    step.dispose();
    backend.binding = binding;
    expect(binding.getNumOfSavedModels()).toBe(0);
    expect(removed).toEqual(added);
    for (const name of added)
      expect(() => binding.executeOp(name, [], [], 1)).toThrow(/nor a name of a function registered/);
  });

  it('leaks no memory over 300 captures', () => {
    const step = captureHere(({ x, y }: { x: tf.Tensor; y: tf.Tensor }) => tf.add(tf.mul(x, tf.ones([100_000])), y), {
      maxCaptures: 1,
    });
    const [x, y] = [tf.scalar(2), tf.scalar(1)];
    // Two alternating captures, each with a constant of 400 KB.
    const round = (index: number): void => {
      for (let call = 0; call < 2; call++) tf.dispose(step({ x: index % 2 ? x : tf.reshape(x, [1]), y }));
    };
    for (let index = 0; index < 100; index++) tf.tidy(() => round(index));
    const [tensors, resident] = [tf.memory().numTensors, process.memoryUsage().rss];
    for (let index = 0; index < 200; index++) tf.tidy(() => round(index));
    expect(step.stats).toMatchObject({ captures: 300, evictions: 299 });
    expect(tf.memory().numTensors).toBe(tensors);
    expect((process.memoryUsage().rss - resident) / 2 ** 20).toBeLessThan(30);
  });

  it('draws the same dropout masks as eager execution, new ones for each seed', () => {
    const mask = ({ seed }: { seed: tf.Tensor }): tf.Tensor[] => {
      const stream = randomStream(seed);
      return [stream.dropoutMask([4, 50], 0.25), stream.dropoutMask([4, 50], 0.25)];
    };
    const step = captureHere(mask);
    const results = [7, 8, 7].map((seed) => step({ seed: tf.scalar(seed, 'int32') }).map(values));
    expect(results[0]).toEqual(mask({ seed: tf.scalar(7, 'int32') }).map(values));
    expect(results[2]).toEqual(results[0]);
    expect(results[1]).not.toEqual(results[0]);
    expect(results[0]?.[0]).not.toEqual(results[0]?.[1]);
  });

  it('follows tensors and variables from enclosing scopes, and says when one has been disposed', () => {
    const offset = tf.tensor([10]);
    const weight = tf.variable(tf.tensor([1]));
    const step = captureHere(({ x }: { x: tf.Tensor }) => tf.add(tf.mul(x, weight), offset));
    const x = tf.tensor([2]);
    expect(values(step({ x }))).toEqual([12]);
    weight.assign(tf.tensor([5]));
    expect(values(step({ x }))).toEqual([20]);
    offset.dispose();
    expect(() => step({ x })).toThrow(/from outside that has since been disposed/);
    weight.dispose();
  });

  it('returns inputs, constants and tensors from enclosing scopes unchanged', () => {
    const outside = tf.tensor([3]);
    const step = captureHere(({ x }: { x: tf.Tensor }) => [x, tf.scalar(7), outside, tf.neg(x)]);
    for (const value of [1, 2]) {
      const results = step({ x: tf.tensor([value]) });
      expect(results.flatMap((result) => values(result))).toEqual([value, 7, 3, -value]);
      tf.dispose(results);
    }
    expect(values(outside)).toEqual([3]);
    expect(step.stats).toMatchObject({ captures: 1, replays: 1, eager: 0 });
  });

  it('separates two inputs that were the same tensor when traced', () => {
    const step = captureHere(({ a, b }: { a: tf.Tensor; b: tf.Tensor }) => tf.sub(a, b));
    const one = tf.tensor([1]);
    expect(values(step({ a: one, b: one }))).toEqual([0]);
    expect(values(step({ a: tf.tensor([5]), b: one }))).toEqual([4]);
  });

  it('does not freeze a host array that its owner changes later', () => {
    const table = Float32Array.of(1, 2);
    const step = captureHere(({ x }: { x: tf.Tensor }) => tf.add(x, tf.tensor(table)));
    expect(values(step({ x: tf.tensor([0, 0]) }))).toEqual([1, 2]);
    table.fill(9);
    // Values keep those of the trace: an array that changes belongs in the input or in host code.
    expect(values(step({ x: tf.tensor([0, 0]) }))).toEqual([1, 2]);
  });

  describe('rejects what a replay would get wrong', () => {
    const x = (): tf.Tensor => tf.tensor([1, 2, 3, 4]);
    const cases: [string, (input: { x: tf.Tensor }) => tf.Tensor, RegExp][] = [
      ['a value read', (input) => tf.mul(input.x, input.x.dataSync()[0] as number), /value was read .* host\(/s],
      ['host randomness', (input) => tf.add(input.x, tf.randomNormal([4])), /random numbers on the host/],
      ['tf.dropout', (input) => tf.dropout(input.x, 0.5), /random numbers on the host/],
      ['an assigned variable', (input) => tf.variable(input.x), /made or assigned a tf.variable/],
    ];
    for (const [name, fn, message] of cases) {
      it(name, () => {
        const before = tf.memory().numTensors;
        const { random } = Math;
        const input = { x: x() };
        expect(() => captureHere(fn)(input)).toThrow(CaptureError);
        expect(() => captureHere(fn)(input)).toThrow(message);
        input.x.dispose();
        tf.disposeVariables();
        expect(tf.memory().numTensors).toBe(before);
        // The backend works as before.
        expect(values(tf.add(tf.tensor([1]), tf.tensor([2])))).toEqual([3]);
        expect(Math.random).toBe(random);
      });
    }

    it('an input of another dtype', () => {
      const step = captureHere(({ batch }: { batch: { boxes: tf.Tensor } }) => tf.abs(batch.boxes), {
        name: 'train',
      });
      step({ batch: { boxes: tf.tensor([1]) } });
      expect(() => step({ batch: { boxes: tf.tensor([1], [1], 'int32') } })).toThrow(
        /^train: input\.batch\.boxes is int32, and was float32 when the function was first called/,
      );
    });

    it('an input that is not a tensor', () => {
      const step = captureHere(({ x }: { x: unknown }) => tf.scalar(x ? 1 : 0));
      expect(() => step({ x: new Float32Array(2) })).toThrow(/input\.x is a Float32Array: expected tensors/);
    });

    it('host code that returns another shape', () => {
      let size = 2;
      const step = captureHere(({ x }: { x: tf.Tensor }) => host([tf.abs(x)], () => tf.zeros([size])));
      step({ x: x() });
      size = 3;
      expect(() => step({ x: x() })).toThrow(/shape \[3\] as result 0, and one of shape \[2\] when it was traced/);
    });
  });

  it('falls back to eager execution with one warning where an op cannot be captured', () => {
    const warnings: string[] = [];
    const draw = ({ logits }: { logits: tf.Tensor2D }): tf.Tensor => tf.multinomial(logits, 5, 3);
    const step = captureHere(draw, { name: 'draw', warn: (message) => warnings.push(message) });
    const logits = tf.tensor2d([[0, 0]]);
    for (let round = 0; round < 3; round++) expect(step({ logits }).shape).toEqual([1, 5]);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/^draw cannot run as one graph .* Multinomial has its own state/);
    expect(step.stats.eager).toBe(2);
  });

  it('leaks neither tensors nor memory over 1,000 replays', () => {
    type Input = { w: tf.Tensor2D; x: tf.Tensor2D; seed: tf.Tensor; shift: HostValue<Float32Array> };
    const step = captureHere(({ w, x, seed, shift }: Input) => {
      const mask = randomStream(seed).dropoutMask([64, 32], 0.1);
      let read: HostValue<Float32Array> | undefined;
      const { value, grads } = tf.valueAndGrads((v: tf.Tensor) => {
        const y = tf.mul(tf.matMul(x, v as tf.Tensor2D), mask);
        const made = host([y, shift], (data, shift) => ({
          target: tf.tensor(
            data.map((entry) => Math.sign(entry) + (shift[0] as number)),
            [64, 32],
          ),
          read: hostValue(Float32Array.from(data)),
        }));
        read = made.read;
        return tf.mean(tf.squaredDifference(y, made.target)) as tf.Scalar;
      })([w]);
      return { loss: value, read, w: tf.sub(w, tf.mul(grads[0] as tf.Tensor, 0.1)) as tf.Tensor2D };
    });
    let w = tf.randomNormal([128, 32]) as tf.Tensor2D;
    const x = tf.randomNormal([64, 128]) as tf.Tensor2D;
    const round = (index: number): void => {
      const seed = tf.scalar(index, 'int32');
      const result = step({ w, x, seed, shift: hostValue(Float32Array.of(0.01)) });
      expect(Number.isFinite(result.loss.dataSync()[0])).toBe(true);
      expect(readHostValue(result.read as HostValue<Float32Array>)).toHaveLength(64 * 32);
      tf.dispose([w, seed, result.loss]);
      w = result.w;
    };
    for (let index = 0; index < 200; index++) round(index);
    const [tensors, resident] = [tf.memory().numTensors, process.memoryUsage().rss];
    for (let index = 0; index < 1000; index++) round(index);
    expect(tf.memory().numTensors).toBe(tensors);
    // One replay moves 130 KB; a leak of any of it would show as 130 MB.
    expect((process.memoryUsage().rss - resident) / 2 ** 20).toBeLessThan(30);
  });
});

describe('capture on another backend', () => {
  it('calls the plain function, with the same results and the same random numbers', async () => {
    const fn = ({ x, seed }: { x: tf.Tensor; seed: tf.Tensor }): tf.Tensor =>
      tf.mul(tf.softmax(x), randomStream(seed).dropoutMask([8], 0.5));
    const run = async (backend: string): Promise<number[]> => {
      await useBackend(backend);
      const step = captureHere(fn);
      const results = [0, 1].map((seed) => values(step({ x: tf.linspace(-1, 1, 8), seed: tf.scalar(seed, 'int32') })));
      return results.flat();
    };
    const expected = await run('cpu');
    const others = native.addon === undefined ? ['wasm'] : ['wasm', 'tensorflow'];
    for (const backend of others) {
      const found = await run(backend);
      for (const [index, value] of found.entries()) expect(value).toBeCloseTo(expected[index] as number, 6);
    }
  });
});
