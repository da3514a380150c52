import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type DatasetImage, shapesDataset } from '@dn-detr/data';
import { cellsOf, elements } from '@dn-detr/testing/drawn';
import { smallBackend, smallConfig } from '@dn-detr/testing/small-run';
import type { DottedValues } from '@dn-detr/train';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attentionOf, type CellAttention, type ImageAttention, meanOverHeads } from './attention.ts';
import { heatMap } from './cross-drawing.ts';
import { type GroupLeak, groupLeak } from './group-leak.ts';
import { untrained } from './testing/untrained.ts';

const root = mkdtempSync(path.join(tmpdir(), 'attention-'));
const images = shapesDataset(smallConfig().data.shapes).val.slice(0, 3);
beforeAll(smallBackend);
afterAll(() => rmSync(root, { recursive: true }));

const checkpoint = (values?: DottedValues) => untrained(root, values);

const plain = { query: undefined, known: false };
const known = { query: undefined, known: true };
const cellsIn = ({ cross }: ImageAttention): CellAttention => {
  if (cross.kind !== 'cells') throw new Error('no attention to cells');
  return cross;
};

function sums(weights: Float32Array, rows: number): number[] {
  const size = weights.length / rows;
  return Array.from({ length: rows }, (_, r) =>
    weights.subarray(r * size, (r + 1) * size).reduce((sum, value) => sum + value, 0),
  );
}

describe('attentionOf', () => {
  it.each(['detr', 'dab-detr', 'dn-detr', 'dn-detr-vanilla'])(
    '%s: every query’s weights sum to 1, and no tensor is leaked',
    async (name) => {
      const trained = await checkpoint({ 'model.name': name });
      const before = tf.memory().numTensors;
      const found = await attentionOf(trained, images, name.startsWith('dn') ? known : plain);
      expect(tf.memory().numTensors).toBe(before);
      expect(found.map(({ image }) => image)).toEqual(images);
      for (const image of found) {
        const { layers, heads, known: before } = image;
        const { grid, layers: crossed } = cellsIn(image);
        expect([layers.length, heads, grid.rows, grid.columns]).toEqual([2, 2, 8, 8]);
        for (const [l, { self, boxes, anchors }] of layers.entries()) {
          const cross = crossed[l] as Float32Array;
          expect([cross.length, self.length]).toEqual([heads * 64, heads * (before + 8)]);
          for (const sum of [...sums(cross, heads), ...sums(self, heads)]) expect(sum).toBeCloseTo(1, 5);
          expect(boxes).toHaveLength(4 * (before + 8));
          expect(anchors?.length).toBe(name.endsWith('dab-detr') || name === 'dn-detr' ? 4 * (before + 8) : undefined);
        }
      }
    },
  );

  it('gives the weights of the formula', async () => {
    // In DETR's first decoder layer contents are 0, so queries and keys depend only on positions.
    const trained = await checkpoint({ 'model.name': 'detr' });
    const numbers = (name: string) => trained.checkpoint.tensors.get(name)?.data as Float32Array;
    const prefix = 'transformer.decoder.layers.0.self_attn';
    const [positions, weight] = [numbers('query_embed.weight'), numbers(`${prefix}.in_proj_weight`)];
    const [width, queries, heads, query] = [16, 8, 2, 5];
    /** Row `q` projected as a query (part 0) or a key (part 1); initial biases are 0. */
    const projected = (q: number, part: number) =>
      Array.from({ length: width }, (_, out) =>
        Array.from({ length: width }, (_, i) => i).reduce(
          (sum, i) => sum + (weight[(part * width + out) * width + i] as number) * (positions[q * width + i] as number),
          0,
        ),
      );
    const own = projected(query, 0);
    const keys = Array.from({ length: queries }, (_, q) => projected(q, 1));
    const expected = Array.from({ length: heads }, (_, h) => {
      const part = <T>(row: T[]) => row.slice((h * width) / heads, ((h + 1) * width) / heads);
      const scores = keys.map((key) =>
        part(key).reduce((sum, k, i) => sum + (k * (part(own)[i] as number)) / Math.sqrt(width / heads), 0),
      );
      const total = scores.reduce((sum, score) => sum + Math.exp(score), 0);
      return scores.map((score) => Math.exp(score) / total);
    }).flat();
    const [found] = await attentionOf(trained, images.slice(0, 1), { query, known: false });
    const { self } = (found as ImageAttention).layers[0] as ImageAttention['layers'][number];
    expect(Math.max(...self.map((value, i) => Math.abs(value - (expected[i] as number))))).toBeLessThan(1e-6);
  });

  it('takes the query with the highest score', async () => {
    const trained = await checkpoint();
    const [best] = (await attentionOf(trained, images.slice(0, 1), plain)) as [ImageAttention];
    for (let query = 0; query < 8; query++) {
      const [one] = (await attentionOf(trained, images.slice(0, 1), { query, known: false })) as [ImageAttention];
      expect(one.query).toBe(query);
      expect(one.score).toBeLessThanOrEqual(best.score);
      if (query === best.query) expect(one).toEqual(best);
    }
  });

  it('adds known queries without changing the matching ones', async () => {
    const trained = await checkpoint();
    const [without] = (await attentionOf(trained, images.slice(0, 1), { query: 3, known: false })) as [ImageAttention];
    const [within] = (await attentionOf(trained, images.slice(0, 1), { query: 3, known: true })) as [ImageAttention];
    expect(within.known).toBe(8);
    expect(within.score).toBeCloseTo(without.score, 5);
    for (const [l, { self }] of within.layers.entries()) {
      const before = without.layers[l] as ImageAttention['layers'][number];
      for (let h = 0; h < 2; h++) {
        const row = self.subarray(h * 16, (h + 1) * 16);
        expect([...row.subarray(0, 8)]).toEqual(new Array(8).fill(0));
        for (let q = 0; q < 8; q++) expect(row[8 + q]).toBeCloseTo(before.self[h * 8 + q] as number, 5);
      }
      const [cross, crossBefore] = [within, without].map((seen) => cellsIn(seen).layers[l] as Float32Array);
      for (const [i, weight] of cross?.entries() ?? []) expect(weight).toBeCloseTo(crossBefore?.[i] as number, 5);
    }
  });

  it('shows whether the mask separates groups', async () => {
    const apart = await attentionOf(await checkpoint(), images, known);
    expect(apart).toHaveLength(images.length);
    for (const { groups } of apart) {
      expect(groups?.leak).toEqual({ matchingToKnown: 0, betweenGroups: 0, onPadding: 0 });
      expect(Math.min(...sums(groups?.last as Float32Array, 16))).toBeCloseTo(1, 5);
    }
    const joined = await attentionOf(await checkpoint({ 'denoising.isolate': 'known' }), images, known);
    const open = { 'denoising.isolate': 'nothing', 'denoising.maskPadding': false };
    const leaking = await attentionOf(await checkpoint(open), images, known);
    expect(joined).toHaveLength(images.length);
    for (const [i, { groups }] of joined.entries()) {
      expect(groups?.leak).toMatchObject({ matchingToKnown: 0, onPadding: 0 });
      expect(groups?.leak.betweenGroups).toBeGreaterThan(0.01);
      const open = leaking[i]?.groups?.leak as GroupLeak;
      for (const kind of ['matchingToKnown', 'betweenGroups', 'onPadding'] as const) {
        expect(open[kind], kind).toBeGreaterThan(0.01);
      }
    }
  });

  it('leaves out the canvas’s padding, which lies outside the image', async () => {
    // A wide image over the upper half of the canvas: the feature map's lower half is padding.
    const image = images[0] as DatasetImage;
    const { id, name, objects } = image;
    const wide: DatasetImage = {
      ...{ id, name, objects, width: 32, height: 16 },
      read: async () => ({ width: 32, height: 16, data: (await image.read()).data.slice(0, 3 * 32 * 16) }),
    };
    const [found] = (await attentionOf(await checkpoint(), [wide], plain)) as [ImageAttention];
    const { grid, layers } = cellsIn(found);
    expect(grid).toEqual({ rows: 8, columns: 8, cell: { width: 1 / 8, height: 1 / 4 } });
    for (const cross of layers) {
      for (let h = 0; h < 2; h++) {
        const map = cross.subarray(64 * h, 64 * (h + 1));
        expect(map.subarray(0, 32).reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 5);
        expect([...map.subarray(32)]).toEqual(new Array(32).fill(0));
        const drawn = cellsOf(heatMap(grid, map, Math.max(...map), { width: 200, height: 100 }), 8, 8);
        expect(drawn.slice(0, 4).flat()).not.toContain(0);
        expect(drawn.slice(4).flat()).toEqual(new Array(32).fill(0));
      }
    }
    const svg = heatMap(grid, layers[0]?.subarray(0, 64) as Float32Array, 1, { width: 200, height: 100 });
    // Eight cells make 200 pixels of width, four of them 100 of height.
    expect(elements(svg, 'g').map(({ transform }) => transform)).toContain('scale(25.0000 25.0000)');
  });

  it('refuses unknown queries, and known queries for a model without them', async () => {
    const trained = await checkpoint();
    await expect(attentionOf(trained, images, { query: 8, known: false })).rejects.toThrow(
      'there is no query 8: the model has 8, from 0 to 7',
    );
    const detr = await checkpoint({ 'model.name': 'detr' });
    await expect(attentionOf(detr, images, known)).rejects.toThrow('detr was trained without known queries');
  });
});

it('finds the largest weight between groups, on a known query, and on padding', async () => {
  const [{ groups }] = (await attentionOf(await checkpoint(), images.slice(0, 1), known)) as [ImageAttention];
  const queries = groups?.queries;
  if (queries === undefined) throw new Error('no known queries');
  // Two groups of four slots, eight matching queries; one layer of one head.
  const leakOf = (query: number, key: number) => {
    const weights = new Float32Array(16 * 16);
    weights[query * 16 + key] = 0.5;
    return groupLeak([weights], 1, { ...queries, valid: new Uint8Array([1, 1, 1, 0, 1, 1, 1, 0]) });
  };
  const none = { matchingToKnown: 0, betweenGroups: 0, onPadding: 0 };
  expect(leakOf(0, 2)).toEqual(none);
  expect(leakOf(0, 12)).toEqual(none);
  expect(leakOf(9, 10)).toEqual(none);
  expect(leakOf(8, 6)).toEqual({ ...none, matchingToKnown: 0.5 });
  expect(leakOf(4, 0)).toEqual({ ...none, betweenGroups: 0.5 });
  expect(leakOf(5, 7)).toEqual({ ...none, onPadding: 0.5 });
});

it('takes the mean over heads', () => {
  expect([...meanOverHeads(new Float32Array([1, 2, 3, 6]), 2)]).toEqual([2, 4]);
});
