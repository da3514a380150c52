/** Times COCO's evaluation against pycocotools, on the same files and in one run, and compares the results. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type CocoEvaluation, evaluateDetections, readCocoResults, readCocoTruth } from '@dn-detr/metrics';
import { UserError } from '@dn-detr/train';
import { median } from 'd3-array';
import { type EvaluationSizes, evaluationData } from './coco-eval-data.ts';

export interface EvaluationTimes {
  /** Time from the files to the data structures that are evaluated. */
  readonly load: number;
  /** Time for matching, accumulating and summarising. */
  readonly evaluate: number;
}

export interface CocoEvalBench extends EvaluationSizes {
  /** Number of objects in all images. */
  readonly objects: number;
  /** Milliseconds; ours are medians, pycocotools runs once. */
  readonly ms: { readonly ours: EvaluationTimes; readonly pycocotools: EvaluationTimes | null };
  /** Speed relative to pycocotools; 2 is twice as fast. */
  readonly ratio: EvaluationTimes | null;
  /** Version of pycocotools; null where Python has none. */
  readonly version: string | null;
  /** Largest difference in the twelve metrics and the AP of each class; null without pycocotools. */
  readonly largestDifference: number | null;
}

interface PycocotoolsRun {
  readonly version: string;
  readonly ms: EvaluationTimes;
  readonly stats: readonly number[];
  readonly perClassAp: readonly number[];
}

const rounds = 5;
const run = promisify(execFile);

/** Whether a Python exists and has pycocotools. */
export async function hasPycocotools(python: string): Promise<boolean> {
  return run(python, ['-c', 'import pycocotools.cocoeval']).then(
    () => true,
    () => false,
  );
}

/**
 * Runs the benchmark.
 *
 * @param python an interpreter with pycocotools; undefined to leave pycocotools out
 * @throws UserError if pycocotools fails
 */
export async function benchCocoEval(sizes: EvaluationSizes, python: string | undefined): Promise<CocoEvalBench> {
  const folder = mkdtempSync(path.join(tmpdir(), 'bench-coco-eval-'));
  try {
    const files = { truth: path.join(folder, 'truth.json'), results: path.join(folder, 'results.json') };
    const { truth, results } = evaluationData(sizes);
    writeFileSync(files.truth, JSON.stringify(truth));
    writeFileSync(files.results, JSON.stringify(results));

    const { ms, evaluation } = timeOurs(files);
    const peer = python === undefined ? undefined : await runPycocotools(python, files);
    return {
      ...sizes,
      objects: truth.annotations.length,
      ms: { ours: ms, pycocotools: peer?.ms ?? null },
      ratio: peer === undefined ? null : { load: peer.ms.load / ms.load, evaluate: peer.ms.evaluate / ms.evaluate },
      version: peer?.version ?? null,
      largestDifference: peer === undefined ? null : largestDifference(evaluation, peer),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Files {
  readonly truth: string;
  readonly results: string;
}

function timeOurs(files: Files): { ms: EvaluationTimes; evaluation: CocoEvaluation } {
  const parse = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'));
  const load: number[] = [];
  const evaluate: number[] = [];
  let evaluation: CocoEvaluation | undefined;
  for (let round = 0; round < rounds; round++) {
    const started = performance.now();
    const truth = readCocoTruth(parse(files.truth));
    const { detections } = readCocoResults(parse(files.results), truth);
    const loaded = performance.now();
    evaluation = evaluateDetections(truth.truths, detections, { numClasses: truth.categories.length });
    load.push(loaded - started);
    evaluate.push(performance.now() - loaded);
  }
  return {
    ms: { load: median(load) as number, evaluate: median(evaluate) as number },
    evaluation: evaluation as CocoEvaluation,
  };
}

async function runPycocotools(python: string, { truth, results }: Files): Promise<PycocotoolsRun> {
  const script = fileURLToPath(new URL('./coco-eval-pycocotools.py', import.meta.url));
  try {
    return JSON.parse((await run(python, [script, truth, results])).stdout);
  } catch (error) {
    throw new UserError(`pycocotools failed in ${python}: ${(error as Error).message}`);
  }
}

function largestDifference({ stats, perClass }: CocoEvaluation, peer: PycocotoolsRun): number {
  const differences = [
    ...peer.stats.map((value, i) => Math.abs(value - (stats[i] as number))),
    ...peer.perClassAp.map((value, k) => Math.abs(value - (perClass[k]?.AP as number))),
  ];
  return Math.max(...differences);
}
