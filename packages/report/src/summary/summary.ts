/**
 * The schema of `summary.json` and `ablation.json`, the results of a comparison for reports and other programs. The types are
 * derived from the schema.
 */
import { z } from 'zod';

/** Figures of an evaluation; AP and related figures are in 0..1 as COCO defines them, and `-1` if undefined. */
const evaluated = {
  /** Number of updates. */
  step: z.number(),
  /** Passes over the training images. */
  epoch: z.number(),
  /** Time spent on training, without evaluations. */
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
   * Unweighted terms of the loss in the last decoder layer: `loss_ce`, `loss_bbox` and `loss_giou` for matching queries, and
   * the same with the prefix `tgt_` for known ones.
   */
  losses: z.record(z.string(), z.number()),
  /**
   * IS / (2M): 0 if no query changed its object since the previous evaluation, 1 if every object moved to a query that had
   * none; null at the first evaluation.
   */
  instability: z.number().nullable(),
  /** IS: queries per image whose matched object differs from the previous evaluation. */
  instabilityRaw: z.number().nullable(),
  /** Mean L1 distance of anchors from the boxes that their queries are matched with; null for models without anchors. */
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
  /** Detections per object with a score above 0.5 that repeat an object already found; AP after non-maximum suppression. */
  duplicates: z.object({ perObject: z.number(), APWithNms: z.number() }),
});
/** All figures of the last evaluation. */
export type FinalMetrics = DeepReadonly<z.infer<typeof finalMetrics>>;

const seedRun = z.object({
  seed: z.number(),
  /** The run's folder, relative to the summary. */
  folder: z.string(),
  status: z.enum(['done', 'stopped', 'failed']),
  /** Why the run failed. */
  message: z.string().optional(),
  curve: z
    .array(curvePoint)
    .refine((curve) => curve.every(({ step }, i) => step > (curve[i - 1]?.step ?? -1)), 'expected steps that rise'),
  /** Figures of the last evaluation so far; absent before the first. */
  final: finalMetrics.optional(),
  /** Peak resident memory of the process; 0 if unknown. */
  peakMiB: z.number(),
  /** The run's environment, as an index into the summary's `environments`. */
  environment: z.number(),
  /** Whether AP50 never left the plateau near 0: the curve ends before the model began to detect. */
  onPlateau: z.boolean(),
});
/** A run of one seed, with its curve. */
export type SeedRun = DeepReadonly<z.infer<typeof seedRun>>;

const modelSummary = z.object({
  /** The name used in the command: a model's name with its settings, as in `dn-detr+denoising.groups=0`. */
  name: z.string(),
  /** Settings that not all models of the comparison share, without those that this model does not use. */
  settings: z.record(z.string(), z.unknown()),
  /** Number of values in its weights, trained and frozen. */
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

/** For each model, in the order of `models`, the detections with the highest scores, as many as there are objects. */
export const detectionsOfModels = z.array(z.array(sampleDetection));

/** An image that the runs follow. */
export const sampleImage = z.object({
  name: z.string(),
  /** Width of the upright image in pixels. */
  width: z.number(),
  /** Height of the upright image in pixels. */
  height: z.number(),
  /** Path of a JPEG, relative to the summary. */
  picture: z.string(),
  objects: z.array(sampleBox),
});

const comparedSample = sampleImage.extend({
  /** Detections at each of `steps`. */
  detections: z.array(detectionsOfModels),
});
/** An image that the runs follow, with each model's detections. */
export type ComparedSample = DeepReadonly<z.infer<typeof comparedSample>>;

const comparedSamples = z.object({
  /** About a quarter, a half and the end of the steps that these runs have in common. */
  steps: z.array(z.number()).min(1),
  images: z.array(comparedSample),
});
/** Detections of the first seed of each model. */
export type ComparedSamples = DeepReadonly<z.infer<typeof comparedSamples>>;

const equal = z.enum(['steps', 'seconds']);
/** The quantity that is equal when two models are compared: steps, or seconds of training. */
export type Equal = z.infer<typeof equal>;

const twoModels = { model: z.string(), baseline: z.string() };
const metric = z.enum(['AP', 'AP50']);
const interval = z.object({ low: z.number(), high: z.number(), level: z.number() });
const bound = z.enum(['exact', 'at least', 'at most', 'unknown']);
/** Seeds that only one of two models has, which are left out, and a remark about the comparison. */
const leftOut = { unpaired: z.array(z.number()), note: z.string().optional() };

const comparison = z.object({
  ...twoModels,
  metric,
  at: equal,
  /** Number of steps or seconds at which the models are compared: that of the shortest run. */
  atValue: z.number(),
  /** Number of seeds that both models have. */
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
/** The difference of two models (the model minus the baseline) over the seeds they share: `pairedComparison` of metrics. */
export type Comparison = DeepReadonly<z.infer<typeof comparison>>;

/**
 * Two models that are not compared at equal steps, because their learning rates differ there (the length is in minutes, and the
 * rate depends on the elapsed fraction), or at equal seconds, because they were computed with different backends or numbers of
 * CPU cores.
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
      /** Steps that the model needs to reach it; absent if it never does. */
      steps: z.number().optional(),
      /** Steps of the baseline's complete run. */
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
/** How soon a model reaches the final value of the baseline: `stepsRatio` of metrics. */
export type StepsComparison = DeepReadonly<z.infer<typeof stepsComparison>>;

const ablationHeading = z.object({
  name: z.string(),
  title: z.string(),
  /** The claim that the ablation tests. */
  claim: z.string(),
  /** The source of the claim. */
  source: z.string(),
  /** The quantity that cells' values measure, and each cell's value by its name; absent if cells are not on a scale. */
  scale: z.object({ label: z.string(), values: z.record(z.string(), z.number()) }).optional(),
});
/** Describes an ablation; its cells are the summary's models, and the others are compared with the first. */
export type AblationHeading = DeepReadonly<z.infer<typeof ablationHeading>>;

/** The schema of `summary.json`, whose type is `Summary`. */
export const summarySchema = z.object({
  /** The version of the schema; in version 1, `samples` had a single step. */
  schema: z.literal(2),
  name: z.string(),
  /** The command that continues or repeats the comparison. */
  command: z.string(),
  /** Time of the last update, as ISO 8601. */
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
  /** The distinct pretrained weights of the runs; absent if there were none. */
  pretrained: z
    .array(
      z.object({ name: z.string(), file: z.string(), sha256: z.string(), licence: z.string(), origin: z.string() }),
    )
    .optional(),
  /** The distinct environments of the runs, as `Environment` of train. */
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
  /** The ablation; absent in a comparison of models. */
  ablation: ablationHeading.optional(),
  /** Comparisons of each model with each one before it; in an ablation, of each cell with the first. */
  comparisons: z.array(comparison),
  stepsRatios: z.array(stepsComparison),
  notCompared: z.array(notCompared),
  /** Detections in sample images; absent if a model's first run has none of these images, or different ones. */
  samples: comparedSamples.optional(),
});
/** The contents of `summary.json`. */
export type Summary = DeepReadonly<z.infer<typeof summarySchema>>;

type DeepReadonly<T> = T extends object ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> } : T;
