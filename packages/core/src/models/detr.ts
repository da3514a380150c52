/**
 * DETR (Carion et al., ECCV 2020), and DETR with denoising (DN-DETR, section 5.3, "DN-DETR-vanilla"). Source:
 * facebookresearch/detr `models/detr.py`.
 */
import { type Rank, reshape, sigmoid, type Tensor2D, zeros } from '@tensorflow/tfjs-core';
import { onlyLevel, singleLevel } from '../backbone/backbone.ts';
import { embedding } from '../nn/embedding.ts';
import { linear } from '../nn/linear.ts';
import { mlp } from '../nn/mlp.ts';
import { type Module, parametersOf } from '../nn/module.ts';
import { repeatRows } from '../nn/repeat.ts';
import { boxSineEmbedding } from '../position.ts';
import { decoder } from '../transformer/decoder.ts';
import { encoder } from '../transformer/encoder.ts';
import { type LayerOptions, transformerMlp } from '../transformer/layer.ts';
import {
  checkSizes,
  type Detector,
  type KnownInputs,
  passOf,
  type SingleLevelOptions,
  type TransformerOutput,
  withBackbone,
} from './detector.ts';
import { labelEmbedding } from './label-embedding.ts';
import { byLayer, joinQueries, queryMask } from './queries.ts';
import { featureTokens } from './tokens.ts';

/** Options of DETR. */
export interface DetrOptions extends SingleLevelOptions {
  /** Whether to normalise before each part of a layer instead of after it. @defaultValue false */
  readonly preNorm?: boolean;
  /** Dropout rate of the transformer. @defaultValue 0.1 */
  readonly dropout?: number;
}

/** Builds DETR. Its class head has one more output than there are classes; the last one is "no object". */
export function detr(options: DetrOptions): Detector<TransformerOutput> {
  return build(options, false);
}

/**
 * Builds DETR with denoising. A known query's content is the embedding of its label and the indicator, as in DN-DETR,
 * and its position is an embedding of its box. Matching queries are those of `detr`; without known queries the two
 * models are the same.
 */
export function dnDetrVanilla(options: DetrOptions): Detector<TransformerOutput> {
  return build(options, true);
}

function build(options: DetrOptions, denoising: boolean): Detector<TransformerOutput> {
  const { numClasses, queries, encoderLayers = 6, decoderLayers = 6, dropout = 0.1 } = options;
  const { width = 256, heads = 8, feedForward = 2048, preNorm = false } = options;
  checkSizes(
    { numClasses, queries, width, heads, feedForward, encoderLayers, decoderLayers },
    { activation: 'relu', dropout },
  );
  const layer: LayerOptions = { width, heads, feedForward, activation: 'relu', preNorm };
  const group = 'rest';
  const backbone = singleLevel(options.backbone, options.level);
  const name = denoising ? 'dnDetrVanilla' : 'detr';
  const embed = featureTokens(backbone.levels[0].channels, { width });
  const encode = encoder('transformer.encoder', { ...layer, layers: encoderLayers, scalePositions: false });
  const decode = decoder('transformer.decoder', { ...layer, layers: decoderLayers });
  const queryPositions = embedding('query_embed', { rows: queries, width, group });
  const classHead = linear('class_embed', { inputs: width, outputs: numClasses + 1, group });
  const boxHead = mlp('bbox_embed', { widths: [width, width, width, 4], group });
  const knownEmbedding = denoising ? embeddingOfKnown(numClasses, width) : undefined;

  return withBackbone(backbone, {
    parameters: parametersOf(embed, encode, decode, queryPositions, classHead, boxHead, knownEmbedding),
    queries,
    layers: decoderLayers,
    numClasses,
    forwardFeatures(tensors, { levels }, known, forwardOptions = {}) {
      if (known !== undefined && knownEmbedding === undefined) {
        throw new Error('detr takes no known queries: use dnDetrVanilla, or dnDetr');
      }
      const map = onlyLevel(levels, name);
      const batch = map.features.shape[0];
      const pass = passOf(batch, dropout, forwardOptions);
      const tokens = embed.apply(tensors, map);
      const memory = encode.apply(tensors, { tokens, pass });

      const positions = repeatRows(queryPositions.apply(tensors), batch);
      const content = zeros<Rank.R2>([batch * queries, width]);
      const knownRows = known && knownEmbedding?.apply(tensors, known);
      const hidden = decode.apply(tensors, {
        content: joinQueries(knownRows?.content, content, batch),
        positions: joinQueries(knownRows?.positions, positions, batch),
        mask: queryMask(known, queries, batch),
        memory: { ...tokens, features: memory },
        pass,
      });
      return {
        sets: [
          {
            name: 'decoder',
            logits: byLayer(classHead.apply(tensors, hidden), decoderLayers, batch),
            boxes: byLayer(sigmoid(boxHead.apply(tensors, hidden)), decoderLayers, batch),
            known: known?.labels.shape[1] ?? 0,
          },
        ],
        memory,
        hidden,
      };
    },
  });
}

/**
 * Content and position of known queries, both `[B*K, d]`. The parameter names are our own: the variant has no published
 * code.
 */
function embeddingOfKnown(
  numClasses: number,
  width: number,
): Module<KnownInputs, { readonly content: Tensor2D; readonly positions: Tensor2D }> {
  const content = labelEmbedding('label_enc', { numClasses, width, indicator: true, group: 'rest' });
  const position = transformerMlp('known_position', [2 * width, width, width]);
  return {
    parameters: parametersOf(content, position),
    apply: (tensors, { labels, anchors }) => {
      const boxes = sigmoid(reshape<Rank.R2>(anchors, [-1, 4]));
      return {
        content: content.apply(tensors, labels),
        positions: position.apply(tensors, boxSineEmbedding(boxes, width / 2)),
      };
    },
  };
}
