/**
 * The configuration of a run: every setting with its default, which is the paper's where the paper has one. The
 * settings below `model`, `denoising` and `objective` depend on the model: each model has only those that it uses.
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
  /** Number of training images. @defaultValue 1000 */
  train: count.default(1000),
  /** Number of validation images. @defaultValue 200 */
  val: count.default(200),
  /** Seed of the drawing. It is not the run's seed, so runs with other seeds see the same images. @defaultValue 0 */
  seed: z.int().default(0),
  /** Side of the square images, in pixels. @defaultValue 128 */
  size: count.default(128),
  /** Shapes to draw; each is a class. @defaultValue all six */
  classes: z
    .array(z.enum(['disc', 'square', 'triangle', 'ring', 'cross', 'star']))
    .min(1)
    .default(['disc', 'square', 'triangle', 'ring', 'cross', 'star']),
  /** Number of objects in an image. @defaultValue 1 to 8 */
  objects: z.strictObject({ least: z.int().min(0).default(1), most: count.default(8) }).prefault({}),
  /** Size of an object as a fraction of the image's side. @defaultValue 0.08 to 0.45 */
  scale: z.strictObject({ least: share.default(0.08), most: share.default(0.45) }).prefault({}),
  /** Whether shapes are rotated. @defaultValue true */
  rotation: z.boolean().default(true),
  /** Smallest fraction of an object that the objects in front of it must leave visible. @defaultValue 0.4 */
  visible: share.default(0.4),
  /** Leaves out texture and distractors. @defaultValue false */
  plain: z.boolean().default(false),
});

const dataSchema = (readers: readonly DatasetReader[]) =>
  z.strictObject({
    /** `shapes` for drawn images, or the path of a folder in COCO, YOLO or VOC layout. @defaultValue `shapes` */
    source: z.string().default('shapes'),
    /** Layout of the folder; null to recognise it. @defaultValue null */
    format: z
      .enum(readers.map(({ name }) => name))
      .nullable()
      .default(null),
    /** Fraction of the training images that becomes the validation split where a folder has none. @defaultValue 0.2 */
    valFraction: z.number().gt(0).lt(1).default(0.2),
    ...readerSettings(readers),
    /**
     * The bands, counted from 1, that become red, green and blue in files with four or more bands; null for the first
     * three.
     *
     * @defaultValue null
     */
    bands: z
      .tuple([count, count, count], { error: 'expected the numbers of three bands, counted from 1, such as [4,3,2]' })
      .nullable()
      .default(null),
    /**
     * Largest number of pixels in an image; larger images are left out, since an image of 280 megapixels needs 840 MB
     * when it is decoded.
     *
     * @defaultValue 16383²
     */
    maxPixels: count.default(defaultMaxPixels),
    /** How images are drawn where `source` is `shapes`. */
    shapes: shapes.prefault({}),
    /**
     * The canvas on which an image is placed, at the top left; the rest is padding. It has one fixed size, or is as
     * large as each batch needs, or is the smallest one on which every image of the data set fits with its longer side
     * resized to `longSide`.
     *
     * @defaultValue 640 × 640
     */
    canvas: z
      .union([
        z.strictObject({ height: count, width: count }),
        z.strictObject({ multipleOf: count }),
        z.strictObject({ longSide: count }),
      ])
      .default({ height: 640, width: 640 }),
    /**
     * Lengths of the shorter side to which training images are scaled, one drawn for each image; if empty, images are
     * fitted into the canvas.
     *
     * @defaultValue []
     */
    scales: z.array(count).default([]),
    /**
     * Length of the shorter side to which images are scaled for evaluation; null fits them into the canvas.
     *
     * @defaultValue null
     */
    evaluationScale: count.nullable().default(null),
    /** Largest length of the longer side after scaling; null for no limit. @defaultValue null */
    maxSize: count.nullable().default(null),
    augmentation: z
      .strictObject({
        /** Probability that an image is mirrored. @defaultValue 0.5 */
        flip: share.default(0.5),
        /**
         * Random crops as in DETR: an image is scaled to one of `scales` and a piece with sides from `least` to `most`
         * cut from it; null for none.
         *
         * @defaultValue null
         */
        crop: z
          .strictObject({ probability: share, scales: z.array(count).min(1), least: count, most: count })
          .nullable()
          .default(null),
        /** Random changes of colour; 0 for none. @defaultValue 0 for each */
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
    /** Memory for decoded images, in MiB. @defaultValue 512 */
    cacheMiB: z.number().min(0).default(512),
  });

const optimizer = z.strictObject({
  /** Learning rate of all parameters outside the backbone. @defaultValue 1e-4 */
  learningRate: rate.default(1e-4),
  /** Learning rate of the backbone. @defaultValue 1e-5 */
  backboneLearningRate: rate.default(1e-5),
  /**
   * Learning rates of the parameters whose names match a regular expression; the first pattern that matches applies.
   *
   * @defaultValue []
   */
  rates: z.array(z.strictObject({ pattern: z.string().min(1), learningRate: rate })).default([]),
  /** Decay rates of AdamW's running means of the gradient and of the squared gradient. @defaultValue [0.9, 0.999] */
  betas: z
    .tuple([z.number().min(0).lt(1), z.number().min(0).lt(1)], {
      error: 'expected two numbers from 0 and below 1, such as [0.9,0.999]',
    })
    .default([0.9, 0.999]),
  /** AdamW's weight decay. @defaultValue 1e-4 */
  weightDecay: rate.default(1e-4),
  /** Largest norm of the gradient over all parameters; larger gradients are scaled down to it. @defaultValue 0.1 */
  clipNorm: z.number().gt(0).default(0.1),
  /** Number of micro-batches of `batchSize` whose gradients make one step. @defaultValue 1 */
  accumulate: count.default(1),
  /**
   * Decay of a moving average of the weights, which is then evaluated and kept as best; 0 for no average.
   *
   * @defaultValue 0
   */
  ema: z.number().min(0).lt(1).default(0),
});

const schedule = z.strictObject({
  /**
   * `step` divides the learning rate by 10 at each of `drops`; `cosine` lowers it to 0 over the run.
   *
   * @defaultValue `step`
   */
  kind: z.enum(['step', 'cosine']).default('step'),
  /** Number of steps over which the learning rate rises from 0. @defaultValue 0 */
  warmUp: z.int().min(0).default(0),
  /** Fractions of the run after which the learning rate is divided by 10; for `step` only. @defaultValue [0.8] */
  drops: z.array(share).default([0.8]),
});

/** Settings that runs of all models have. */
const commonSettings = (readers: readonly DatasetReader[]) => ({
  data: dataSchema(readers).prefault({}),
  /**
   * What the weights start from: `none` for random values drawn with the seed; `pretrained` for published weights of
   * the backbone; or a checkpoint, as far as it fits the model. Where it is not given, `resolveSettings` sets it to
   * `pretrained` if there are such weights for the backbone.
   *
   * @defaultValue `none`
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
   * Features of images from a frozen backbone that sees each image the same way in all epochs: they are computed once
   * for each flip, and steps start from them. With 0 and false nothing is kept, and every step starts from the images.
   */
  features: z
    .strictObject({
      /** Largest amount of memory for features, in MiB. @defaultValue 1024 */
      memoryMiB: z.number().min(0).default(1024),
      /**
       * Whether features are also kept in the user's cache folder, for later runs and for the other runs of a
       * comparison.
       *
       * @defaultValue false
       */
      disk: z.boolean().default(false),
    })
    .prefault({}),
  /** Number of images in a micro-batch. @defaultValue 16 */
  batchSize: count.default(16),
  /** Length of the run. @defaultValue 50 epochs */
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
  /** Seed of the initial weights, the order of the data, augmentation and noise. @defaultValue 0 */
  seed: z.int().min(0).default(0),
  evaluation: z
    .strictObject({
      /** Number of steps between evaluations; another evaluation follows the last step. @defaultValue 1000 */
      every: count.default(1000),
      /** Number of validation images to evaluate, the first ones of the split; 0 for all. @defaultValue 0 */
      images: z.int().min(0).default(0),
    })
    .prefault({}),
  /** Number of steps between checkpoints. @defaultValue 500 */
  checkpoint: z.strictObject({ every: count.default(500) }).prefault({}),
  /**
   * Number of training images on which the run both trains and evaluates, without augmentation, to check that it can
   * overfit them; 0 for an ordinary run.
   *
   * @defaultValue 0
   */
  overfit: z.int().min(0).default(0),
  /**
   * Number of threads for a single op on native TensorFlow. 1 is faster for small models; 0 uses all cores.
   *
   * @defaultValue 0
   */
  threadsPerOp: z.int().min(0).default(0),
  /** Settings that have an effect only where TensorFlow runs on an NVIDIA GPU. */
  gpu: z
    .strictObject({
      /**
       * Whether matrix products and convolutions of float32 may round their operands to TF32, which has 10 bits of
       * mantissa instead of 23: several times as fast on GPUs that support it.
       *
       * @defaultValue false
       */
      tf32: z.boolean().default(false),
      /** Whether repeating a run gives the same bits. Steps are slower. @defaultValue false */
      deterministic: z.boolean().default(false),
    })
    .prefault({}),
});

/** The schema of a run of one model. */
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

/** Settings of one model, including its backbone's. */
export interface ModelSettings {
  readonly name: string;
  readonly backbone: { readonly kind: string; readonly [setting: string]: unknown };
  readonly [setting: string]: unknown;
}

/** A complete configuration: every setting has a value. */
export interface RunConfig extends z.output<typeof commonSchema> {
  readonly model: ModelSettings;
  /** Settings of denoising queries (*known queries* in the code); absent for models that take none. */
  readonly denoising?: z.output<ReturnType<typeof denoisingSchema>>;
  readonly objective: Readonly<Record<string, unknown>>;
}

/**
 * The settings that a recipe states; all others have their defaults. It may state settings of several models, so that
 * one recipe serves to compare them: each run takes those of its own model.
 */
export interface RunOverrides extends z.input<typeof commonSchema> {
  /** May have the options of custom readers, which have no types here. */
  readonly data?: z.input<typeof commonSchema>['data'] & Readonly<Record<string, unknown>>;
  readonly model?: { readonly name?: string; readonly backbone?: ModelSettings['backbone'] } & Readonly<
    Record<string, unknown>
  >;
  readonly denoising?: z.input<ReturnType<typeof denoisingSchema>>;
  readonly objective?: Readonly<Record<string, unknown>>;
}
