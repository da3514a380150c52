/** Folders of runs that were never trained, for tests of code that reads them. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  type DottedValues,
  type Environment,
  type EvaluationLine,
  type RunFolder,
  runFolder,
  type SampleImage,
  type SamplesLine,
  type StoredConfig,
  type StoredWeights,
} from '@dn-detr/train';
import { writeJson } from '@dn-detr/train/files';
import { smallConfig } from './small-run.ts';

export interface StoredRun {
  readonly settings?: DottedValues;
  readonly environment?: Partial<Environment>;
  readonly pretrained?: StoredWeights;
  /** The `decodingVersion` of a folder's images. */
  readonly decoding?: number;
  /** AP50 of the evaluations at step 100, 200 and so on. @defaultValue `[0.1, 0.3]` */
  readonly AP50?: readonly number[];
  /** Name of an image that the run follows, with two objects, and three detections at each evaluation. */
  readonly sample?: string;
}

/** Writes the folder of a finished run. */
export function writeRun(
  folder: string,
  { settings = {}, environment = {}, pretrained, decoding, AP50 = [0.1, 0.3], sample }: StoredRun = {},
): void {
  const files = runFolder(folder);
  mkdirSync(path.dirname(files.config), { recursive: true });
  writeJson(files.config, {
    version: 2,
    config: smallConfig(settings),
    ...(pretrained && { pretrained }),
    data: {
      ...{ name: 'shapes', format: 'shapes', classes: ['disc', 'square'], train: 10, val: 4, hash: 'abc' },
      ...(decoding !== undefined && { format: 'coco', decoding, hash: `abc${decoding}` }),
    },
    parameters: 1000,
    environment: { backend: 'tensorflow 2.21.0', node: '20.20.2', versions: {}, cpus: 2, ...environment },
  } satisfies StoredConfig);
  const lines = AP50.map((value, i): EvaluationLine => {
    const step = 100 * (i + 1);
    return {
      ...{
        step,
        epoch: step / 10,
        seconds: step / 5,
        loss: 1,
        losses: {},
        AP: value / 2,
        AP50: value,
        AP75: value / 3,
      },
      ...{ APs: -1, APm: -1, APl: value / 2, AR1: value, AR10: value, AR100: value, perClass: [] },
      ...{ instability: null, instabilityRaw: null, instabilityByLayer: null, anchorDistance: null },
      duplicates: { perObject: 0, APWithNms: value / 2 },
    };
  });
  writeFileSync(files.evaluations, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  if (sample !== undefined) writeSample(files, sample, AP50.length);
  writeJson(files.result, { step: 100 * AP50.length, seconds: 20 * AP50.length, finished: true, peakMiB: 100 });
}

function writeSample({ samples }: RunFolder, name: string, evaluations: number): void {
  mkdirSync(samples.folder);
  const objects = [0, 1].map((label) => ({ label, bbox: [4 * label, 2, 8, 10] }));
  writeJson(samples.images, [{ name, width: 32, height: 24, picture: '1.jpg', objects }] satisfies SampleImage[]);
  writeFileSync(path.join(samples.folder, '1.jpg'), `picture of ${name}`);
  const detections = [0.9, 0.5, 0.2].map((score, i) => ({ label: i % 2, score, bbox: [i, 1, 8, 8] }));
  const lines = Array.from({ length: evaluations }, (_, i): SamplesLine => {
    return { step: 100 * (i + 1), images: [{ detections, queries: [[0, 1]] }] };
  });
  writeFileSync(samples.evaluations, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
}
