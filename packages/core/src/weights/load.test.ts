import { readFileSync } from 'node:fs';
import { useCpuBackend } from '@dn-detr/testing/cpu-backend';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ParameterSpec } from '../nn/parameters.ts';
import { type Checkpoint, readCheckpoint } from './checkpoint.ts';
import { CheckpointError } from './checkpoint-error.ts';
import { type LoadMode, loadParameters } from './load.ts';
import { readSafetensors, type SafeTensor } from './safetensors.ts';
import { saveParameters } from './save.ts';

beforeAll(useCpuBackend);

const fixture = (name: string): Uint8Array =>
  readFileSync(new URL(`../../../../test/fixtures/weights/${name}`, import.meta.url));

const spec = (name: string, shape: readonly number[], kernel = false): ParameterSpec => ({
  name,
  shape,
  group: name.startsWith('backbone') ? 'frozen' : 'rest',
  ...(kernel ? { kernel: true as const } : {}),
});

/** A checkpoint with tensors of these shapes, whose elements count up from 1. */
function checkpoint(shapes: Readonly<Record<string, readonly number[]>>, source = 'DETR'): Checkpoint {
  let next = 1;
  const tensors = Object.entries(shapes).map(([name, shape]): [string, SafeTensor] => {
    const size = shape.reduce((product, axis) => product * axis, 1);
    return [name, { dtype: 'F32', shape, data: Float32Array.from({ length: size }, () => next++) }];
  });
  return { file: 'some.pth', source, metadata: {}, tensors: new Map(tensors) };
}

const bitsOf = (values: Float32Array) => new Uint32Array(values.slice().buffer);

/** Arbitrary declared parameters with arbitrary values, including every kind of NaN. */
const someParameters = fc.uniqueArray(
  fc
    .tuple(fc.string({ minLength: 1 }), fc.array(fc.nat(4), { maxLength: 4 }), fc.boolean())
    .chain(([name, shape, kernel]) => {
      const length = shape.reduce((product, axis) => product * axis, 1);
      const bits = fc.uint32Array({ minLength: length, maxLength: length });
      return fc.record({
        declared: fc.constant(spec(name, shape, kernel && shape.length === 4)),
        values: bits.map((words) => new Float32Array(words.slice().buffer)),
      });
    }),
  { selector: ({ declared }) => declared.name, minLength: 1, maxLength: 5 },
);

describe('loadParameters and saveParameters', () => {
  it('restore what was saved, bit for bit', async () => {
    const tensors = tf.memory().numTensors;
    await fc.assert(
      fc.asyncProperty(someParameters, async (parameters) => {
        const declared = parameters.map((parameter) => parameter.declared);
        const named = Object.fromEntries(
          parameters.map(({ declared: { name, shape }, values }) => [name, tf.tensor(values, [...shape], 'float32')]),
        );
        const file = await saveParameters(declared, named, { epoch: '3' });
        const { tensors, metadata } = readSafetensors(file);
        expect({ ...metadata }).toEqual({ format: 'pt', epoch: '3' });
        const loaded = loadParameters({ file: 'a', source: 'a model', metadata, tensors }, declared);
        expect(loaded).toMatchObject({ missing: [], misshaped: [], extra: [] });
        for (const { declared, values } of parameters) {
          const back = loaded.parameters[declared.name] as tf.Tensor;
          expect(back.shape).toEqual(declared.shape);
          expect(bitsOf(back.dataSync<'float32'>())).toEqual(bitsOf(values));
        }
        tf.dispose([named, loaded.parameters]);
      }),
      { examples: [[[{ declared: spec('__proto__', []), values: Float32Array.of(1) }]]] },
    );
    expect(tf.memory().numTensors).toBe(tensors);
  });

  it.each(['training.pth', 'training-legacy.pth', 'weights.safetensors'])("read PyTorch's %s", (name) => {
    const declared = [spec('0.weight', [3, 3, 3, 4], true), spec('0.bias', [4]), spec('3.weight', [5, 16])];
    const rest = ['1.weight', '1.bias', '1.running_mean', '1.running_var'].map((rest) => spec(rest, [4]));
    const read = readCheckpoint(fixture(name), name);
    const stored = read.tensors.get('0.weight')?.data;
    const { parameters } = loadParameters(read, [...declared, ...rest, spec('3.bias', [5])]);
    const kernel = parameters['0.weight'] as tf.Tensor4D;
    // PyTorch's [out, in, height, width].
    expect(tf.transpose(kernel, [3, 2, 0, 1]).dataSync()).toEqual(stored);
    tf.dispose(parameters);
  });

  it("read a LightningModule's weights, not their averages", () => {
    const [file, plain] = ['lightning.ckpt', 'weights.safetensors'].map((name) => readCheckpoint(fixture(name), name));
    const declared = [spec('0.weight', [3, 3, 3, 4], true), spec('3.weight', [5, 16]), spec('3.bias', [5])];
    const [loaded, expected] = [file, plain].map((checkpoint) =>
      loadParameters(checkpoint as Checkpoint, declared, 'matching'),
    );
    expect(file?.source).toBe("an unknown model, under 'state_dict'");
    expect(loaded?.missing).toEqual([]);
    expect(loaded?.extra).toContain('criterion.empty_weight');
    for (const { name } of declared) {
      const [ours, theirs] = [loaded, expected].map((side) => side?.parameters[name]?.dataSync());
      expect(ours).toEqual(theirs);
    }
    tf.dispose([loaded?.parameters, expected?.parameters]);
  });

  it("write kernels in PyTorch's layout", async () => {
    const kernel = tf.range(0, 24).reshape([1, 2, 3, 4]);
    const saved = readSafetensors(await saveParameters([spec('k', [1, 2, 3, 4], true)], { k: kernel }));
    expect(saved.tensors.get('k')?.shape).toEqual([4, 3, 1, 2]);
    expect(saved.tensors.get('k')?.data).toEqual(tf.transpose(kernel, [3, 2, 0, 1]).dataSync());
  });

  it('name a parameter that cannot be saved', async () => {
    await expect(saveParameters([spec('w', [2])], {})).rejects.toThrow('no parameter named w');
    const w = tf.zeros([3]);
    await expect(saveParameters([spec('w', [2])], { w })).rejects.toThrow("'w' is float32 [3], expected float32 [2]");
  });
});

const model = [
  spec('backbone.0.body.conv1.weight', [7, 7, 3, 2], true),
  spec('backbone.0.body.bn1.running_mean', [2]),
  spec('transformer.encoder.layers.0.norm1.weight', [4]),
  spec('transformer.encoder.layers.1.norm1.weight', [4]),
  spec('class_embed.weight', [3, 4]),
  spec('label_enc.weight', [3, 3]),
  spec('query_embed.weight', [5, 4]),
];
const whole = {
  'backbone.0.body.conv1.weight': [2, 3, 7, 7],
  'backbone.0.body.bn1.running_mean': [2],
  'transformer.encoder.layers.0.norm1.weight': [4],
  'transformer.encoder.layers.1.norm1.weight': [4],
  'class_embed.weight': [3, 4],
  'label_enc.weight': [3, 3],
  'query_embed.weight': [5, 4],
};

function load(shapes: Readonly<Record<string, readonly number[]>>, mode?: LoadMode) {
  const { parameters, ...rest } = loadParameters(checkpoint(shapes), model, mode);
  tf.dispose(parameters);
  return { ...rest, taken: Object.keys(parameters) };
}

const without = (...names: string[]) =>
  Object.fromEntries(Object.entries(whole).filter(([name]) => !names.includes(name)));

describe('loadParameters', () => {
  it('takes only the backbone and reports what it left out', () => {
    const file = { ...without(...model.slice(2).map(({ name }) => name)), 'fc.bias': [1000] };
    const { taken, ...left } = load(file, 'matching');
    expect(taken).toEqual(['backbone.0.body.conv1.weight', 'backbone.0.body.bn1.running_mean']);
    expect(left).toEqual({ missing: model.slice(2).map(({ name }) => name), misshaped: [], extra: ['fc.bias'] });
  });

  it('takes everything except tensors of another shape or without a parameter, and reports these', () => {
    const file = { ...without('label_enc.weight'), 'class_embed.weight': [92, 4], 'class_embed.bias': [92] };
    const { taken, missing, misshaped, extra } = load(file, 'matching');
    expect(taken).toHaveLength(5);
    expect(missing).toEqual(['label_enc.weight']);
    expect(misshaped).toMatchObject([{ name: 'class_embed.weight', expected: [3, 4], found: { shape: [92, 4] } }]);
    expect(extra).toEqual(['class_embed.bias']);
    expect(load(whole, 'matching')).toMatchObject({ missing: [], misshaped: [], extra: [] });
  });

  it.each([
    ['name', { 'model.22.cv2.weight': [1], 'model.22.cv2.bias': [1] }],
    ['shape', { 'query_embed.weight': [6, 4] }],
  ])('rejects a file in which nothing fits because of its %s', (_, shapes) => {
    expect(() => load(shapes, 'matching')).toThrow(CheckpointError);
    expect(() => load(shapes, 'matching')).toThrow(
      /^some.pth \(weights of DETR\) has nothing for the model: none of its \d tensors has .*\. It /,
    );
  });

  it("says that a backbone differs from the model's", () => {
    const file = { '_conv_stem.weight': [32, 3, 3, 3], '_blocks.0._bn1.bias': [32], '_conv_head.weight': [9, 9, 1, 1] };
    expect(() => load(file, 'matching')).toThrow(
      /none of its 3 tensors .* It contains only a backbone, of another kind or size than the model's\.$/,
    );
  });

  it('takes a part of a model whose names have any prefix', () => {
    const name = fc.constantFrom('module', 'ema', 'net-2', '_orig_mod', 'transformer', 'encoder', '0', 'weight');
    const prefixes = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => `${parts.join('.')}.`);
    fc.assert(
      fc.property(prefixes, fc.subarray(Object.entries(whole), { minLength: 1 }), (prefix, part) => {
        const file = Object.fromEntries(part.map(([name, shape]) => [prefix + name, shape]));
        const { taken, extra } = load({ ...file, epoch: [1] }, 'matching');
        expect([...taken].sort()).toEqual(part.map(([name]) => name).sort());
        expect(extra).toEqual(['epoch']);
      }),
    );
  });

  it('names tensors of both sides if they have no name in common', () => {
    expect(() => load({ 'model.22.cv2.weight': [1] }, 'matching')).toThrow(
      "Its names are model.22.cv2.weight; the model's are backbone.0.body.conv1.weight, backbone.0.body.bn1.running_mean, …. It comes",
    );
  });

  it('rounds float64 and rejects integers', () => {
    const declared = [spec('w', [2])];
    const of = (tensor: SafeTensor): Checkpoint => ({ ...checkpoint({}), tensors: new Map([['w', tensor]]) });
    const doubles = of({ dtype: 'F64', shape: [2], data: Float64Array.of(1 / 3, 2) });
    const { parameters } = loadParameters(doubles, declared);
    expect(parameters.w?.dataSync()).toEqual(Float32Array.of(1 / 3, 2));
    tf.dispose(parameters);
    const integers = of({ dtype: 'I32', shape: [2], data: Int32Array.of(1, 2) });
    expect(() => loadParameters(integers, declared)).toThrow('w I32 [2], expected [2]');
  });

  it('lists everything that does not fit in one error', () => {
    const file = {
      ...without('transformer.encoder.layers.0.norm1.weight', 'transformer.encoder.layers.1.norm1.weight'),
      'backbone.0.body.conv1.weight': [2, 3, 3, 3],
      'query_embed.weight': [5, 6],
      'transformer.encoder.layers.0.norm3.weight': [4],
    };
    expect(() => load(file)).toThrow(CheckpointError);
    expect(() => load(file)).toThrowErrorMatchingInlineSnapshot(`
      [CheckpointError: some.pth (weights of DETR) does not fit the model:
        missing: transformer.encoder.layers.#.norm1.weight (2 of them)
        of another shape: backbone.0.body.conv1.weight [2, 3, 3, 3], expected [2, 3, 7, 7]; query_embed.weight [5, 6], expected [5, 4]
        not in the model: transformer.encoder.layers.0.norm3.weight
      It comes from another model, or from one with another backbone, width or number of layers.]
    `);
  });

  it.each<[string, Readonly<Record<string, readonly number[]>>, string]>([
    [
      'a backbone',
      { 'backbone.0.body.conv1.weight': [2, 3, 7, 7], 'fc.bias': [9] },
      "only a backbone: load it in the mode 'matching'",
    ],
    [
      'another backbone',
      { '_conv_stem.weight': [1], '_fc.bias': [9] },
      "only a backbone: load it in the mode 'matching'",
    ],
    ['other classes', { ...whole, 'class_embed.weight': [92, 4] }, "in the mode 'matching'"],
    ['no denoising', without('label_enc.weight'), "in the mode 'matching'"],
    ['other queries', { ...whole, 'query_embed.weight': [100, 4] }, 'It has 100 queries'],
    ['something else', { 'model.22.cv2.weight': [1] }, 'It comes from another model'],
  ])('says what to do about %s', (_, shapes, advice) => {
    expect(() => load(shapes)).toThrow(advice);
  });

  it.each(['DAB-DETR or DN-DETR', 'DN-Deformable-DETR'])('names the model of a file with anchors: %s', (source) => {
    const shapes = { ...without('query_embed.weight'), 'refpoint_embed.weight': [5, 4] };
    expect(() => loadParameters(checkpoint(shapes, source), model)).toThrow(
      `It comes from ${source}, but the model is a different one.`,
    );
  });
});

describe('readCheckpoint', () => {
  it('widens half floats', () => {
    const { tensors, source } = readCheckpoint(fixture('tensors.pth'), 'tensors.pth');
    expect(source).toBe('an unknown model');
    const [half, brain] = ['float16', 'bfloat16'].map((name) => tensors.get(name)?.data);
    expect(half).toEqual(Float32Array.of(1.5, -2, 65504, 2 ** -24, Number.NEGATIVE_INFINITY));
    expect(brain?.subarray(0, 2)).toEqual(Float32Array.of(1.5, -2));
  });

  it.each<[string, Uint8Array, string]>([
    ['empty', new Uint8Array(0), 'bad.pth: neither a safetensors file nor one written by torch.save'],
    ['damaged', fixture('training.pth').subarray(0, 999), 'bad.pth: zip: no directory at the end of the 999 bytes'],
    ['cut off', fixture('weights.safetensors').subarray(0, 99), 'bad.pth: safetensors: the header should take'],
    [
      'no state_dict',
      fixture('containers.pth'),
      "such as 'model', 'state_dict' or 'ema'; found a dictionary of none, bools, integers",
    ],
  ])('names the file that is %s', (_, bytes, message) => {
    expect(() => readCheckpoint(bytes, 'bad.pth')).toThrow(CheckpointError);
    expect(() => readCheckpoint(bytes, 'bad.pth')).toThrow(message);
  });
});
