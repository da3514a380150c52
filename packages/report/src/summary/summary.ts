/** `summary.json` and `ablation.json`: what a comparison found, in the form that reports and other programs read. */
import type { PairedComparison, StepsRatio } from '@dn-detr/metrics';
import type { DottedValues, Environment, StoredWeights } from '@dn-detr/train';

export type { Environment };

/** What an evaluation gave; AP and its kin in 0..1, as COCO defines them, `-1` where undefined. */
export interface CurvePoint {
  /** updates done */
  readonly step: number;
  /** passes over the training images */
  readonly epoch: number;
  /** spent on training, without evaluations */
  readonly seconds: number;
  /** mean training loss since the evaluation before */
  readonly loss: number;
  /**
   * the loss's terms of the last decoder layer, not weighted: `loss_ce`, `loss_bbox` and `loss_giou` of matching queries,
   * and the same after `tgt_` of known ones
   */
  readonly losses: Readonly<Record<string, number>>;
  readonly AP: number;
  readonly AP50: number;
  readonly AP75: number;
  /**
   * IS / (2M): 0 where no query changed its object since the evaluation before, 1 where every object went to a query that
   * had none; null at the first
   */
  readonly instability: number | null;
  /** IS: queries an image whose matched object differs from the evaluation before */
  readonly instabilityRaw: number | null;
  /** mean L1 distance of anchors from the boxes their queries are matched with; null for models without anchors */
  readonly anchorDistance: number | null;
}

/** The last evaluation in full. */
export interface FinalMetrics
  extends Omit<CurvePoint, 'instability' | 'instabilityRaw' | 'anchorDistance' | 'loss' | 'losses'> {
  readonly APs: number;
  readonly APm: number;
  readonly APl: number;
  readonly AR1: number;
  readonly AR10: number;
  readonly AR100: number;
  readonly perClass: readonly { readonly name: string; readonly AP: number; readonly AP50: number }[];
  /** detections above a score of 0.5 that repeat an object already found, an object; and AP after non-maximum suppression */
  readonly duplicates: { readonly perObject: number; readonly APWithNms: number };
}

export interface SeedRun {
  readonly seed: number;
  /** relative to the summary */
  readonly folder: string;
  readonly status: 'done' | 'stopped' | 'failed';
  /** why it failed */
  readonly message?: string;
  readonly curve: readonly CurvePoint[];
  /** of the last evaluation there is; absent before the first */
  readonly final?: FinalMetrics;
  /** of the process */
  readonly peakMiB: number;
  /** what it was computed with: a place in the summary's `environments` */
  readonly environment: number;
  /** AP50 never left the plateau near 0: the curve ends before the model began to learn to detect */
  readonly onPlateau: boolean;
}

export interface ModelSummary {
  /** as it was asked for: a model's name, with what it changes, as in `dn-detr+denoising.groups=0` */
  readonly name: string;
  /** settings that not all models of the comparison share, but for those that this one makes nothing of */
  readonly settings: DottedValues;
  /** trained and frozen numbers in its weights */
  readonly parameters: number;
  readonly runs: readonly SeedRun[];
}

/** An object, or a detection with its score; `bbox` is x, y, width and height in pixels of the upright image. */
export interface SampleBox {
  readonly label: number;
  readonly bbox: readonly number[];
}

/** An image that the runs follow, and what each model finds in it. */
export interface ComparedSample {
  readonly name: string;
  /** of the upright image, in pixels */
  readonly width: number;
  readonly height: number;
  /** a JPEG, relative to the summary */
  readonly picture: string;
  readonly objects: readonly SampleBox[];
  /** Detections at each of `steps`, of each model in the order of `models`: the surest, as many as there are objects. */
  readonly detections: readonly (readonly (readonly SampleDetection[])[])[];
}

export interface SampleDetection extends SampleBox {
  readonly score: number;
}

/** Of the first seed of each model. */
export interface ComparedSamples {
  /** about a quarter, a half and all of those that these runs have in common */
  readonly steps: readonly number[];
  readonly images: readonly ComparedSample[];
}

/** What is the same where two models are compared: the steps they have done, or the seconds of training they have had. */
export type Equal = 'steps' | 'seconds';

/** A difference of two models (the model less the baseline) over the seeds they share. */
export interface Comparison extends PairedComparison {
  readonly model: string;
  readonly baseline: string;
  readonly metric: 'AP' | 'AP50';
  readonly at: Equal;
  /** after how many of them: as many as the run that was done first has */
  readonly atValue: number;
  readonly mean: { readonly model: number; readonly baseline: number };
}

/**
 * Two models that are not compared at equal steps, since their learning rates differ there (a length in minutes, and a rate
 * that goes by the share of it that is over), or at equal seconds, since they were computed with different backends or
 * numbers of CPU cores.
 */
export interface NotCompared {
  readonly model: string;
  readonly baseline: string;
  readonly at: Equal;
}

/** How soon a model reaches what the baseline ends with. */
export interface StepsComparison extends StepsRatio {
  readonly model: string;
  readonly baseline: string;
  readonly metric: 'AP' | 'AP50';
}

/** What an ablation varies; its cells are the summary's models, the first is what the others are measured against. */
export interface AblationHeading {
  readonly name: string;
  readonly title: string;
  /** what it is to confirm or refute, and where that is claimed */
  readonly claim: string;
  readonly source: string;
  /** what the cells' values are of, and the value of each by its name; absent where cells are no steps on a scale */
  readonly scale?: { readonly label: string; readonly values: Readonly<Record<string, number>> };
}

export interface Summary {
  /** The version of this file's form; in 1, `samples` had a single step. */
  readonly schema: 2;
  readonly name: string;
  /** the command that goes on with it, or repeats it */
  readonly command: string;
  /** ISO 8601 */
  readonly updated: string;
  readonly finished: boolean;
  readonly recipe: string;
  readonly data: {
    readonly source: string;
    readonly format: string;
    readonly classes: readonly string[];
    readonly train: number;
    readonly val: number;
    readonly hash: string;
  };
  /** settings that all models share, by dotted key */
  readonly settings: DottedValues;
  /** the different ones that runs were started from; absent where there was none */
  readonly pretrained?: readonly StoredWeights[];
  /** the different ones that runs were computed with */
  readonly environments: readonly Environment[];
  readonly models: readonly ModelSummary[];
  /** absent where models are compared for their own sake */
  readonly ablation?: AblationHeading;
  /** of each model with each before it; in an ablation of each cell with the first */
  readonly comparisons: readonly Comparison[];
  readonly stepsRatios: readonly StepsComparison[];
  readonly notCompared: readonly NotCompared[];
  /** absent where a model's first run has none of these images, or others than the rest */
  readonly samples?: ComparedSamples;
}
