import { readFileSync } from 'node:fs';
import { useBackend } from '@dn-detr/runtime';
import { expectNoLeak, expectSameOp, kernelsOf, spread } from '@dn-detr/testing/differentiation';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { valueAndFlatGrads } from '../nn/gradients.ts';
import { initialParameters, type ParameterDeclaration } from '../nn/init.ts';
import type { NamedTensors } from '../nn/named.ts';
import { ParameterLayout } from '../nn/parameters.ts';
import type { Backbone } from './backbone.ts';
import { residualStage } from './residual.ts';
import { type ResNetLevel, resnet } from './resnet.ts';

// These are full networks, for which the plain JavaScript backend would take a minute.
beforeAll(() => useBackend('wasm'));

/** Names and shapes of torchvision's networks, as recorded with the parity fixture. */
const recorded = JSON.parse(
  readFileSync(new URL('../../../../test/fixtures/parity/resnet.json', import.meta.url), 'utf8'),
) as { state_dict: Record<string, { name: string; shape: number[] }[]> };

const asInCheckpoints = ({ name, shape, kernel }: ParameterDeclaration): [string, readonly number[]] => {
  const [height, width, inputs, outputs] = shape as [number, number, number, number];
  return [name, kernel ? [outputs, inputs, height, width] : shape];
};

describe('parameters', () => {
  it.each([18, 50] as const)('of depth %d are those of torchvision, in their order', (depth) => {
    const { parameters } = resnet({ depth, prefix: '' });
    const expected = recorded.state_dict[`resnet${depth}`]?.map(({ name, shape }) => [name, shape]);
    expect(parameters.map(asInCheckpoints)).toEqual(expected);
  });

  it.each([
    { depth: 34, names: 180, last: 'layer4.2.bn2.running_var' },
    { depth: 101, names: 520, last: 'layer4.2.bn3.running_var' },
  ] as const)('of depth $depth are $names', ({ depth, names, last }) => {
    const { parameters } = resnet({ depth, prefix: '' });
    expect(parameters).toHaveLength(names);
    expect(parameters.at(-1)?.name).toBe(last);
  });

  it('have the names of detr checkpoints', () => {
    expect(resnet({ depth: 50 }).parameters[0]?.name).toBe('backbone.0.body.conv1.weight');
  });

  it.each([
    { trainStages: 0, trained: [] },
    { trainStages: 1, trained: ['layer4'] },
    { trainStages: undefined, trained: ['layer2', 'layer3', 'layer4'] },
    { trainStages: 5, trained: ['conv1', 'layer1', 'layer2', 'layer3', 'layer4'] },
  ])('are trained in $trained with trainStages $trainStages', ({ trainStages, trained }) => {
    const { parameters } = resnet({ depth: 18, prefix: '', ...(trainStages === undefined ? {} : { trainStages }) });
    const found = parameters.filter(({ group }) => group === 'backbone');
    expect([...new Set(found.map(({ name }) => name.split('.')[0]))]).toEqual(trained);
    expect(found.every(({ kernel }) => kernel)).toBe(true);
  });

  it('start with the standard deviation used by torchvision', () => {
    const weight = resnet({ depth: 18, prefix: '' }).parameters.find(({ name }) => name === 'layer2.0.conv1.weight');
    const { variance } = tf.moments((weight as ParameterDeclaration).init([3, 3, 64, 128], 1));
    expect(Math.sqrt(variance.dataSync()[0] as number)).toBeCloseTo(Math.sqrt(2 / (9 * 128)), 3);
  });
});

describe('forward', () => {
  const zerosOf = ({ parameters }: Backbone) =>
    Object.fromEntries(parameters.map(({ name, shape }) => [name, tf.zeros([...shape])]));
  const namesAndGroups = (network: Backbone | undefined) => network?.parameters.map(({ name, group }) => [name, group]);
  const all = ['layer1', 'layer2', 'layer3', 'layer4'] as const;

  it.each([
    { depth: 18, channels: [64, 128, 256, 512] },
    { depth: 34, channels: [64, 128, 256, 512] },
    { depth: 50, channels: [256, 512, 1024, 2048] },
    { depth: 101, channels: [256, 512, 1024, 2048] },
  ] as const)('hands out the levels that depth $depth declares', ({ depth, channels }) => {
    const network = resnet({ depth, levels: all });
    expect(network.levels).toEqual(channels.map((channels, i) => ({ channels, stride: 4 * 2 ** i })));
    const [height, width] = [33, 65];
    const maps = network.forward(zerosOf(network), tf.zeros([1, height, width, 3]));
    expect(maps.map(({ shape }) => shape)).toEqual(
      network.levels.map(({ channels, stride }) => [
        1,
        Math.ceil(height / stride),
        Math.ceil(width / stride),
        channels,
      ]),
    );
  });

  it('has features twice as dense with DC5', () => {
    const network = resnet({ depth: 50, dilation: true, levels: ['layer3', 'layer4'] });
    expect(network.levels).toEqual([
      { channels: 1024, stride: 16 },
      { channels: 2048, stride: 16 },
    ]);
    const maps = network.forward(zerosOf(network), tf.zeros([1, 33, 32, 3]));
    expect(maps.map(({ shape }) => shape)).toEqual([
      [1, 3, 2, 1024],
      [1, 3, 2, 2048],
    ]);
  });

  it('ends with the last level, and returns the finest first whatever their order', () => {
    const network = resnet({ depth: 18, levels: ['layer3', 'layer2'], prefix: '' });
    expect(network.levels.map(({ stride }) => stride)).toEqual([8, 16]);
    const parts = new Set(network.parameters.map(({ name }) => name.split('.')[0]));
    expect([...parts]).toEqual(['conv1', 'bn1', 'layer1', 'layer2', 'layer3']);
    expect(resnet({ depth: 18 }).levels).toEqual([{ channels: 512, stride: 32 }]);
  });

  it('can be cut off after a given level', () => {
    const network = resnet({ depth: 18, levels: ['layer4', 'layer2', 'layer3'], trainStages: 2 }).upTo?.(1);
    const expected = resnet({ depth: 18, levels: ['layer2', 'layer3'], trainStages: 2 });
    expect(network?.levels).toEqual(expected.levels);
    expect(namesAndGroups(network)).toEqual(namesAndGroups(expected));
  });

  it('gives a level the same features whichever other levels there are', () => {
    const images = spread([1, 32, 32, 3]) as tf.Tensor4D;
    const tensors = initialParameters(resnet({ depth: 18 }).parameters, 1);
    const together = resnet({ depth: 18, levels: all }).forward(tensors, images);
    all.forEach((level, i) => {
      const [alone] = resnet({ depth: 18, levels: [level] }).forward(tensors, images);
      expect(alone?.dataSync()).toEqual(together[i]?.dataSync());
    });
  });

  it.each([
    { bottleneck: true, channels: [8, 12, 16, 24] },
    { bottleneck: false, channels: [2, 3, 4, 6] },
  ])('has the sizes it is given (bottleneck $bottleneck)', ({ bottleneck, channels }) => {
    const sizes = { blocks: [1, 2, 1, 1], bottleneck, stem: 5, widths: [2, 3, 4, 6] } as const;
    const network = resnet({ sizes, levels: all, prefix: '' });
    const kernels = network.parameters.filter(({ kernel }) => kernel);
    expect(kernels).toHaveLength(1 + 5 * (bottleneck ? 3 : 2) + 4);
    expect(kernels[0]).toMatchObject({ name: 'conv1.weight', shape: [7, 7, 3, 5] });
    const maps = network.forward(zerosOf(network), tf.zeros([1, 32, 32, 3]));
    expect(maps.map(({ shape }) => shape[3])).toEqual(channels);
    expect(network.levels.map(({ channels }) => channels)).toEqual(channels);
  });

  it('names a missing parameter', () => {
    expect(() => resnet({ depth: 18 }).forward({}, tf.zeros([1, 32, 32, 3]))).toThrow('backbone.0.body.conv1.weight');
  });
});

describe('frozen stages', () => {
  const network = resnet({ depth: 18, trainStages: 1, prefix: '' });
  const trained = network.parameters.filter(({ group }) => group === 'backbone').map(({ name }) => name);
  const images = () => spread([1, 32, 32, 3]) as tf.Tensor4D;

  it('run no backward kernel', async () => {
    const tensors = initialParameters(network.parameters, 1);
    const kernels = await kernelsOf(
      (...values) => network.forward({ ...tensors, ...pair(trained, values) }, images())[0] as tf.Tensor,
      trained.map((name) => tensors[name] as tf.Tensor),
    );
    const count = (kernel: string) => kernels.filter((name) => name === kernel).length;
    // Two of the five convolutions of layer4 are at its start, where their input is frozen.
    expect([count('Conv2DBackpropFilter'), count('Conv2DBackpropInput'), count('MaxPoolGrad')]).toEqual([5, 3, 0]);
  });

  it('get no gradient even when it is requested, and neither do the norms', () => {
    const layout = new ParameterLayout(network.parameters);
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const flats = layout.flatten(initialParameters(network.parameters, 1));
      const { grads } = valueAndFlatGrads(layout, flats, (tensors) => ({
        loss: tf.mean(network.forward(tensors, images())[0] as tf.Tensor) as tf.Scalar,
      }));
      const largest = Object.fromEntries(
        layout.groups.map(({ name }, i) => [name, tf.max(tf.abs(grads[i] as tf.Tensor)).dataSync()[0]]),
      );
      expect(largest.frozen).toBe(0);
      expect(largest.backbone).toBeGreaterThan(0);
    });
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('residual blocks', () => {
  const stage = { blocks: 1, inputs: 6, width: 2, dilation: 1, group: 'backbone' } as const;

  it.each([
    { ...stage, bottleneck: true, stride: 2 },
    { ...stage, bottleneck: false, stride: 2 },
    { ...stage, bottleneck: false, stride: 1, width: 6 },
  ])('are those of the paper (bottleneck $bottleneck, stride $stride)', (options) => {
    const block = residualStage('s', options);
    const declared = block.parameters;
    const tensors = Object.fromEntries(
      declared.map(({ name, shape }, i) => [name, tf.add(spread([...shape], i), name.endsWith('var') ? 2 : 0)]),
    );
    const kernels = declared.filter(({ kernel }) => kernel).map(({ name }) => name);
    const inputs = [spread([2, 5, 6, 6]), ...kernels.map((name) => tensors[name] as tf.Tensor)];
    const ours = (x?: tf.Tensor, ...values: tf.Tensor[]) =>
      block.apply({ ...tensors, ...pair(kernels, values) }, x as tf.Tensor4D);
    const downsamples = kernels.includes('s.0.downsample.0.weight');

    const plain = (x?: tf.Tensor, ...values: tf.Tensor[]) => {
      const named = { ...tensors, ...pair(kernels, values) };
      const last = options.bottleneck ? 3 : 2;
      let y = x as tf.Tensor4D;
      for (let i = 1; i <= last; i++) {
        // The stride belongs to the 3×3 convolution of a bottleneck, and to the first one of a basic block.
        y = plainUnit(named, y, `s.0.conv${i}`, `s.0.bn${i}`, i === last - 1 ? options.stride : 1);
        if (i < last) y = tf.relu(y);
      }
      const shortcut = downsamples
        ? plainUnit(named, x as tf.Tensor4D, 's.0.downsample.0', 's.0.downsample.1', options.stride)
        : (x as tf.Tensor4D);
      return tf.relu(tf.add(y, shortcut));
    };
    expect(downsamples).toBe(options.stride !== 1);
    expectSameOp(ours, plain, inputs, 1e-5);
    expectNoLeak(ours, inputs);
  });
});

describe('errors', () => {
  it('name the options that exist', () => {
    expect(() => resnet({ depth: 34, dilation: true })).toThrow('basic blocks have no dilated form');
    for (const levels of [[], ['conv1'], ['layer4', 'layer4']]) {
      expect(() => resnet({ depth: 50, levels: levels as ResNetLevel[] })).toThrow(
        `resnet: expected one or more of layer1, layer2, layer3, layer4 in levels, each once, got [${levels.join(', ')}]`,
      );
    }
    expect(() => resnet({ depth: 50, trainStages: 6 })).toThrow('expected 0 to 5 in trainStages, got 6');
  });
});

const pair = (names: readonly string[], values: readonly tf.Tensor[]): NamedTensors =>
  Object.fromEntries(names.map((name, i) => [name, values[i] as tf.Tensor]));

/** Convolution and batch norm as two ops, according to their definitions. */
function plainUnit(tensors: NamedTensors, x: tf.Tensor4D, conv: string, norm: string, stride: number): tf.Tensor4D {
  const weight = tensors[`${conv}.weight`] as tf.Tensor4D;
  const around = (weight.shape[0] - 1) / 2;
  const padded = tf.pad(x, [
    [0, 0],
    [around, around],
    [around, around],
    [0, 0],
  ]);
  const of = (key: string) => tensors[`${norm}.${key}`] as tf.Tensor1D;
  const normal = tf.div(
    tf.sub(tf.conv2d(padded, weight, stride, 'valid'), of('running_mean')),
    tf.sqrt(tf.add(of('running_var'), 1e-5)),
  );
  return tf.add(tf.mul(normal, of('weight')), of('bias'));
}
