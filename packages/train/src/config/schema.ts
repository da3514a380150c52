/**
 * The configuration of a run: every setting with its default, which is the paper's where it has one. What stands below
 * `model`, `denoising` and `objective` depends on the model: each has just the settings that it makes use of.
 */
import { type DatasetReader, datasetReaders, defaultMaxPixels } from '@dn-detr/data';
import { z } from 'zod';
import type { Catalog } from '../catalog.ts';
import type { ModelSpec } from '../models/model-spec.ts';
import { denoisingSchema } from './denoising.ts';
import { readerSettings } from './reader-settings.ts';

const count = z.int().min(1);
const rate = z.number().min(0);
const share = z.number().min(0).max(1);

const shapes = z.strictObject({
  train: count.default(1000),
  val: count.default(200),
  /** Seed of the drawing, not of the run: runs of other seeds see the same images. */
  seed: z.int().default(0),
  /** Side of the square images, in pixels. */
  size: count.default(128),
  classes: z
    .array(z.enum(['disc', 'square', 'triangle', 'ring', 'cross', 'star']))
    .min(1)
    .default(['disc', 'square', 'triangle', 'ring', 'cross', 'star']),
  objects: z.strictObject({ least: z.int().min(0).default(1), most: count.default(8) }).prefault({}),
  /** Range of the side of an object. */
  scale: z.strictObject({ least: share.default(0.08), most: share.default(0.45) }).prefault({}),
  rotation: z.boolean().default(true),
  /** Share of an object that later ones leave uncovered at least. */
  visible: share.default(0.4),
  /** Whether there is neither texture nor distractors. */
  plain: z.boolean().default(false),
});

const dataSchema = (readers: readonly DatasetReader[]) =>
  z.strictObject({
    /** `shapes`, or a folder in COCO, YOLO or VOC layout */
    source: z.string().default('shapes'),
    /** Format of a folder. @defaultValue recognised */
    format: z
      .enum(readers.map(({ name }) => name))
      .nullable()
      .default(null),
    /** Share of `train` that becomes the validation split of a folder without one. */
    valFraction: z.number().gt(0).lt(1).default(0.2),
    ...readerSettings(readers),
    /**
     * Bands, counted from 1, that become red, green and blue in files with four or more.
     *
     * @defaultValue the first three
     */
    bands: z
      .tuple([count, count, count], { error: 'expected the numbers of three bands, counted from 1, such as [4,3,2]' })
      .nullable()
      .default(null),
    /** Images with more pixels are left out: an image of 280 megapixels needs 840 MB when it is decoded. */
    maxPixels: count.default(defaultMaxPixels),
    shapes: shapes.prefault({}),
    /**
     * Canvas that images are put on, at the top left; the rest is padding. It has one size, or is as large as a batch
     * needs, or is the smallest of one size on which all images of the data set fit with their longer side resized to
     * `longSide`.
     */
    canvas: z
      .union([
        z.strictObject({ height: count, width: count }),
        z.strictObject({ multipleOf: count }),
        z.strictObject({ longSide: count }),
      ])
      .default({ height: 640, width: 640 }),
    /** Shorter sides that training images are scaled to, one drawn for each; empty to fit them into the canvas. */
    scales: z.array(count).default([]),
    /** Shorter side that images are scaled to for evaluation. */
    evaluationScale: count.nullable().default(null),
    /** Upper limit of the longer side after scaling. */
    maxSize: count.nullable().default(null),
    augmentation: z
      .strictObject({
        /** How often an image is mirrored. */
        flip: share.default(0.5),
        /** Random crops as in DETR: sides from `least` to `most` in an image scaled to one of `scales`. */
        crop: z
          .strictObject({ probability: share, scales: z.array(count).min(1), least: count, most: count })
          .nullable()
          .default(null),
        jitter: z
          .strictObject({
            brightness: rate.default(0),
            contrast: rate.default(0),
            saturation: rate.default(0),
            hue: z.number().min(0).max(0.5).default(0),
          })
          .prefault({}),
      })
      .prefault({}),
    /** Memory for decoded images, in MiB. */
    cacheMiB: z.number().min(0).default(512),
  });

const optimizer = z.strictObject({
  learningRate: rate.default(1e-4),
  backboneLearningRate: rate.default(1e-5),
  /** Learning rates of parameters whose names match a regular expression; of several that match, the first counts. */
  rates: z.array(z.strictObject({ pattern: z.string().min(1), learningRate: rate })).default([]),
  /** AdamW's decays of the mean gradient and of the mean squared gradient */
  betas: z
    .tuple([z.number().min(0).lt(1), z.number().min(0).lt(1)], {
      error: 'expected two numbers from 0 and below 1, such as [0.9,0.999]',
    })
    .default([0.9, 0.999]),
  weightDecay: rate.default(1e-4),
  /** The gradient's norm over all parameters is clipped to this. */
  clipNorm: z.number().gt(0).default(0.1),
  /** Micro-batches of `batchSize` whose gradients make one step. */
  accumulate: count.default(1),
  /** Decay of a moving average of the weights, which is then what is evaluated and kept as best; 0 for none. */
  ema: z.number().min(0).lt(1).default(0),
});

const schedule = z.strictObject({
  kind: z.enum(['step', 'cosine']).default('step'),
  /** Steps over which the learning rate rises from 0. */
  warmUp: z.int().min(0).default(0),
  /** Only for `step`: shares of the run after which the learning rate is divided by 10 */
  drops: z.array(share).default([0.8]),
});

/** Settings that the runs of all models have. */
const commonSettings = (readers: readonly DatasetReader[]) => ({
  data: dataSchema(readers).prefault({}),
  /**
   * What weights start from: `none` for the seed's draws, `pretrained` for weights of the backbone that others have
   * trained, or a checkpoint, as far as it fits the model.
   *
   * @defaultValue `pretrained` for backbones that there are such weights of, set by `resolveSettings`
   */
  init: z
    .union(
      [z.literal(['none', 'pretrained']), z.strictObject({ file: z.string().min(1), hash: z.string().optional() })],
      { error: 'expected none, pretrained, or the file of a checkpoint, such as {"file":"weights.safetensors"}' },
    )
    .default('none'),
  optimizer: optimizer.prefault({}),
  schedule: schedule.prefault({}),
  /**
   * Features by a frozen backbone that sees images the same in all epochs: they are computed once for each flip, and
   * steps begin at them. With 0 and false nothing is kept, and all steps begin at the images.
   */
  features: z
    .strictObject({
      /** Memory for features, at most. */
      memoryMiB: z.number().min(0).default(1024),
      /**
       * Whether features are kept in the user's cache folder too, for later runs and for other runs of a comparison.
       */
      disk: z.boolean().default(false),
    })
    .prefault({}),
  /** Images of one micro-batch. */
  batchSize: count.default(16),
  length: z
    .strictObject({
      unit: z.enum(['steps', 'epochs', 'minutes']).default('epochs'),
      count: z.number().gt(0).default(50),
    })
    .refine(({ unit, count }) => unit !== 'steps' || Number.isInteger(count), {
      path: ['count'],
      message: 'expected a whole number of steps; epochs and minutes may be fractions',
    })
    .prefault({}),
  /** Seed of the initial weights, the order of the data, augmentation and noise. */
  seed: z.int().min(0).default(0),
  evaluation: z
    .strictObject({
      /** Steps between evaluations; there is one after the last step too. */
      every: count.default(1000),
      /** How many images of the validation split are evaluated, its first ones; 0 for all. */
      images: z.int().min(0).default(0),
    })
    .prefault({}),
  checkpoint: z.strictObject({ every: count.default(500) }).prefault({}),
  /** Trains and evaluates on this many of the first training images, without augmentation; 0 for an ordinary run. */
  overfit: z.int().min(0).default(0),
  /** Threads of a single op on native TensorFlow; 1 is faster for small models, 0 takes all cores. */
  threadsPerOp: z.int().min(0).default(0),
  /** Settings that have an effect only where TensorFlow runs on an NVIDIA GPU. */
  gpu: z
    .strictObject({
      /**
       * Whether products and convolutions of float32 may round what they multiply to TF32, which has 10 bits of mantissa in
       * place of 23: several times as fast on GPUs that have it. @defaultValue false
       */
      tf32: z.boolean().default(false),
      /** Whether the same run gives the same bits twice. Steps are slower. @defaultValue false */
      deterministic: z.boolean().default(false),
    })
    .prefault({}),
});

/** The schema of the runs of one model. */
export function runSchema(spec: ModelSpec, { backbones, readers }: Catalog) {
  const kinds = backbones.map(({ kind, settings }) => z.strictObject({ kind: z.literal(kind), ...settings.shape }));
  const [first, ...others] = kinds as [(typeof kinds)[number], ...typeof kinds];
  const model = z.strictObject({
    name: z.literal(spec.name),
    backbone: z
      .discriminatedUnion('kind', [first, ...others], {
        error: ({ code }) =>
          code === 'invalid_union' ? `expected ${backbones.map(({ kind }) => `"${kind}"`).join(' or ')}` : undefined,
      })
      .prefault({ kind: 'resnet' }),
    ...spec.settings.shape,
  });
  return z.strictObject({
    model: model.prefault({ name: spec.name }),
    ...(spec.denoising && { denoising: denoisingSchema(spec.denoising, spec.denoisingDefaults).prefault({}) }),
    objective: spec.objective.settings.prefault({}),
    ...commonSettings(readers),
  });
}

const commonSchema = z.strictObject(commonSettings(datasetReaders));

/** Settings of one model, and how its backbone is built. */
export interface ModelSettings {
  readonly name: string;
  readonly backbone: { readonly kind: string; readonly [setting: string]: unknown };
  readonly [setting: string]: unknown;
}

/** A configuration with nothing left open. */
export interface RunConfig extends z.output<typeof commonSchema> {
  readonly model: ModelSettings;
  /** Denoising queries (*known queries* in the code); absent for models that take none. */
  readonly denoising?: z.output<ReturnType<typeof denoisingSchema>>;
  readonly objective: Readonly<Record<string, unknown>>;
}

/**
 * Settings of a recipe; everything left out has its default. It may state settings of several models, so that one
 * recipe serves to compare them: a run takes its own.
 */
export interface RunOverrides extends z.input<typeof commonSchema> {
  /** Settings of the data, with the options of custom readers, which have no types here. */
  readonly data?: z.input<typeof commonSchema>['data'] & Readonly<Record<string, unknown>>;
  readonly model?: { readonly name?: string; readonly backbone?: ModelSettings['backbone'] } & Readonly<
    Record<string, unknown>
  >;
  readonly denoising?: z.input<ReturnType<typeof denoisingSchema>>;
  readonly objective?: Readonly<Record<string, unknown>>;
}
