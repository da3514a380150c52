/** The interface of all detection transformers here: parameters, and a forward pass from images to predictions. */
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
  /** Q, number of matching queries */
  readonly queries: number;
  /** Width d of the transformer. @defaultValue 256 */
  readonly width?: number;
  /** Number of heads. @defaultValue 8 */
  readonly heads?: number;
  /** Width of the feed-forward parts' hidden layer. @defaultValue 2048 */
  readonly feedForward?: number;
  /** Number of encoder layers. @defaultValue 6 */
  readonly encoderLayers?: number;
  /** Number of decoder layers. @defaultValue 6 */
  readonly decoderLayers?: number;
}

/** The same of models that take one level of the backbone's features. */
export interface SingleLevelOptions extends DetectorOptions {
  /** Stride of that level. @defaultValue the last */
  readonly level?: number | undefined;
}

/** A batch of B images, padded to one size. */
// Types, not interfaces, where captured functions take them: only types count as tensor containers.
export type ImageBatch = {
  /** `[B, H, W, 3]` */
  readonly images: Tensor4D;
  /** `[B, H, W]`, 1 where padded; left out where nothing is */
  readonly padding?: Tensor3D | undefined;
};

/** One level of a batch's features. */
export type FeatureMap = {
  /** `[B, h, w, C]` */
  readonly features: Tensor4D;
  /** `[B, h, w]`, 1 where padded; left out where nothing is */
  readonly padding?: Tensor3D | undefined;
};

/** A batch as the backbone sees it, one map for each of its levels, the finest first. */
export type FeatureBatch = {
  readonly levels: FeatureMap[];
  /** The padding of the images, `[B, H, W]`, for levels that a model adds; left out where nothing is padded. */
  readonly padding?: Tensor3D | undefined;
};

/** K known queries for each image, which come before the Q matching ones: T = K + Q. */
export type KnownInputs = {
  /** Class that each one is given, int32 `[B, K]`; -1 where it is padding. */
  readonly labels: Tensor2D;
  /** Box that each one is given, cxcywh before the sigmoid, `[B, K, 4]`; 0 where it is padding. */
  readonly anchors: Tensor3D;
  /** `[T, T]`, 1 where the query of the row may not see that of the column; left out where all are seen */
  readonly groupMask?: Tensor2D | undefined;
  /** `[B, T]`, 1 where a query is padding and is seen by none; left out where padding is seen */
  readonly keyPadding?: Tensor2D | undefined;
};

/** One pass through a model. */
export interface ForwardOptions {
  /** Dropout's random numbers while training; none at inference. */
  readonly dropout?: Dropout['source'] | undefined;
  /** Observer of a pass, as in `Pass`. */
  readonly observe?: Pass['observe'];
  /** Observer of a pass, as in `Pass`. */
  readonly observeSampling?: Pass['observeSampling'];
}

/** A pass of `batch` images through a model that drops at this rate where there are random numbers to. */
export function passOf(batch: number, rate: number, { dropout: source, ...observers }: ForwardOptions): Pass {
  const dropout = source && rate > 0 ? { rate, source } : undefined;
  return { batch, dropout, ...observers };
}

/** Output of a model for a batch: its predictions, those of the last layer last, and their origin. */
export type DetectorOutput = {
  /** The decoder's predictions first; two-stage models add those of their encoder. */
  readonly sets: [decoder: PredictionSet, ...others: PredictionSet[]];
  /** Where queries are boxes from the first layer on: those that entered each layer, cxcywh in 0..1, `[L, B, T, 4]`. */
  readonly anchors?: Tensor4D;
};

/** Further outputs of the models of this package. */
export type TransformerOutput = DetectorOutput & {
  /** The encoder's output, `[B*N, d]`. */
  readonly memory: Tensor2D;
  /** The decoder's outputs as the heads read them, `[L*B*T, d]`. */
  readonly hidden: Tensor2D;
};

/** A detection transformer: its parameters, its sizes and its forward pass. */
export interface Detector<Output extends DetectorOutput = DetectorOutput> {
  /** The backbone whose features `forwardFeatures` is given, with only the levels that the model takes. */
  readonly backbone: Backbone;
  /** All parameters; those of group `frozen` are not trained. */
  readonly parameters: readonly ParameterDeclaration[];
  /** Q, number of matching queries, those of all patterns together */
  readonly queries: number;
  /** L, number of decoder layers */
  readonly layers: number;
  /** Number of real classes; `Predictions` may have a logit more. */
  readonly numClasses: number;
  /**
   * Images to predictions, without reading a value, drawing a number or keeping state: it can stand in a captured step.
   *
   * @param tensors every declared parameter by its name
   * @param known known queries while training; a model without denoising refuses them
   */
  forward(tensors: NamedTensors, batch: ImageBatch, known?: KnownInputs, options?: ForwardOptions): Output;
  /** The same from the backbone's features. @throws RangeError if the model takes another number of levels */
  forwardFeatures(tensors: NamedTensors, batch: FeatureBatch, known?: KnownInputs, options?: ForwardOptions): Output;
}

/** A model that begins with a backbone: `forward` is made of `forwardFeatures`. */
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

/** Declarations of what is trained and of what is not, each for a separate `ParameterLayout`. */
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
 * @param sizes by name: whole numbers from 1, `encoderLayers` from 0
 * @throws RangeError naming the option that no model can be built with
 */
export function checkSizes(
  { width, heads, ...sizes }: Readonly<Record<string, number>> & { readonly width: number; readonly heads: number },
  { activation, dropout }: { readonly activation: string; readonly dropout: number },
): void {
  for (const [name, size] of Object.entries({ ...sizes, width, heads })) {
    // Without an encoder the decoder sees the projected features.
    const least = name === 'encoderLayers' ? 0 : 1;
    if (Number.isSafeInteger(size) && size >= least) continue;
    throw new RangeError(`${name} is ${size}: expected a whole number from ${least}`);
  }
  // Half of the sine encoding is for y, half for x, and each of these has sines and cosines in pairs.
  if (width % 4 !== 0 || width % heads !== 0) {
    throw new RangeError(`width is ${width} with ${heads} heads: expected a multiple of 4 and of the heads`);
  }
  if (!['relu', 'prelu'].includes(activation)) {
    throw new RangeError(`activation is '${activation}': expected 'relu' or 'prelu'`);
  }
  if (!(dropout >= 0 && dropout < 1)) throw new RangeError(`dropout is ${dropout}: expected at least 0 and below 1`);
}
