/**
 * Deformable DETR (Zhu et al., ICLR 2021, https://arxiv.org/abs/2010.04159): plain, with iterative box refinement, and
 * two-stage. Source: fundamentalvision/Deformable-DETR `models/{deformable_detr,deformable_transformer}.py`.
 */
import { sigmoid, split, type Tensor2D } from '@tensorflow/tfjs-core';
import { embedding } from '../nn/embedding.ts';
import { constant, xavierUniform } from '../nn/init.ts';
import { linear } from '../nn/linear.ts';
import { type Module, parametersOf } from '../nn/module.ts';
import { repeatRows } from '../nn/repeat.ts';
import { deformableDecoder } from '../transformer/deformable-decoder.ts';
import {
  type DeformableOptions,
  deformableHeads,
  deformableOutput,
  deformableSizes,
  encodedTokens,
  startAsCopies,
} from './deformable-parts.ts';
import { type Detector, passOf, type TransformerOutput, withBackbone } from './detector.ts';
import { proposedQueries, type QueryStart, type QueryStartInput } from './two-stage.ts';

/** Options of Deformable DETR. */
export interface DeformableDetrOptions extends DeformableOptions {
  /**
   * Whether each layer has separate heads and samples around the box that the previous layer predicts. @defaultValue
   * false
   */
  readonly boxRefinement?: boolean;
  /** Whether queries come from the encoder's best boxes, which requires `boxRefinement`. @defaultValue false */
  readonly twoStage?: boolean;
}

/**
 * Builds Deformable DETR. It has one logit per class; a two-stage model also returns the encoder's predictions at every
 * token as a second set. The defaults are the reference's: feed-forward parts of width 1024 and dropout 0.1.
 */
export function deformableDetr(options: DeformableDetrOptions): Detector<TransformerOutput> {
  const { boxRefinement = false, twoStage = false } = options;
  const sizes = deformableSizes(options, { feedForward: 1024, dropout: 0.1 });
  const { backbone, numClasses, queries, width, decoderLayers, dropout, layer } = sizes;
  if (twoStage && !boxRefinement) throw new RangeError('twoStage needs boxRefinement, which is false');
  const decoderName = 'transformer.decoder';
  const encode = encodedTokens(sizes);
  const heads = deformableHeads({
    width,
    numClasses,
    // The last head of a two-stage model belongs to the encoder.
    count: boxRefinement ? decoderLayers + (twoStage ? 1 : 0) : 1,
    // A head that is used inside the transformer takes its name from there.
    names: {
      classes: twoStage ? `${decoderName}.class_embed` : 'class_embed',
      boxes: boxRefinement ? `${decoderName}.bbox_embed` : 'bbox_embed',
    },
    side: twoStage ? 0 : -2,
  });
  const [classHeads, boxHeads] = [heads.classes.slice(0, decoderLayers), heads.boxes.slice(0, decoderLayers)];
  const start = twoStage
    ? proposedQueries('transformer', {
        width,
        queries,
        classHead: heads.classes[decoderLayers] as Module<Tensor2D, Tensor2D>,
        boxHead: heads.boxes[decoderLayers] as Module<Tensor2D, Tensor2D>,
      })
    : learnedQueries(queries, width);
  const decode = deformableDecoder(decoderName, {
    ...layer,
    layers: decoderLayers,
    refines: boxRefinement,
    boxHeads,
    epsilon: 1e-5,
  });

  return withBackbone(backbone, {
    parameters: startAsCopies(parametersOf(encode, decode, ...classHeads, start)),
    queries,
    layers: decoderLayers,
    numClasses,
    forwardFeatures(tensors, batch, known, forwardOptions = {}) {
      if (known !== undefined) throw new Error('deformableDetr takes no known queries: use dnDeformableDetr');
      const images = batch.levels[0]?.features.shape[0] ?? 0;
      const pass = passOf(images, dropout, forwardOptions);
      const memory = encode.apply(tensors, { batch, pass });
      const { content, positions, references, encoderSet } = start.apply(tensors, { memory, batch: images });
      const decoded = decode.apply(tensors, { content, references, memory, pass, positions: () => positions });
      return deformableOutput(tensors, {
        decoded,
        classHeads,
        memory,
        layers: decoderLayers,
        images,
        known: 0,
        encoderSet,
      });
    },
  });
}

/**
 * Learned queries: the two halves of an embedding are position and content, and a linear layer turns positions into
 * points.
 */
function learnedQueries(queries: number, width: number): Module<QueryStartInput, QueryStart> {
  const group = 'rest';
  const embed = embedding('query_embed', { rows: queries, width: 2 * width, group });
  const init = { weight: xavierUniform, bias: constant(0) };
  const point = linear('transformer.reference_points', { inputs: width, outputs: 2, group, ...init });
  return {
    parameters: parametersOf(embed, point),
    apply: (tensors, { batch }) => {
      const [positions, content] = split(embed.apply(tensors), 2, 1) as [Tensor2D, Tensor2D];
      return {
        content: repeatRows(content, batch),
        positions: repeatRows(positions, batch),
        references: repeatRows(sigmoid(point.apply(tensors, positions)), batch),
      };
    },
  };
}
