import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type DatasetImage, shapesDataset } from '@dn-detr/data';
import { photo } from '@dn-detr/report/drawing';
import { elements, ofClass } from '@dn-detr/testing/drawn';
import { smallBackend, smallConfig } from '@dn-detr/testing/small-run';
import type { DottedValues } from '@dn-detr/train';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attentionOf, type ImageAttention } from './attention.ts';
import { describedAttention } from './attention-json.ts';
import { sampledPart } from './sampled-part.ts';
import { type LayerSamples, type Sampling, weightShares } from './sampling.ts';
import { samplingDrawing } from './sampling-drawing.ts';
import { untrained } from './testing/untrained.ts';

const root = mkdtempSync(path.join(tmpdir(), 'sampling-'));
const [first, second] = shapesDataset(smallConfig().data.shapes).val as [DatasetImage, DatasetImage];
beforeAll(smallBackend);
afterAll(() => rmSync(root, { recursive: true }));

const [heads, levels, points] = [4, 3, 2];
const sizes: DottedValues = {
  'model.name': 'dn-deformable-detr',
  'model.backbone': { kind: 'tiny', channels: [8, 16], levels: 2 },
  'model.width': 32,
  'model.heads': heads,
  'model.featureLevels': levels,
  'model.points': points,
};
const checkpoint = (values: DottedValues = {}) => untrained(root, { ...sizes, ...values });
const samplesIn = ({ cross }: ImageAttention): Sampling => {
  if (cross.kind !== 'samples') throw new Error('no deformable attention');
  return cross;
};

/** A wide image over the upper half of the canvas of 32 × 32. */
const wide: DatasetImage = {
  ...{ id: first.id, name: first.name, objects: first.objects, width: 32, height: 16 },
  read: async () => ({ width: 32, height: 16, data: (await first.read()).data.slice(0, 3 * 32 * 16) }),
};

describe('attentionOf a model with deformable attention', () => {
  it.each([
    ['deformable-detr', {}, [2, 2]],
    ['deformable-detr', { 'model.boxRefinement': true }, [2, 4]],
    ['deformable-detr', { 'model.boxRefinement': true, 'model.twoStage': true }, [4, 4]],
    ['dn-deformable-detr', {}, [4, 4]],
  ])('%s, %j: gives the samples of each layer, and leaves no tensor behind', async (name, values, coordinates) => {
    const trained = await checkpoint({ 'model.name': name, ...values });
    const before = tf.memory().numTensors;
    const options = { query: undefined, known: name.startsWith('dn') };
    const found = await attentionOf(trained, [first, second], options);
    expect(tf.memory().numTensors).toBe(before);
    for (const image of found) {
      const { strides, layers } = samplesIn(image);
      expect(strides).toEqual([2, 4, 8]);
      expect(layers.map(({ reference }) => reference.length)).toEqual(coordinates);
      layers.forEach((layer, l) => {
        expect([layer.locations.length, layer.weights.length]).toEqual([2 * 24, 24]);
        const shares = weightShares(layer, heads, levels).levels;
        expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5);
        expect(image.layers[l]?.self).toHaveLength(heads * (image.known + 8));
      });
    }
  });

  it('maps points from the canvas to the image', async () => {
    // At first every query samples along the axes, one cell a point further from where it looks from.
    const trained = await checkpoint({ 'model.name': 'deformable-detr' });
    for (const [image, stretch] of [
      [first, 1],
      [wide, 2],
    ] as const) {
      const [found] = (await attentionOf(trained, [image], { query: 3, known: false })) as [ImageAttention];
      for (const { reference, locations } of samplesIn(found).layers) {
        const [x, y] = reference as unknown as [number, number];
        for (let i = 0; i < heads * levels * points; i++) {
          const [head, level, point] = [Math.floor(i / 6), Math.floor(i / 2) % 3, i % 2];
          const cell = ((point + 1) * 2 ** (level + 1)) / 32;
          const [right, down] = [
            [cell, 0],
            [0, cell],
            [-cell, 0],
            [0, -cell],
          ][head] as [number, number];
          expect(locations[2 * i]).toBeCloseTo(x + right, 5);
          expect(locations[2 * i + 1]).toBeCloseTo(y + down * stretch, 5);
        }
      }
    }
  });

  it('looks from the anchors of the image, whatever the canvas', async () => {
    const [found] = (await attentionOf(await checkpoint(), [wide], { query: 2, known: true })) as [ImageAttention];
    const at = 4 * (found.known + 2);
    samplesIn(found).layers.forEach(({ reference }, l) => {
      const anchor = found.layers[l]?.anchors?.subarray(at, at + 4) as Float32Array;
      expect([...reference]).toEqual([...anchor].map((value) => expect.closeTo(value, 5)));
    });
  });

  it('gives matching queries the same with known ones as without', async () => {
    const trained = await checkpoint();
    const [without, within] = (
      await Promise.all([false, true].map((known) => attentionOf(trained, [first], { query: 4, known })))
    ).map(([image]) => samplesIn(image as ImageAttention)) as [Sampling, Sampling];
    within.layers.forEach(({ locations, weights }, l) => {
      const before = without.layers[l] as LayerSamples;
      expect([...locations]).toEqual([...before.locations].map((value) => expect.closeTo(value, 5)));
      expect([...weights]).toEqual([...before.weights].map((value) => expect.closeTo(value, 5)));
    });
  });
});

/** One layer of two heads, two levels and one point; the second head's are outside the image on the second level. */
const samples: LayerSamples = {
  locations: new Float32Array([0.5, 0.5, 0.25, 0.5, 0.5, 0.25, 1.2, 0.5]),
  weights: new Float32Array([0.75, 0.25, 0.5, 0.5]),
  reference: new Float32Array([0.5, 0.5]),
};
const sampling: Sampling = { kind: 'samples', strides: [8, 16], layers: [samples] };
const attention = (boxes: number[]): ImageAttention => ({
  image: { ...first, width: 32, height: 32 },
  pixels: { width: 32, height: 32, data: new Uint8Array(3 * 32 * 32) },
  cross: sampling,
  heads: 2,
  ...{ query: 0, label: 0, score: 0.5, known: 0, groups: undefined },
  layers: [{ self: new Float32Array([1, 1]), boxes: new Float32Array(boxes), anchors: undefined }],
});

it('shares the weight out to levels, and to what is outside the image', () => {
  expect(weightShares(samples, 2, 2)).toEqual({ levels: [0.625, 0.375], outside: 0.25 });
});

it('describes the sample that counts most, counted from 0 and in pixels', () => {
  expect(describedAttention(attention([0.5, 0.5, 0.25, 0.5]), 'disc')).toMatchObject({
    levels: [{ stride: 8 }, { stride: 16 }],
    layers: [
      {
        point: [16, 16],
        bbox: [12, 8, 8, 16],
        strongestSample: { head: 0, level: 0, point: 0, at: [16, 16], weight: 0.75 },
        weightOfLevels: [0.625, 0.375],
        weightOutsideImage: 0.25,
      },
    ],
  });
});

describe('sampledPart', () => {
  const near: Sampling = { ...sampling, layers: [{ ...samples, weights: new Float32Array([1, 0, 1, 0.01]) }] };

  it('holds boxes, references and the samples that count, in its middle', () => {
    const { x, y, side } = sampledPart(attention([0.5, 0.5, 0.25, 0.25]), near);
    // From 0.375 to 0.625 across, from 0.25 to 0.625 down, with a tenth around.
    expect(side).toBeCloseTo(0.375 / 0.8, 6);
    expect(x + side / 2).toBeCloseTo(0.5, 6);
    expect(y + side / 2).toBeCloseTo(0.4375, 6);
  });

  it('stays inside the image, and is all of it where it would be almost that', () => {
    const corner = {
      ...near,
      layers: [{ ...samples, locations: new Float32Array(8), reference: new Float32Array(2) }],
    };
    expect(sampledPart(attention([0, 0, 0.1, 0.1]), corner)).toEqual({ x: 0, y: 0, side: 0.2 });
    expect(sampledPart(attention([0.5, 0.5, 0.9, 0.1]), near)).toEqual({ x: 0, y: 0, side: 1 });
  });
});

describe('samplingDrawing', () => {
  const drawn = async (found: ImageAttention) => {
    const [color, grey] = await Promise.all([photo('color', found.pixels), photo('grey', found.pixels)]);
    return samplingDrawing(found, samplesIn(found), { color, grey });
  };
  const marks = (svg: Awaited<ReturnType<typeof drawn>>) =>
    ofClass(svg, 'path', 'sample').map(({ transform, d, fill }) => {
      const [, x, y, radius] = /translate\((\S+) (\S+)\) scale\((\S+)\)/.exec(transform as string) ?? [];
      return { x: Number(x), y: Number(y), radius: Number(radius), shape: d, fill };
    });

  it('has a mark for each sample over all levels and over its own, where it is in the image', async () => {
    // A large box keeps the whole image in the panels, which are 190 pixels wide.
    const all = marks(await drawn(attention([0.5, 0.5, 0.9, 0.9])));
    // Marks of the legend stand after those of the panels.
    const places = all.slice(0, 8).map(({ x, y }) => [x, y]);
    const [a, b, c, d] = [
      [95, 95],
      [47.5, 95],
      [95, 47.5],
      [228, 95],
    ];
    expect(places.slice(0, 4)).toEqual([a, c, d, b]);
    expect(places.slice(4)).toEqual([a, c, d, b]);
    const [largest, , , least] = all as [(typeof all)[number], never, never, (typeof all)[number]];
    expect(largest.radius / least.radius).toBeCloseTo(Math.sqrt(3), 2);
    expect(largest.fill).toBe(least.fill);
    expect(largest.shape).not.toBe(least.shape);
  });

  it('enlarges the part that is sampled, and marks it in the image', async () => {
    const found = attention([0.5, 0.5, 0.1, 0.1]);
    const tight: ImageAttention = {
      ...found,
      cross: { ...sampling, layers: [{ ...samples, locations: new Float32Array(8).fill(0.5) }] },
    };
    const svg = await drawn(tight);
    // A fifth of the image fills a panel: its middle is 2.5 panels from the corner of the whole.
    expect(marks(svg)[0]).toMatchObject({ x: 2.5 * 190, y: 2.5 * 190 });
    expect(elements(svg, 'g').map(({ transform }) => transform)).toContain('translate(-380 -380)');
    expect(ofClass(svg, 'g', 'part')).toHaveLength(1);
    expect(svg.text).toContain('part enlarged in the other panels');
    expect(svg.text).not.toMatch(/NaN|undefined/);
  });

  it('says what lies outside, what each level counts, and what the layer looks from', async () => {
    const { text } = await drawn(attention([0.5, 0.5, 0.9, 0.9]));
    for (const words of [
      '25 % outside the image',
      'one sample: up to 75 %',
      '63 % of the weight',
      '38 % of the weight',
    ]) {
      expect(text).toContain(words);
    }
    expect(text).toContain('point that the layer starts from');
    expect(text).not.toContain('box that the layer starts from');
  });
});
