import { expectSame, random, testOnWasm, withGradients } from '@dn-detr/testing/wasm-and-cpu';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, it } from 'vitest';

testOnWasm();

type Shape = [number, number, number, number];

describe('depthwise convolution', () => {
  it.each<[string, Shape, Shape, number, 'same' | 'valid']>([
    ['3×3', [2, 7, 5, 3], [3, 3, 3, 1], 1, 'same'],
    ['3×3, stride 2, even size', [2, 8, 6, 3], [3, 3, 3, 1], 2, 'same'],
    ['3×3, stride 2, odd size', [2, 7, 9, 3], [3, 3, 3, 1], 2, 'same'],
    ['5×5, stride 2, even size', [2, 8, 10, 4], [5, 5, 4, 1], 2, 'same'],
    ['5×5, stride 2, odd size', [1, 9, 7, 4], [5, 5, 4, 1], 2, 'same'],
    ['5×5 on a smaller image', [2, 2, 3, 2], [5, 5, 2, 1], 1, 'same'],
    ['several outputs of each channel', [2, 6, 5, 3], [3, 3, 3, 2], 1, 'valid'],
  ])('has the value and the gradients of the cpu backend: %s', (_, x, filter, stride, pad) => {
    expectSame(
      [random(x), random(filter)],
      withGradients((x, w) => tf.depthwiseConv2d(x as tf.Tensor4D, w as tf.Tensor4D, stride, pad)),
    );
  });

  it('has the gradients for any shape, stride and padding', () => {
    const cases = fc.record({
      batch: fc.integer({ min: 1, max: 3 }),
      extra: fc.tuple(fc.nat(6), fc.nat(6)),
      channels: fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 3 })),
      filter: fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 })),
      stride: fc.integer({ min: 1, max: 3 }),
      pad: fc.constantFrom<('same' | 'valid')[]>('same', 'valid'),
    });
    fc.assert(
      fc.property(cases, ({ batch, extra, channels: [cin, multiplier], filter: [kh, kw], stride, pad }) => {
        const inputShape: Shape = [batch, kh + extra[0], kw + extra[1], cin];
        const filterShape: Shape = [kh, kw, cin, multiplier];
        const { outShape } = tf.backend_util.computeConv2DInfo(
          ...([inputShape, filterShape, stride, 1, pad, undefined, true] as const),
        );
        const attrs = { strides: [stride, stride], pad, dilations: [1, 1] };
        expectSame([random(inputShape), random(filterShape), random(outShape)], (x, filter, dy) => [
          run('DepthwiseConv2dNativeBackpropFilter', { x, dy }, { ...attrs, filterShape }),
          run('DepthwiseConv2dNativeBackpropInput', { dy, filter }, { ...attrs, inputShape }),
        ]);
      }),
      { numRuns: 200 },
    );
  });
});

const run = (kernel: string, inputs: Record<string, tf.Tensor>, attrs: Record<string, unknown>): tf.Tensor =>
  tf.engine().runKernel(kernel, inputs as never, attrs as never) as tf.Tensor;
