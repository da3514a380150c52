import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { useBackend } from '../backend.ts';
import { findNative } from '../native/find.ts';
import { capture } from './capture.ts';
import { CaptureError } from './capture-error.ts';
import { host } from './host.ts';
import { type HostValue, hostValue, readHostValue } from './host-value.ts';

const native = await findNative();
if (native.addon === undefined) console.warn(`captured steps are not tested: ${native.reason}`);
const backends = ['cpu', 'wasm', ...(native.addon === undefined ? [] : ['tensorflow'])];

const values = (tensor: tf.Tensor): number[] => Array.from(tensor.dataSync());

interface Data {
  name: string;
  factor: number;
  /** Makes the first or the second host call throw. */
  fails?: 1 | 2;
}
type Input = { x: tf.Tensor1D; data: HostValue<Data> };

/** d/dx Σ factor·max(x²)·x², with two host calls inside the gradient, and the results of these. */
function weighted({ x, data }: Input) {
  let learned: { seen: HostValue<string>; doubled: HostValue<number> } | undefined;
  const { value, grads } = tf.valueAndGrads((v: tf.Tensor) => {
    const y = tf.square(v);
    const first = host([y, data], (y, { name, factor, fails }) => {
      if (fails === 1) throw new Error(`${name} fails at once`);
      const max = Math.max(...y);
      return { weight: tf.scalar(factor), max: hostValue(max), seen: hostValue(`${name} saw ${max}`) };
    });
    const z = tf.mul(y, first.weight);
    // The result of one host call is passed to the next, which then needs no tensor to be ordered after it.
    const second = host([data, first.max], ({ name, fails }, max) => {
      if (fails === 2) throw new Error(`${name} fails late`);
      return { max: tf.scalar(max), doubled: hostValue(2 * max) };
    });
    learned = { seen: first.seen, doubled: second.doubled };
    return tf.sum(tf.mul(z, second.max)) as tf.Scalar;
  })([x]);
  return { loss: value, grad: grads[0] as tf.Tensor, ...(learned as NonNullable<typeof learned>) };
}

/** The same computed with plain numbers. */
function expected(x: number[], { name, factor }: Data) {
  const max = Math.max(...x.map((v) => v * v));
  return {
    loss: x.reduce((sum, v) => sum + factor * max * v * v, 0),
    grad: x.map((v) => 2 * factor * max * v),
    seen: `${name} saw ${max}`,
    doubled: 2 * max,
  };
}

const opened: { dispose(): void }[] = [];
const captureHere: typeof capture = (fn, options) => {
  const captured = capture(fn, options);
  opened.push(captured);
  return captured;
};
afterEach(() => {
  for (const captured of opened.splice(0)) captured.dispose();
});

/** The number of TensorFlow sessions held by replays. */
const openGraphs = (): number =>
  (tf.backend() as { binding?: { getNumOfSavedModels(): number } }).binding?.getNumOfSavedModels() ?? 0;

/** The result of a call as numbers and text; disposes its tensors. */
function run(step: (input: Input) => ReturnType<typeof weighted>, x: number[], data: Data) {
  const input = { x: tf.tensor1d(x), data: hostValue(data) };
  try {
    const { loss, grad, seen, doubled } = step(input);
    const [[sum], gradient] = [values(loss), values(grad)];
    tf.dispose([loss, grad]);
    return { loss: sum, grad: gradient, seen: readHostValue(seen), doubled: readHostValue(doubled) };
  } finally {
    input.x.dispose();
  }
}

describe.each(backends)('host values on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  it('are passed anew at every call, and select no capture', () => {
    const step = captureHere(weighted);
    for (const [name, factor] of [...'abcd'].entries()) {
      const data = { name: factor, factor: name + 1 };
      expect(run(step, [1, 2, -name], data)).toEqual(expected([1, 2, -name], data));
    }
    if (backend === 'tensorflow') expect(step.stats).toMatchObject({ captures: 1, replays: 3, eager: 0 });
  });

  it('give the same results as plain numbers over any sequence of calls, even after failures (property)', () => {
    const call = fc.record({
      x: fc.array(fc.integer({ min: -4, max: 4 }), { minLength: 1, maxLength: 3 }),
      data: fc.record(
        { name: fc.string(), factor: fc.integer({ min: -4, max: 4 }), fails: fc.constantFrom(1 as const, 2 as const) },
        { requiredKeys: ['name', 'factor'] },
      ),
    });
    // -0 and 0 are the same here.
    const plus0 = (x: unknown) => JSON.parse(JSON.stringify(x));
    fc.assert(
      fc.property(fc.array(call, { maxLength: 12 }), (calls) => {
        const step = capture(weighted, { maxCaptures: 2 });
        for (const { x, data } of calls) {
          const tensors = tf.memory().numTensors;
          if (data.fails) expect(() => run(step, x, data)).toThrow(`${data.name} fails`);
          else {
            expect(plus0(run(step, x, data))).toEqual(plus0(expected(x, data)));
            expect(tf.memory().numTensors).toBe(tensors);
          }
        }
        step.dispose();
      }),
      { numRuns: backend === 'tensorflow' ? 25 : 50 },
    );
  });

  it('leak no tensor if host code throws', () => {
    const step = captureHere(({ x, data }: Input) => {
      const y = tf.square(tf.square(x));
      return host([y, data], (y, { name, fails }) => {
        const made = tf.tensor(y);
        if (fails) throw new Error(name);
        return tf.neg(made);
      });
    });
    const x = tf.tensor1d([2]);
    const tensors = tf.memory().numTensors;
    // Traced, traced again, replayed, replayed again.
    for (const fails of [1, undefined, 1, undefined] as const) {
      const input = { x, data: hostValue({ name: 'on purpose', factor: 1, ...(fails && { fails }) }) };
      if (fails) expect(() => step(input)).toThrow('on purpose');
      else {
        const result = step(input);
        expect(values(result)).toEqual([-16]);
        result.dispose();
      }
      expect(tf.memory().numTensors).toBe(tensors);
    }
  });

  it('are released after each call', async () => {
    setFlagsFromString('--expose_gc');
    const collect: () => void = runInNewContext('gc');
    const step = captureHere(({ data }: { data: HostValue<object> }) =>
      host([data], (data) => ({ zero: tf.scalar(0), learned: hostValue({ data }) })),
    );
    const given = Array.from({ length: 20 }, () => {
      const data = {};
      const { zero, learned } = step({ data: hostValue(data) });
      zero.dispose();
      return [new WeakRef(data), new WeakRef(readHostValue(learned))];
    });
    // A weak reference keeps its target until the turn ends.
    await new Promise(setImmediate);
    collect();
    expect(given.flat().filter((reference) => reference.deref() !== undefined)).toEqual([]);
  });

  it('pass through a captured function inside another', () => {
    const inner = captureHere(weighted);
    const outer = captureHere(({ inputs: [a, b] }: { inputs: [Input, Input] }) => {
      const [first, second] = [inner(a), inner(b)];
      return { grad: tf.add(first.grad, second.grad), seen: [first.seen, second.seen], again: a.data };
    });
    for (const factor of [1, 2, 3]) {
      const [left, right] = [
        { name: 'left', factor },
        { name: 'right', factor: 10 * factor },
      ];
      const x = tf.tensor1d([factor]);
      const result = outer({
        inputs: [
          { x, data: hostValue(left) },
          { x, data: hostValue(right) },
        ],
      });
      expect(values(result.grad)).toEqual([22 * factor ** 4]);
      expect(result.seen.map(readHostValue)).toEqual([`left saw ${factor ** 2}`, `right saw ${factor ** 2}`]);
      expect(readHostValue(result.again)).toBe(left);
    }
  });

  it('stay separate if host code calls another captured function, or the same one', () => {
    const before = openGraphs();
    const inner = captureHere(weighted);
    type Nested = { x: tf.Tensor1D; data: HostValue<Data>; depth: HostValue<number> };
    type Out = { sum: tf.Tensor; log: HostValue<string[]> };
    const outer: (input: Nested) => Out = captureHere((input: Nested): Out => {
      let log: HostValue<string[]> | undefined;
      const grad = tf.grad((v: tf.Tensor) => {
        const read = host([v, input.data, input.depth], (v, { name, factor }, depth) => {
          const seen = [run(inner, Array.from(v), { name: `${name}/inner`, factor: depth }).seen];
          if (depth > 0) {
            const x = tf.tensor1d(Float32Array.from(v, (entry) => entry + 1));
            const data = hostValue({ name: `${name}/${depth}`, factor });
            const below = outer({ x, data, depth: hostValue(depth - 1) });
            seen.push(...readHostValue(below.log));
          }
          return { factor: tf.scalar(factor), log: hostValue([...seen, name]) };
        });
        log = read.log;
        return tf.sum(tf.mul(v, read.factor));
      })(input.x);
      return { sum: tf.sum(grad), log: log as HostValue<string[]> };
    });
    for (const name of ['a', 'b', 'c']) {
      const input = { x: tf.tensor1d([1, 1]), data: hostValue({ name, factor: 3 }), depth: hostValue(2) };
      const { sum, log } = outer(input);
      expect(values(sum)).toEqual([6]);
      expect(readHostValue(log)).toEqual([
        `${name}/inner saw 1`,
        `${name}/2/inner saw 4`,
        `${name}/2/1/inner saw 9`,
        `${name}/2/1`,
        `${name}/2`,
        name,
      ]);
    }
    for (const captured of opened.splice(0)) captured.dispose();
    expect(openGraphs()).toBe(before);
  });

  it('can be returned from tidy, and are ignored by dispose', () => {
    const step = captureHere(weighted);
    for (const x of [2, 3]) {
      const data = { name: 'tidy', factor: 1 };
      const result = tf.tidy(() => step({ x: tf.tensor1d([x]), data: hostValue(data) }));
      tf.dispose(result);
      expect(result.loss.isDisposed).toBe(true);
      expect(readHostValue(result.seen)).toBe(`tidy saw ${x * x}`);
    }
  });

  it('are looked up separately if two inputs were the same, and stay fixed if they come from an enclosing scope', () => {
    const closed = hostValue('closed over');
    type Pair = { a: HostValue<string>; b: HostValue<string> };
    const step = captureHere(({ a, b }: Pair) => host([b, closed, a], (...all) => hostValue(all.join())));
    const same = hostValue('same');
    expect(readHostValue(step({ a: same, b: same }))).toBe('same,closed over,same');
    expect(readHostValue(step({ a: hostValue('a'), b: hostValue('b') }))).toBe('b,closed over,a');
  });
});

describe.skipIf(native.addon === undefined)('host values whose use a replay could not repeat', () => {
  beforeAll(async () => {
    await useBackend('tensorflow');
  });
  const data = { name: 'data', factor: 2 };
  const input = (): Input => ({ x: tf.tensor1d([1, 2]), data: hostValue(data) });

  it('are rejected if the function reads them, or host code reads them without having them as inputs', () => {
    const reads = captureHere(({ x, data }: Input) => tf.mul(x, readHostValue(data).factor));
    const closes = captureHere(({ x, data }: Input) =>
      host([x], (x) => tf.tensor(x.map((v) => v * readHostValue(data).factor))),
    );
    for (const step of [reads, closes]) {
      expect(() => step(input())).toThrow(CaptureError);
      expect(() => step(input())).toThrow(/host value was read .* host\(\[value\], compute\)/);
    }
  });

  it('are rejected if host code returns fewer of them than when it was traced', () => {
    const step = captureHere(({ x, data }: Input) =>
      host([x, data], (x, { factor }) => Array.from({ length: factor }, () => hostValue(x))),
    );
    expect(step(input())).toHaveLength(2);
    expect(() => step({ ...input(), data: hostValue({ ...data, factor: 1 }) })).toThrow(
      /returned 0 tensors and 1 host values, and 0 tensors and 2 host values when it was traced/,
    );
  });
});
