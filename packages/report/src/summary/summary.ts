/**
 * `summary.json` and `ablation.json`: what a comparison found, in the form that reports and other programs read. The schema
 * is the form; the types come from it.
 */
import { z } from 'zod';

/** Results of an evaluation; AP and its kin in 0..1, as COCO defines them, `-1` where undefined. */
const evaluated = {
  /** Updates done. */
  step: z.number(),
  /** Passes over the training images. */
  epoch: z.number(),
  /** Seconds spent on training, without evaluations. */
  seconds: z.number(),
  AP: z.number(),
  AP50: z.number(),
  AP75: z.number(),
};

const curvePoint = z.object({
  ...evaluated,
  /** Mean training loss since the previous evaluation. */
  loss: z.number(),
  /**
   * The loss's terms of the last decoder layer, not weighted: `loss_ce`, `loss_bbox` and `loss_giou` of matching
   * queries, and the same after `tgt_` of known ones.
   */
  losses: z.record(z.string(), z.number()),
  /**
   * IS / (2M): 0 where no query changed its object since the evaluation before, 1 where every object went to a query that
   * had none; null at the first
   */
  instability: z.number().nullable(),
  /** IS: queries an image whose matched object differs from the evaluation before */
  instabilityRaw: z.number().nullable(),
  /** Mean L1 distance of anchors from the boxes their queries are matched with; null for models without anchors. */
  anchorDistance: z.number().nullable(),
});
/** The figures of one evaluation. */
export type CurvePoint = DeepReadonly<z.infer<typeof curvePoint>>;

const finalMetrics = z.object({
  ...evaluated,
  APs: z.number(),
  APm: z.number(),
  APl: z.number(),
  AR1: z.number(),
  AR10: z.number(),
  AR100: z.number(),
  perClass: z.array(z.object({ name: z.string(), AP: z.number(), AP50: z.number() })),
  /**
   * Detections with a score above 0.5 that repeat an object already found, per object; and AP after non-maximum
   * suppression.
   */
  duplicates: z.object({ perObject: z.number(), APWithNms: z.number() }),
});
/** The last evaluation in full. */
export type FinalMetrics = DeepReadonly<z.infer<typeof finalMetrics>>;

const seedRun = z.object({
  seed: z.number(),
  /** Folder, relative to the summary. */
  folder: z.string(),
  status: z.enum(['done', 'stopped', 'failed']),
  /** Why it failed. */
  message: z.string().optional(),
  curve: z
    .array(curvePoint)
    .refine((curve) => curve.every(({ step }, i) => step > (curve[i - 1]?.step ?? -1)), 'expected steps that rise'),
  /** Metrics of the last evaluation; absent before the first. */
  final: finalMetrics.optional(),
  /** Peak memory of the process. */
  peakMiB: z.number(),
  /** Index of the run's environment in the summary's `environments`. */
  environment: z.number(),
  /** AP50 never left the plateau near 0: the curve ends before the model began to learn to detect */
  onPlateau: z.boolean(),
});
/** A run of one seed, with its curve. */
export type SeedRun = DeepReadonly<z.infer<typeof seedRun>>;

const modelSummary = z.object({
  /** Name as it was asked for: a model's name with the settings it changes, as in `dn-detr+denoising.groups=0`. */
  name: z.string(),
  /** Settings that not all models of the comparison share, without those that this one does not use. */
  settings: z.record(z.string(), z.unknown()),
  /** Trained and frozen numbers in its weights. */
  parameters: z.number(),
  runs: z.array(seedRun),
});
/** A model with its runs. */
export type ModelSummary = DeepReadonly<z.infer<typeof modelSummary>>;

/** An object; `bbox` is x, y, width and height in pixels of the upright image. */
const sampleBox = z.object({ label: z.int().min(0), bbox: z.array(z.number()).length(4) });
export type SampleBox = DeepReadonly<z.infer<typeof sampleBox>>;

const sampleDetection = sampleBox.extend({ score: z.number() });
export type SampleDetection = DeepReadonly<z.infer<typeof sampleDetection>>;

/** Of each model, in the order of `models`: the surest, as many as there are objects. */
export const detectionsOfModels = z.array(z.array(sampleDetection));

/** An image that the runs follow. */
export const sampleImage = z.object({
  name: z.string(),
  /** Width of the upright image, in pixels. */
  width: z.number(),
  height: z.number(),
  /** A JPEG file, relative to the summary. */
  picture: z.string(),
  objects: z.array(sampleBox),
});

const comparedSample = sampleImage.extend({
  /** Detections at each of `steps`. */
  detections: z.array(detectionsOfModels),
});
/** An image that the runs follow, and what each model finds in it. */
export type ComparedSample = DeepReadonly<z.infer<typeof comparedSample>>;

const comparedSamples = z.object({
  /** About a quarter, a half and all of those that these runs have in common. */
  steps: z.array(z.number()).min(1),
  images: z.array(comparedSample),
});
/** Of the first seed of each model. */
export type ComparedSamples = DeepReadonly<z.infer<typeof comparedSamples>>;

const equal = z.enum(['steps', 'seconds']);
/**
 * The quantity that is equal where two models are compared: the steps they have done, or the seconds of training they
 * have had.
 */
export type Equal = z.infer<typeof equal>;

const twoModels = { model: z.string(), baseline: z.string() };
const metric = z.enum(['AP', 'AP50']);
const interval = z.object({ low: z.number(), high: z.number(), level: z.number() });
const bound = z.enum(['exact', 'at least', 'at most', 'unknown']);
/** Seeds that only one of two models has, which are left out; and what there is to say about the comparison. */
const leftOut = { unpaired: z.array(z.number()), note: z.string().optional() };

const comparison = z.object({
  ...twoModels,
  metric,
  at: equal,
  /** Number of steps or seconds at which models are compared: as many as the run that was done first has. */
  atValue: z.number(),
  /** Number of seeds that both have. */
  n: z.number(),
  differences: z.array(z.object({ seed: z.number(), value: z.number() })),
  meanDifference: z.number(),
  sd: z.number().optional(),
  interval: interval.optional(),
  pValue: z.number().min(0).max(1).optional(),
  claimsDifference: z.boolean(),
  ...leftOut,
  mean: z.object({ model: z.number(), baseline: z.number() }),
});
/** A difference of two models (the model less the baseline) over the seeds they share: `pairedComparison` of metrics. */
export type Comparison = DeepReadonly<z.infer<typeof comparison>>;

/**
 * Two models that are not compared at equal steps, since their learning rates differ there (a length in minutes, and a rate
 * that follows the share of it that has passed), or at equal seconds, since they were computed with different backends or
 * numbers of CPU cores.
 */
const notCompared = z.object({ ...twoModels, at: equal });

const stepsComparison = z.object({
  ...twoModels,
  metric,
  n: z.number(),
  seeds: z.array(
    z.object({
      seed: z.number(),
      /** The value to reach: the baseline's last. */
      target: z.number(),
      /** The model's steps to it; absent if never. */
      steps: z.number().optional(),
      /** Steps of the baseline's whole run. */
      baselineSteps: z.number(),
      ratio: z.number().optional(),
      bound,
      note: z.string().optional(),
    }),
  ),
  ratio: z.number().optional(),
  interval: interval.optional(),
  bound,
  ...leftOut,
});
/** How soon a model reaches what the baseline ends with: `stepsRatio` of metrics. */
export type StepsComparison = DeepReadonly<z.infer<typeof stepsComparison>>;

const ablationHeading = z.object({
  name: z.string(),
  title: z.string(),
  /** Claim that the ablation is to confirm or refute, and where it is made. */
  claim: z.string(),
  source: z.string(),
  /** Quantity of the cells' values, and the value of each by its name; absent where cells are not steps on a scale. */
  scale: z.object({ label: z.string(), values: z.record(z.string(), z.number()) }).optional(),
});
/** Subject of an ablation; its cells are the summary's models, all of which are compared with the first. */
export type AblationHeading = DeepReadonly<z.infer<typeof ablationHeading>>;

/** The form of `summary.json`, of which `Summary` is the type. */
export const summarySchema = z.object({
  /** The version of this file's form; in 1, `samples` had a single step. */
  schema: z.literal(2),
  name: z.string(),
  /** Command that continues the comparison, or repeats it. */
  command: z.string(),
  /** ISO 8601 */
  updated: z.string(),
  finished: z.boolean(),
  recipe: z.string(),
  data: z.object({
    source: z.string(),
    format: z.string(),
    classes: z.array(z.string()),
    train: z.number(),
    val: z.number(),
    hash: z.string(),
  }),
  /** Settings that all models share, by dotted key. */
  settings: z.record(z.string(), z.unknown()),
  /** The different weights that runs were started from; absent where there were none. */
  pretrained: z
    .array(
      z.object({ name: z.string(), file: z.string(), sha256: z.string(), licence: z.string(), origin: z.string() }),
    )
    .optional(),
  /** The different environments that runs were computed in, as `Environment` of train. */
  environments: z.array(
    z.object({
      backend: z.string(),
      node: z.string(),
      versions: z.record(z.string(), z.string()),
      commit: z.string().optional(),
      cpus: z.number(),
      nativeOps: z.array(z.string()).optional(),
      otherNativeOps: z.array(z.array(z.string())).optional(),
    }),
  ),
  models: z.array(modelSummary).min(1),
  /** Absent where models are compared for their own sake. */
  ablation: ablationHeading.optional(),
  /** Comparisons of each model with each before it; in an ablation of each cell with the first. */
  comparisons: z.array(comparison),
  stepsRatios: z.array(stepsComparison),
  notCompared: z.array(notCompared),
  /** Absent where a model's first run has none of these images, or others than the rest. */
  samples: comparedSamples.optional(),
});
/** Contents of `summary.json`. */
export type Summary = DeepReadonly<z.infer<typeof summarySchema>>;

type DeepReadonly<T> = T extends object ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> } : T;
