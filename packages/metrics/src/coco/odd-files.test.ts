/** Odd files as real tools write them, compared with the behaviour of pycocotools. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { evaluateDetections } from './evaluate.ts';
import { CocoFormatError } from './format-error.ts';
import { parseCocoJson } from './parse-json.ts';
import { readCocoResults } from './results-file.ts';
import { readCocoTruth } from './truth-file.ts';

interface Entry {
  readonly name: string;
  /** The files as text; those of the first entry if left out. */
  readonly gt?: string;
  readonly dt?: string;
  /** The twelve figures of pycocotools, or the error with which it stops. */
  readonly stats?: readonly number[];
  readonly error?: string;
}

// Written by test/fixtures/coco-eval/make_odd_files.py.
const entries = JSON.parse(
  readFileSync(
    process.env.ODD_FILES ?? new URL('../../../../test/fixtures/coco-eval/odd-files.json', import.meta.url),
    'utf8',
  ),
) as Entry[];

const plain = entries[0] as Entry;

function evaluate({ gt = plain.gt, dt = plain.dt }: Entry) {
  const truth = readCocoTruth(parseCocoJson(gt as string));
  const results = readCocoResults(parseCocoJson(dt as string), truth);
  const numClasses = truth.categories.length;
  const { stats } = evaluateDetections(truth.truths, results.detections, { numClasses, allowNonFinite: true });
  return { stats, notes: [...truth.notes, ...results.notes] };
}

describe('odd files', () => {
  it.each(entries.filter(({ stats }) => stats !== undefined))('have the figures of pycocotools: $name', (entry) => {
    const { stats } = evaluate(entry);
    expect(entry.stats).toHaveLength(12);
    for (const [n, expected] of (entry.stats ?? []).entries()) expect(stats[n]).toBeCloseTo(expected, 12);
  });

  it.each(entries.filter(({ error }) => error !== undefined))(
    'are evaluated or rejected with a message where pycocotools stops: $name',
    (entry) => {
      let stats: readonly number[] = [];
      try {
        ({ stats } = evaluate(entry));
      } catch (error) {
        expect(error).toBeInstanceOf(CocoFormatError);
        expect((error as Error).message).toMatch(/^(?:annotations|results|images|categories)\[\d+\]\.\w+/);
        return;
      }
      expect(stats).toHaveLength(12);
      for (const value of stats) expect(Number.isFinite(value)).toBe(true);
    },
  );
});
