import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { benchCocoEval, hasPycocotools } from './coco-eval.ts';
import { evaluationData } from './coco-eval-data.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'bench-coco-eval-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** An interpreter that prints the same output whatever it has to run. */
function interpreter(name: string, body: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, `#!${process.execPath}\n${body}`, { mode: 0o755 });
  return file;
}

const sizes = { images: 6, detections: 20, numClasses: 3 };

describe('benchCocoEval', () => {
  it('times only our side without pycocotools', async () => {
    const bench = await benchCocoEval(sizes, undefined);
    expect(bench).toMatchObject({ ...sizes, ratio: null, version: null, largestDifference: null });
    expect(bench.ms.ours.evaluate).toBeGreaterThan(0);
    expect(bench.objects).toBe(evaluationData(sizes).truth.annotations.length);
  });

  it('compares times and results', async () => {
    const answer = { version: '1', ms: { load: 1e6, evaluate: 2e6 }, stats: [2], perClassAp: [] };
    const python = interpreter('python', `console.log(${JSON.stringify(JSON.stringify(answer))})`);
    expect(await hasPycocotools(python)).toBe(true);
    const { ms, ratio, version, largestDifference } = await benchCocoEval(sizes, python);
    expect(version).toBe('1');
    expect(ratio?.evaluate).toBeCloseTo(2e6 / ms.ours.evaluate);
    expect(largestDifference).toBeGreaterThan(1);
    expect(largestDifference).toBeLessThan(2);
  });

  it('reports an interpreter that is missing or fails', async () => {
    expect(await hasPycocotools(path.join(folder, 'missing'))).toBe(false);
    const failing = interpreter('failing', 'process.exit(1)');
    expect(await hasPycocotools(failing)).toBe(false);
    await expect(benchCocoEval(sizes, failing)).rejects.toThrow(`pycocotools failed in ${failing}`);
  });
});

describe('evaluationData', () => {
  it('is the same every time', () => {
    const { results } = evaluationData(sizes);
    expect(evaluationData(sizes).results).toEqual(results);
    expect(results).toHaveLength(sizes.images * sizes.detections);
    expect(new Set(results.map(({ category_id }) => category_id))).toEqual(new Set([1, 2, 3]));
  });
});
