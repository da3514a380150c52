import { readFileSync } from 'node:fs';
import { useBackend } from '@dn-detr/runtime';
import { expectClose, expectNoLeak, kernelsOf, spread } from '@dn-detr/testing/differentiation';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { valueAndFlatGrads } from '../nn/gradients.ts';
import { initialParameters } from '../nn/init.ts';
import { ParameterLayout } from '../nn/parameters.ts';
import { storedShape } from '../weights/layout.ts';
import { efficientnetLite } from './efficientnet-lite.ts';

// These are full networks, for which the plain JavaScript backend would take minutes.
beforeAll(() => useBackend('wasm'));

/** Names and shapes of the port's networks, as recorded with the parity fixture. */
const recorded = JSON.parse(
  readFileSync(new URL('../../../../test/fixtures/parity/efficientnet.json', import.meta.url), 'utf8'),
) as { state_dict: Record<string, { name: string; shape: number[] }[]> };

const images = () => spread([1, 33, 64, 3]) as tf.Tensor4D;

describe('parameters', () => {
  it.each([0, 1] as const)('of variant %d are those of the port up to its head, in their order', (variant) => {
    const expected = recorded.state_dict[`lite${variant}`]
      ?.filter(({ name }) => !/^_conv_head|^_bn1|^_fc|num_batches_tracked$/.test(name))
      .map(({ name, shape }) => [name, shape]);
    const { parameters } = efficientnetLite({ variant });
    expect(parameters.map((parameter) => [parameter.name, storedShape(parameter)])).toEqual(expected);
  });

  it('of variant 2 are wider by multiples of 8 channels', () => {
    const { parameters, levels } = efficientnetLite({ variant: 2 });
    const projections = parameters.filter(({ name }) => name.endsWith('_project_conv.weight'));
    const widths = projections.map(({ shape }) => shape[3]);
    expect(widths.map((width, i) => (width === widths[i - 1] ? '' : width)).filter(Boolean)).toEqual([
      16, 24, 48, 88, 120, 208, 352,
    ]);
    expect(widths).toHaveLength(21);
    expect(levels.map(({ channels }) => channels)).toEqual([48, 120, 352]);
  });

  it.each([
    { trainStages: 0, first: undefined },
    { trainStages: 1, first: '_blocks.15._expand_conv.weight' },
    { trainStages: 2, first: '_blocks.11._expand_conv.weight' },
    { trainStages: 7, first: '_blocks.0._depthwise_conv.weight' },
    { trainStages: 8, first: '_conv_stem.weight' },
  ])('are trained from $first on with trainStages $trainStages', ({ trainStages, first }) => {
    const { parameters } = efficientnetLite({ variant: 0, trainStages });
    const statistics = ({ name }: { name: string }) => /running_(mean|var)$/.test(name);
    const trained = parameters.filter((parameter) => !statistics(parameter));
    const start = first === undefined ? trained.length : trained.findIndex(({ name }) => name === first);
    expect(trained.map(({ group }) => group)).toEqual(trained.map((_, i) => (i < start ? 'frozen' : 'backbone')));
    expect(parameters.filter(statistics).every(({ group }) => group === 'frozen')).toBe(true);
  });
});

describe('forward', () => {
  it.each([0, 1, 2] as const)('returns the levels that variant %d declares', (variant) => {
    const network = efficientnetLite({ variant });
    const maps = network.forward(initialParameters(network.parameters, 1), images());
    expect(maps.map(({ shape }) => shape)).toEqual(
      network.levels.map(({ channels, stride }) => [1, Math.ceil(33 / stride), 64 / stride, channels]),
    );
    expect(network.levels.map(({ stride }) => stride)).toEqual([8, 16, 32]);
  });

  it('can be cut off after a given level, with the same features', () => {
    const network = efficientnetLite({ variant: 0 });
    const cut = network.upTo?.(1) as typeof network;
    expect(cut.levels).toEqual(network.levels.slice(0, 2));
    expect(cut.parameters.at(-1)?.name).toBe('_blocks.10._bn2.running_var');
    const tensors = initialParameters(network.parameters, 1);
    const [expected, found] = [network, cut].map((each) => each.forward(tensors, images())[1]?.dataSync());
    expect(found).toEqual(expected);
  });

  it('rejects options that do not exist and names those that do', () => {
    expect(() => efficientnetLite({ variant: 3 as 2 })).toThrow('expected 0, 1 or 2 in variant, got 3');
    expect(() => efficientnetLite({ variant: 0, trainStages: 9 })).toThrow('expected 0 to 8 in trainStages, got 9');
  });
});

describe('frozen stages', () => {
  const network = efficientnetLite({ variant: 0, trainStages: 1 });
  const trained = network.parameters.filter(({ group }) => group === 'backbone').map(({ name }) => name);

  it('run no backward kernel, and keep none of their features', async () => {
    const tensors = initialParameters(network.parameters, 1);
    const op = (...values: tf.Tensor[]) => {
      const given = Object.fromEntries(trained.map((name, i) => [name, values[i] as tf.Tensor]));
      return network.forward({ ...tensors, ...given }, images())[2] as tf.Tensor;
    };
    const inputs = trained.map((name) => tensors[name] as tf.Tensor);
    const kernels = await kernelsOf(op, inputs);
    const count = (pattern: RegExp) => kernels.filter((name) => pattern.test(name)).length;
    expect([count(/^Depthwise.*Filter$/), count(/^Depthwise.*Input$/)]).toEqual([1, 1]);
    expect([count(/^Conv2DBackpropFilter$/), count(/^Conv2DBackpropInput$/)]).toEqual([2, 1]);
    expectNoLeak(op, inputs);
  });

  it('get no gradient even when it is requested, and neither do the statistics', () => {
    const layout = new ParameterLayout(network.parameters);
    tf.tidy(() => {
      const flats = layout.flatten(initialParameters(network.parameters, 1));
      const { grads } = valueAndFlatGrads(layout, flats, (tensors) => ({
        loss: tf.mean(network.forward(tensors, images())[2] as tf.Tensor) as tf.Scalar,
      }));
      layout.groups.forEach(({ name, parameters }, i) => {
        const values = (grads[i] as tf.Tensor).dataSync();
        const isFlowing = ({ offset, size }: { readonly offset: number; readonly size: number }) =>
          values.subarray(offset, offset + size).some((value) => value !== 0);
        expect(parameters.map(isFlowing)).toEqual(parameters.map(() => name === 'backbone'));
      });
    });
  });
});

it('gives the same features whether stages are trained or folded', () => {
  const [frozen, trained] = [0, 8].map((trainStages) => efficientnetLite({ variant: 0, trainStages }));
  const tensors = Object.fromEntries(
    Object.entries(initialParameters(frozen?.parameters ?? [], 1)).map(([name, value]) => [
      name,
      /_bn\d\./.test(name) ? tf.add(value, tf.mul(0.1, spread(value.shape))) : value,
    ]),
  );
  const [a, b] = [frozen, trained].map((network) => network?.forward(tensors, images())[2] as tf.Tensor);
  expectClose(b as tf.Tensor, a as tf.Tensor, 1e-5);
});
