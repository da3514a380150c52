/** The interface shared by all models: parameters, and a forward pass from images to predictions. */
import type { Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';
import { type Backbone, resizeMask } from '../backbone/backbone.ts';
import type { PredictionSet } from '../loss/predictions.ts';
import type { Dropout } from '../nn/dropout.ts';
import type { ParameterDeclaration } from '../nn/init.ts';
import type { NamedTensors } from '../nn/named.ts';
import type { Pass } from '../nn/pass.ts';

/** Sizes and options that all models have. */
export interface DetectorOptions {
  readonly backbone: Backbone;
  /** Number of real classes. */
  readonly numClasses: number;
  /** Q, number of matching queries. */
  readonly queries: number;
  /** d, width of the transformer. @defaultValue 256 */
  readonly width?: number;
  /** Number of attention heads. @defaultValue 8 */
  readonly heads?: number;
  /**
   * Width of the hidden layer in feed-forward parts. The default depends on the model: 2048, or 1024 for
   * `deformableDetr`.
   */
  readonly feedForward?: number;
  /** Number of encoder layers. @defaultValue 6 */
  readonly encoderLayers?: number;
  /** Number of decoder layers. @defaultValue 6 */
  readonly decoderLayers?: number;
}

/** Sizes and options of models that take one level of the backbone's features. */
export interface SingleLevelOptions extends DetectorOptions {
  /** Stride of the level to take. @defaultValue that of the last level */
  readonly level?: number | undefined;
}

/** A batch of B images, padded to one size. */
// Types, not interfaces, where captured functions take them: only types count as tensor containers.
export type ImageBatch = {
  /** Images `[B, H, W, 3]`. */
  readonly images: Tensor4D;
  /** `[B, H, W]`: 1 where padded. Left out if nothing is padded. */
  readonly padding?: Tensor3D | undefined;
};

/** One level of a batch's features. */
export type FeatureMap = {
  /** Features `[B, h, w, C]`. */
  readonly features: Tensor4D;
  /** `[B, h, w]`: 1 where padded. Left out if nothing is padded. */
  readonly padding?: Tensor3D | undefined;
};

/** The backbone's features of a batch: one map per level, the finest first. */
export type FeatureBatch = {
  readonly levels: FeatureMap[];
  /** Padding of the images, `[B, H, W]`, for levels that a model adds. Left out if nothing is padded. */
  readonly padding?: Tensor3D | undefined;
};

/** K known queries (denoising queries) for each image, which precede the Q matching ones: T = K + Q. */
export type KnownInputs = {
  /** The noised label of each query, int32 `[B, K]`; -1 for padding. */
  readonly labels: Tensor2D;
  /** The noised box of each query, cxcywh before the sigmoid, `[B, K, 4]`; 0 for padding. */
  readonly anchors: Tensor3D;
  /** `[T, T]`: 1 where the row's query may not see the column's. Left out if every query sees all others. */
  readonly groupMask?: Tensor2D | undefined;
  /** `[B, T]`: 1 where a query is padding and therefore hidden from all others. Left out if padding may be seen. */
  readonly keyPadding?: Tensor2D | undefined;
};

/** Options of one forward pass. */
export interface ForwardOptions {
  /** Random numbers for dropout while training; left out at inference. */
  readonly dropout?: Dropout['source'] | undefined;
  /** Observer of attention weights, as in `Pass`. */
  readonly observe?: Pass['observe'];
  /** Observer of the samples of deformable attention, as in `Pass`. */
  readonly observeSampling?: Pass['observeSampling'];
}

/**
 * Makes the `Pass` of `batch` images. Dropout is active if its rate is above 0 and there is a source of random numbers.
 */
export function passOf(batch: number, rate: number, { dropout: source, ...observers }: ForwardOptions): Pass {
  const dropout = source && rate > 0 ? { rate, source } : undefined;
  return { batch, dropout, ...observers };
}

/** The output of a model for a batch: its predictions, with the last layer last, and their anchors. */
export type DetectorOutput = {
  /** The prediction sets: the decoder's first, followed by the encoder's in two-stage models. */
  readonly sets: [decoder: PredictionSet, ...others: PredictionSet[]];
  /**
   * The anchors that entered each layer, cxcywh in 0..1, `[L, B, T, 4]`, if queries are boxes from the first layer on.
   */
  readonly anchors?: Tensor4D;
};

/** The output of this package's models, with the features of encoder and decoder. */
export type TransformerOutput = DetectorOutput & {
  /** The encoder's output, `[B*N, d]`. */
  readonly memory: Tensor2D;
  /** The decoder's outputs as the heads read them, `[L*B*T, d]`. */
  readonly hidden: Tensor2D;
};

/** A detection transformer: its parameters, its sizes and its forward pass. */
export interface Detector<Output extends DetectorOutput = DetectorOutput> {
  /** The backbone whose features `forwardFeatures` takes, with only the levels that the model uses. */
  readonly backbone: Backbone;
  /** All parameters; those of group `frozen` are not trained. */
  readonly parameters: readonly ParameterDeclaration[];
  /** Q, number of matching queries, including those of all patterns. */
  readonly queries: number;
  /** L, number of decoder layers. */
  readonly layers: number;
  /** Number of real classes; `Predictions` may have one more logit. */
  readonly numClasses: number;
  /**
   * Predicts from images, without reading a value, drawing a number or keeping state, so it can be part of a captured
   * step.
   *
   * @param tensors every declared parameter by its name
   * @param known known queries while training; a model without denoising rejects them
   */
  forward(tensors: NamedTensors, batch: ImageBatch, known?: KnownInputs, options?: ForwardOptions): Output;
  /**
   * Predicts from the backbone's features.
   *
   * @throws RangeError if the model takes another number of levels
   */
  forwardFeatures(tensors: NamedTensors, batch: FeatureBatch, known?: KnownInputs, options?: ForwardOptions): Output;
}

/** Adds a backbone to a model, deriving `forward` from its `forwardFeatures`. */
export function withBackbone<Output extends DetectorOutput>(
  backbone: Backbone,
  rest: Omit<Detector<Output>, 'backbone' | 'forward'>,
): Detector<Output> {
  return {
    ...rest,
    backbone,
    parameters: [...backbone.parameters, ...rest.parameters],
    forward(tensors, { images, padding }, known, options) {
      const expected = images.shape.slice(0, 3);
      if (padding !== undefined && `${padding.shape}` !== `${expected}`) {
        throw new Error(`the padding is [${padding.shape}], expected [${expected}] like the images [${images.shape}]`);
      }
      const levels = backbone.forward(tensors, images).map((features) => {
        const [, height, width] = features.shape;
        return { features, padding: padding && resizeMask(padding, [height, width]) };
      });
      return rest.forwardFeatures(tensors, { levels, padding }, known, options);
    },
  };
}

/** Splits declarations into trained and frozen parameters, each for a separate `ParameterLayout`. */
export function splitFrozen(parameters: readonly ParameterDeclaration[]): {
  readonly trained: readonly ParameterDeclaration[];
  readonly frozen: readonly ParameterDeclaration[];
} {
  const isFrozen = ({ group }: ParameterDeclaration): boolean => group === 'frozen';
  return {
    trained: parameters.filter((parameter) => !isFrozen(parameter)),
    frozen: parameters.filter(isFrozen),
  };
}

/**
 * Checks the sizes and options that models share.
 *
 * @param sizes sizes by name: integers of at least 1, or 0 for `encoderLayers`
 * @throws RangeError naming the option that no model can be built with
 */
export function checkSizes(
  { width, heads, ...sizes }: Readonly<Record<string, number>> & { readonly width: number; readonly heads: number },
  { activation, dropout }: { readonly activation: string; readonly dropout: number },
): void {
  for (const [name, size] of Object.entries({ ...sizes, width, heads })) {
    // Without an encoder, the decoder sees the projected features.
    const least = name === 'encoderLayers' ? 0 : 1;
    if (Number.isSafeInteger(size) && size >= least) continue;
    throw new RangeError(`${name} is ${size}: expected a whole number from ${least}`);
  }
  // Half of the sine encoding is for y and half for x, and each half consists of pairs of a sine and a cosine.
  if (width % 4 !== 0 || width % heads !== 0) {
    throw new RangeError(`width is ${width} with ${heads} heads: expected a multiple of 4 and of the heads`);
  }
  if (!['relu', 'prelu'].includes(activation)) {
    throw new RangeError(`activation is '${activation}': expected 'relu' or 'prelu'`);
  }
  if (!(dropout >= 0 && dropout < 1)) throw new RangeError(`dropout is ${dropout}: expected at least 0 and below 1`);
}
