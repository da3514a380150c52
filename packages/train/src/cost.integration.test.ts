import {
  type Detector,
  deformableDetr,
  detr,
  dino,
  dnDeformableDetr,
  dnDetrVanilla,
  efficientnetLite,
  resnet,
  tiny,
} from '@dn-detr/core';
import { depthwiseConv2d, sampleDeformably } from '@dn-detr/core/nn';
import { backendNames, useBackend } from '@dn-detr/runtime';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { countMacs, formatCost, type ModelCost, modelCost } from './cost.ts';

let best: string;
beforeAll(async () => {
  best = (await useBackend()).name;
});

const [numClasses, queries, width, heads, feedForward] = [3, 5, 16, 2, 24];
const build = (model: typeof detr): Detector =>
  model({
    backbone: tiny({ channels: [8, 16] }),
    ...{ numClasses, queries, width, heads, feedForward, encoderLayers: 1, decoderLayers: 1 },
  });
/** 4×6 features, that is N tokens. */
const input = { height: 16, width: 24 };
const N = 4 * 6;

/** Multiply-adds of the models above with T queries in the decoder; d = 16, heads of e = 8 channels. */
function macsByHand(T: number): number {
  const convolutions = 8 * 12 * (3 * 3 * 3) * 8 + 4 * 6 * (3 * 3 * 8) * 16;
  const projection = N * 16 * 16;
  // Rows and columns of the map by 16 frequencies.
  const positions = N * 2 * 16;
  // Two heads: scores of each query with each key, then their weighted sum.
  const attention = (queries: number, keys: number): number => 2 * (queries * keys * 8) + 2 * (queries * keys * 8);
  const feedForward = (rows: number): number => rows * 16 * 24 + rows * 24 * 16;
  // Query, key, value and output are projected.
  const encoder = 4 * (N * 16 * 16) + attention(N, N) + feedForward(N);
  const selfAttention = 4 * (T * 16 * 16) + attention(T, T);
  const crossAttention = 2 * (T * 16 * 16) + 2 * (N * 16 * 16) + attention(T, N);
  const decoder = selfAttention + crossAttention + feedForward(T);
  // Three classes and "no object"; boxes by two hidden layers.
  const heads = T * 16 * 4 + T * (16 * 16 + 16 * 16 + 16 * 4);
  return convolutions + projection + positions + encoder + decoder + heads;
}

describe('modelCost', () => {
  it.each(backendNames)('equals a count by hand, on %s', async (backend) => {
    // Native TensorFlow is not available everywhere; the best backend is tested, whichever it is.
    await useBackend(backend === 'tensorflow' ? best : backend);
    const before = tf.memory().numTensors;
    const cost = modelCost(build(detr), input);
    expect(cost.macs).toBe(macsByHand(queries));
    expect(cost.flops).toBe(2 * cost.macs);
    expect(tf.memory().numTensors).toBe(before);
    await useBackend();
  });

  it('counts known queries in the decoder, and what computes them', () => {
    const K = 7;
    // One-hot labels of three classes and "unknown"; an indicator fills the last channel.
    const content = K * 4 * 15;
    // 8 sines of each of the box's four numbers; 32 to 16 to 16.
    const positions = K * 4 * 32 + K * (32 * 16 + 16 * 16);
    expect(modelCost(build(dnDetrVanilla), input).macs).toBe(macsByHand(queries));
    const cost = modelCost(build(dnDetrVanilla), { ...input, knownQueries: K });
    expect(cost.macs).toBe(macsByHand(K + queries) + content + positions);
    const before = tf.memory().numTensors;
    expect(() => modelCost(build(detr), { ...input, knownQueries: K })).toThrow(/takes no known queries/);
    expect(tf.memory().numTensors).toBe(before);
  });

  describe('of models with deformable attention', () => {
    const [d, layers, levels, points] = [32, 2, 2, 3];
    const small = {
      ...{ backbone: tiny({ channels: [8, 16] }), numClasses, queries, width: d, heads, feedForward },
      ...{ encoderLayers: 1, decoderLayers: layers, featureLevels: levels, points },
    };
    /** 4×6 features, and 2×3 of a level that a convolution adds. */
    const S = 4 * 6 + 2 * 3;
    const perceptron = (rows: number, ...widths: number[]): number =>
      widths.slice(1).reduce((sum, width, i) => sum + rows * (widths[i] as number) * width, 0);
    const headsOf = (rows: number): number => perceptron(rows, d, numClasses) + perceptron(rows, d, d, d, 4);

    /** Without the parts that create and place the T queries. */
    function byHand(T: number): number {
      const backbone = 8 * 12 * (3 * 3 * 3) * 8 + 4 * 6 * (3 * 3 * 8) * 16;
      const projections = 4 * 6 * 16 * d + 2 * 3 * (3 * 3 * 16) * d;
      const positions = S * 2 * d;
      // An x and a y for each sample and a weight; values and output; four neighbours of a sample.
      const deformable = (rows: number): number =>
        rows * d * (3 * heads * levels * points) + (S + rows) * d * d + rows * (levels * points * 4 * d);
      const mlp = (rows: number): number => perceptron(rows, d, feedForward, d);
      const selfAttention = 4 * T * d * d + 2 * T * T * d;
      return (
        backbone +
        projections +
        positions +
        (deformable(S) + mlp(S)) +
        layers * (selfAttention + deformable(T) + mlp(T) + headsOf(T))
      );
    }

    it.each(backendNames)('equals a count by hand, on %s', async (backend) => {
      await useBackend(backend === 'tensorflow' ? best : backend);
      const before = tf.memory().numTensors;
      const ofPoints = queries * d * 2;
      expect(modelCost(deformableDetr(small), input).macs).toBe(byHand(queries) + ofPoints);
      const proposals = S * d * d + headsOf(S);
      const proposed = queries * 4 * (2 * d) + queries * (2 * d) ** 2;
      const twoStage = deformableDetr({ ...small, boxRefinement: true, twoStage: true });
      expect(modelCost(twoStage, input).macs).toBe(byHand(queries) + proposals + proposed);
      const K = 7;
      const T = K + queries;
      // Anchors are embedded in every layer; in all but the first, their embeddings are scaled.
      const placed = layers * (T * 4 * (2 * d) + perceptron(T, 2 * d, d, d)) + (layers - 1) * perceptron(T, d, d, d);
      const content = K * 4 * (d - 1);
      expect(modelCost(dnDeformableDetr(small), { ...input, knownQueries: K }).macs).toBe(byHand(T) + placed + content);
      expect(tf.memory().numTensors).toBe(before);
      await useBackend();
    });

    it.each(backendNames)('equals a count by hand for DINO, on %s', async (backend) => {
      await useBackend(backend === 'tensorflow' ? best : backend);
      const before = tf.memory().numTensors;
      // All tokens get class logits, by which queries are selected; the selected ones get a class and a box.
      const selection = S * d * d + perceptron(S, d, numClasses) + headsOf(queries);
      // Every layer embeds its anchors; all but the last move them, by outputs that the heads do not read.
      const ofAnchors = (T: number): number =>
        layers * (T * 4 * (2 * d) + perceptron(T, 2 * d, d, d)) + (layers - 1) * perceptron(T, d, d, d, 4);
      expect(modelCost(dino(small), input).macs).toBe(byHand(queries) + selection + ofAnchors(queries));
      const K = 14;
      const T = K + queries;
      // One-hot labels of three classes and of the additional one in the embedding.
      const content = K * 4 * d;
      const trained = byHand(T) + selection + ofAnchors(T) + content;
      for (const kind of [{}, { shareHeads: false }, { content: 'encoder' }, { learnedProposalSize: true }] as const) {
        expect(modelCost(dino({ ...small, ...kind }), { ...input, knownQueries: K }).macs).toBe(trained);
      }
      expect(tf.memory().numTensors).toBe(before);
      await useBackend();
    });

    it('has the parameters of the original repositories', () => {
      const backbone = resnet({ depth: 50, levels: ['layer2', 'layer3', 'layer4'] });
      const forward = (): never => ({}) as never;
      const count = (model: Detector) => {
        const { trained, frozen } = modelCost({ ...model, forward }, input).parameters;
        return [trained, trained + frozen];
      };
      const sizes = { backbone, numClasses: 91, queries: 300 };
      // Sums over the checkpoints of fundamentalvision/Deformable-DETR, IDEA-Research/DN-DETR and IDEA-Research/DINO,
      // with shared tensors counted once.
      expect(count(deformableDetr(sizes))).toEqual([39_847_265, 40_175_905]);
      expect(count(deformableDetr({ ...sizes, boxRefinement: true }))).toEqual([40_627_260, 40_955_900]);
      const twoStage = deformableDetr({ ...sizes, boxRefinement: true, twoStage: true });
      expect(count(twoStage)).toEqual([40_959_129, 41_287_769]);
      expect(count(dnDeformableDetr(sizes))).toEqual([47_206_754, 47_535_394]);
      expect(count(dino({ ...sizes, queries: 900 }))).toEqual([46_670_782, 46_999_422]);
    });
  });

  it('counts the parameters of DETR as its authors do', () => {
    // Without the forward pass, which takes seconds.
    const forward = (): never => ({}) as never;
    const backbone = resnet({ depth: 50 });
    const { parameters } = modelCost({ ...detr({ backbone, numClasses: 91, queries: 100 }), forward }, input);
    // The "number of params" that detr's main.py prints.
    expect(parameters.trained).toBe(41_302_368);
    const { byGroup } = parameters;
    expect(byGroup).toEqual({ backbone: 23_232_512, rest: 41_302_368 - 23_232_512 });
    // The first convolution, layer1, and four numbers for each of 26,560 channels that batch norm scales.
    expect(parameters.frozen).toBe(9_408 + 212_992 + 4 * 26_560);
  });
});

describe('countMacs', () => {
  it('finds 4.09 GMACs in ResNet-50 at 224×224', () => {
    const backbone = resnet({ depth: 50 });
    const macs = countMacs(() => {
      const tensors = Object.fromEntries(backbone.parameters.map(({ name, shape }) => [name, tf.fill([...shape], 0)]));
      backbone.forward(tensors, tf.zeros([1, 224, 224, 3]));
    });
    // NNI's test of its counter has 4,089,184,256 for torchvision's model; here it has no last layer.
    expect(macs).toBe(4_089_184_256 - 2048 * 1000);
  });

  it('finds 385 MMACs in EfficientNet-Lite0 at 224×224', () => {
    const backbone = efficientnetLite({ variant: 0 });
    const macs = countMacs(() => {
      const tensors = Object.fromEntries(backbone.parameters.map(({ name, shape }) => [name, tf.fill([...shape], 0)]));
      backbone.forward(tensors, tf.zeros([1, 224, 224, 3]));
    });
    // Counted by hooks on the convolutions and the last layer of the PyTorch port, whose head is not part of ours.
    expect(macs).toBe(385_187_552 - 7 * 7 * 320 * 1280 - 1280 * 1000);
  });

  it.for([
    [
      'DnDepthwiseConv',
      2 * 4 * 5 * 6 * (3 * 3),
      () => depthwiseConv2d(tf.ones([2, 8, 9, 6]), tf.ones([3, 3, 1, 6]), 2),
    ],
    [
      'DnMultiScaleDeformableAttention',
      2 * 5 * (3 * 8) * (2 * 3) * 4,
      () =>
        sampleDeformably({
          levels: [
            { height: 3, width: 4 },
            { height: 2, width: 2 },
          ],
          value: tf.ones([2, 16, 3, 8]),
          locations: tf.fill([2, 5, 3, 2, 3, 2], 0.5),
          weights: tf.ones([2, 5, 3, 2, 3]),
        }),
    ],
  ] as const)('counts what %s does, and the same where it is composed', ([name, expected, compute], { skip }) => {
    const kernel = tf.getKernel(name, best);
    expect(countMacs(() => void compute())).toBe(expected);
    if (kernel === undefined) return skip(`${best} has no kernel for it`);
    tf.unregisterKernel(name, best);
    try {
      expect(countMacs(() => void compute())).toBe(expected);
    } finally {
      tf.registerKernel(kernel);
    }
  });

  it('counts batches, transposed and broadcast operands, strides and fused kernels', () => {
    const a = tf.ones([2, 3, 4]);
    const image = tf.ones<tf.Rank.R4>([2, 5, 6, 3]);
    const filter = tf.ones<tf.Rank.R4>([3, 2, 3, 7]);
    const count = (compute: () => tf.Tensor): number => countMacs(() => void compute());
    expect(count(() => tf.matMul(a, tf.ones([2, 4, 5])))).toBe(2 * 3 * 4 * 5);
    expect(count(() => tf.matMul(a, tf.ones([2, 3, 5]), true))).toBe(2 * 4 * 3 * 5);
    expect(count(() => tf.matMul(a, tf.ones([1, 5, 4]), false, true))).toBe(2 * 3 * 4 * 5);
    expect(count(() => tf.fused.matMul({ a: tf.ones([3, 4]), b: tf.ones([4, 5]), activation: 'relu' }))).toBe(60);
    expect(count(() => tf.conv2d(image, filter, 1, 'valid'))).toBe(2 * 3 * 5 * 7 * (3 * 2 * 3));
    expect(count(() => tf.conv2d(image, filter, 2, 'same'))).toBe(2 * 3 * 3 * 7 * (3 * 2 * 3));
    const channelwise = tf.ones<tf.Rank.R4>([3, 2, 3, 2]);
    expect(count(() => tf.depthwiseConv2d(image, channelwise, 1, 'valid'))).toBe(2 * 3 * 5 * 6 * (3 * 2));
    channelwise.dispose();
    const fused = { x: image, filter, strides: 1, pad: 'valid', activation: 'relu' } as const;
    expect(count(() => tf.fused.conv2d(fused))).toBe(2 * 3 * 5 * 7 * (3 * 2 * 3));
    tf.dispose([a, image, filter]);
  });

  it('stops counting, even after an error, and leaks no tensor', () => {
    const kernels = () => tf.getKernelsForBackend(tf.getBackend()).map(({ kernelFunc }) => kernelFunc);
    const before = { kernels: new Set(kernels()), tensors: tf.memory().numTensors };
    const fail = (): void => {
      tf.matMul(tf.ones([2, 2]), tf.ones([2, 2]));
      throw new Error('no more');
    };
    expect(() => countMacs(fail)).toThrow('no more');
    expect({ kernels: new Set(kernels()), tensors: tf.memory().numTensors }).toEqual(before);
  });
});

describe('formatCost', () => {
  const cost: ModelCost = {
    input: { height: 800, width: 1066 },
    parameters: { trained: 41_302_368, frozen: 328_640, byGroup: {} },
    macs: 81_245_491_200,
    flops: 162_490_982_400,
  };

  it('rounds to three digits', () => {
    expect(formatCost(cost)).toBe('41.6 M parameters (41.3 M trained), 81.2 GMACs (162 GFLOPs) an image of 800×1066');
  });

  it('names known queries, and chooses the prefix by the rounded number', () => {
    const small = {
      input: { height: 64, width: 64, knownQueries: 30 },
      parameters: { trained: 999_501, frozen: 0, byGroup: {} },
      macs: 999,
      flops: 999_499,
    };
    expect(formatCost(small)).toBe(
      '1.00 M parameters (1.00 M trained), 999 MACs (999 kFLOPs) an image of 64×64 with 30 known queries',
    );
  });
});
