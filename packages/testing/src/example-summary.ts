/** Summaries to test pages with: curves like those of such models, drawn from a formula. They come from no run. */
import {
  type ComparedSamples,
  type CurvePoint,
  comparisons,
  type FinalMetrics,
  type ModelSummary,
  pairsOf,
  type SeedRun,
  type Summary,
  stepsComparisons,
} from '@dn-detr/report';
import { flatValues, resolveConfig } from '@dn-detr/train';

export interface ExampleOptions {
  /** Seeds of the runs. @defaultValue `[0, 1, 2]` */
  readonly seeds?: readonly number[];
  /** Names of the classes. @defaultValue `['disc', 'square', 'triangle']` */
  readonly classes?: readonly string[];
  /** Number of evaluations per run. @defaultValue 12 */
  readonly evaluations?: number;
  /** Whether the last model's last seed fails halfway. @defaultValue false */
  readonly failure?: boolean;
}

interface Kind {
  readonly name: string;
  /** AP50 far beyond the end of training. */
  readonly top: number;
  /** Step at which the curve leaves the plateau. */
  readonly leaves: number;
  readonly secondsAStep: number;
  readonly anchors: boolean;
  readonly settings: ModelSummary['settings'];
}

const objectiveOf = (name: string) => flatValues(resolveConfig({ model: { name } }, name).objective, 'objective.');

const kinds: readonly Kind[] = [
  {
    name: 'detr',
    top: 0.02,
    leaves: 9000,
    secondsAStep: 0.071,
    anchors: false,
    settings: { 'model.name': 'detr', ...objectiveOf('detr') },
  },
  {
    name: 'dab-detr',
    top: 0.32,
    leaves: 1500,
    secondsAStep: 0.084,
    anchors: true,
    settings: { 'model.name': 'dab-detr', 'model.activation': 'prelu', ...objectiveOf('dab-detr') },
  },
  {
    name: 'dn-detr',
    top: 0.48,
    leaves: 800,
    secondsAStep: 0.113,
    anchors: true,
    settings: {
      ...{ 'model.name': 'dn-detr', 'denoising.groups': 5, 'model.activation': 'prelu' },
      ...objectiveOf('dn-detr'),
    },
  },
];

/** A summary of three models, of which `detr` stays on the plateau. */
export function exampleSummary({
  seeds = [0, 1, 2],
  classes = ['disc', 'square', 'triangle'],
  evaluations = 12,
  failure = false,
}: ExampleOptions = {}): Summary {
  const models = kinds.map((kind, index): ModelSummary => {
    const runs = seeds.map((seed, i) =>
      exampleRun(kind, seed, classes, evaluations, failure && index === kinds.length - 1 && i === seeds.length - 1),
    );
    return { name: kind.name, settings: kind.settings, parameters: 1_234_567 + 1000 * index, runs };
  });
  const pairs = pairsOf({ models });
  return {
    schema: 2,
    name: 'quick',
    command: `npm start -- compare --recipe quick --seeds ${seeds.length} --out runs/quick`,
    updated: '2026-03-04T05:06:07.000Z',
    finished: true,
    recipe: 'quick',
    data: { source: 'shapes', format: 'shapes', classes, train: 1000, val: 200, hash: '9f2c61d0a4b7' },
    settings: {
      'data.canvas.height': 64,
      'data.canvas.width': 64,
      'model.width': 64,
      'model.backbone.channels': [32, 64, 128],
      'optimizer.learningRate': 1e-3,
      'optimizer.clipNorm': 0.1,
      batchSize: 16,
      'data.format': null,
    },
    environments: [
      {
        backend: 'tensorflow 2.21.0',
        node: '20.20.2',
        versions: { '@dn-detr/core': '0.1.0', '@tensorflow/tfjs-core': '4.22.0' },
        commit: 'd8292ff0c1ab+',
        cpus: 2,
      },
    ],
    models,
    comparisons: pairs.flatMap((pair) => (['steps', 'seconds'] as const).flatMap((at) => comparisons(pair, at))),
    stepsRatios: pairs.flatMap(stepsComparisons),
    notCompared: [],
    samples: exampleSamples(models.length),
  };
}

/** The same three models as cells of an ablation, each compared with the first. */
export function exampleAblation({ scale = true }: { readonly scale?: boolean } = {}): Summary {
  const { models, ...summary } = exampleSummary();
  const ofFirst = ({ baseline }: { readonly baseline: string }) => baseline === models[0]?.name;
  const values = Object.fromEntries(models.map(({ name }, i) => [name, 2 * i]));
  return {
    ...summary,
    models,
    ablation: {
      name: 'groups',
      title: 'groups of known queries: 0, 2, 4',
      claim: 'more groups help',
      source: 'a paper',
      ...(scale && { scale: { label: 'groups', values } }),
    },
    comparisons: summary.comparisons.filter(ofFirst),
    stepsRatios: summary.stepsRatios.filter(ofFirst),
  };
}

/** For `notCompared`: all pairs of a summary, at equal seconds. */
export const noTimesCompared = (summary: Summary): Summary['notCompared'] =>
  pairsOf(summary).map(({ model, baseline }) => ({ model: model.name, baseline: baseline.name, at: 'seconds' }));

function exampleRun(
  kind: Kind,
  seed: number,
  classes: readonly string[],
  evaluations: number,
  fails: boolean,
): SeedRun {
  const length = fails ? Math.floor(evaluations / 2) : evaluations;
  const curve = Array.from({ length }, (_, i) => examplePoint(kind, seed, 200 * (i + 1)));
  const last = curve.at(-1);
  const status = fails ? 'failed' : 'done';
  return {
    seed,
    folder: `${kind.name}/seed-${seed}`,
    status,
    ...(fails && { message: 'the loss is not finite from step 1,283 on' }),
    curve,
    ...(last && { final: exampleFinal(last, classes) }),
    peakMiB: 412 + 3 * seed,
    environment: 0,
    onPlateau: kind.leaves > 200 * evaluations,
  };
}

function examplePoint(kind: Kind, seed: number, step: number): CurvePoint {
  const noise = (salt: number) => wave(step * 0.01 + seed * 7.3 + salt + kind.name.length);
  const learnt = 1 / (1 + Math.exp((kind.leaves * (1 + 0.1 * wave(seed)) - step) / 260));
  const AP50 = Math.max(0, 0.02 + 0.006 * noise(1) + kind.top * learnt * (1 + 0.05 * noise(2)));
  const first = step === 200;
  const term = (start: number, salt: number) => start * Math.exp(-step / 3000) * (1 + 0.03 * noise(salt));
  const known = { tgt_loss_ce: term(1.1, 6), tgt_loss_bbox: term(0.5, 7), tgt_loss_giou: term(0.6, 8) };
  const instability = kind.top < 0.1 ? 0.16 + 0.02 * noise(3) : 0.62 - 0.45 * learnt + 0.03 * noise(3);
  return {
    step,
    epoch: step / 62.5,
    seconds: step * kind.secondsAStep * (1 + 0.02 * wave(seed + 0.5)),
    loss: (kind.name === 'dn-detr' ? 24 : 11) * Math.exp(-step / 2600) * (1 + 0.03 * noise(4)),
    losses: {
      ...{ loss_ce: term(1.4, 9), loss_bbox: term(0.9, 10), loss_giou: term(1.2, 11) },
      ...(kind.name === 'dn-detr' && known),
    },
    AP: 0.52 * AP50 ** 1.1,
    AP50,
    AP75: 0.45 * AP50 ** 1.2,
    instability: first ? null : instability,
    instabilityRaw: first ? null : instability * 4.8,
    anchorDistance: kind.anchors ? 0.9 - 0.5 * learnt + 0.02 * noise(5) : null,
  };
}

function exampleFinal(point: CurvePoint, classes: readonly string[]): FinalMetrics {
  const { step, epoch, seconds, AP, AP50, AP75 } = point;
  return {
    step,
    epoch,
    seconds,
    AP,
    AP50,
    AP75,
    APs: -1,
    APm: AP,
    APl: -1,
    AR1: AP * 1.4,
    AR10: AP * 2.1,
    AR100: AP * 2.2,
    // The last class has no objects in the evaluated images.
    perClass: classes.map((name, i) =>
      i === classes.length - 1 && i > 2
        ? { name, AP: -1, AP50: -1 }
        : { name, AP: AP * (1 + 0.2 * wave(i)), AP50: AP50 * (1 + 0.2 * wave(i)) },
    ),
    duplicates: { perObject: 0.02 + AP50 * 0.05, APWithNms: AP * 1.004 },
  };
}

function exampleSamples(models: number): ComparedSamples {
  const boxes = [
    { label: 0, bbox: [8, 20, 30, 26] },
    { label: 1, bbox: [2, 2, 18, 14] },
  ];
  const found = (model: number) =>
    boxes.map(({ label, bbox }, i) => ({
      ...{ label: (label + (model === 0 ? 1 : 0)) % 2, score: 0.9 - 0.3 * i - 0.2 * (models - 1 - model) },
      bbox: bbox.map((value) => value + 3 * (models - 1 - model)),
    }));
  const images = [1, 2].map((n) => ({
    ...{ name: `val-${n}`, width: 64, height: 48, picture: `detr/seed-0/samples/${n}.jpg`, objects: boxes },
    // The last detections are the best.
    detections: [2, 1, 0].map((before) => Array.from({ length: models }, (_, model) => found(model - before))),
  }));
  return { steps: [600, 1200, 2400], images };
}

/** A number in -1..1, irregular enough for a realistic picture. */
const wave = (x: number): number => Math.sin(12.9898 * x + 78.233) * Math.cos(4.1414 * x * x + 1.3);
