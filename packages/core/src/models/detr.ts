/**
 * DETR (Carion et al., ECCV 2020), and the same with denoising (DN-DETR, section 5.3, "DN-DETR-vanilla").
 * Source: facebookresearch/detr `models/detr.py`.
 */
import { type Rank, reshape, sigmoid, type Tensor2D, zeros } from '@tensorflow/tfjs-core';
import { normal, type ParameterDeclaration } from '../nn/init.ts';
import { declareLinear, linear, linearParameters } from '../nn/linear.ts';
import { declareMlp, mlp, mlpParameters } from '../nn/mlp.ts';
import { type NamedTensors, namedTensor } from '../nn/named.ts';
import { repeatRows } from '../nn/repeat.ts';
import { boxSineEmbedding } from '../position.ts';
import { declareDecoder, decoder } from '../transformer/decoder.ts';
import { declareEncoder, encoder } from '../transformer/encoder.ts';
import { declareTransformerMlp, type LayerOptions, transformerGroup } from '../transformer/layer.ts';
import { checkSizes, type Detector, type DetectorOptions, type KnownInputs, passOf, withBackbone } from './detector.ts';
import { declareLabelEmbedding, knownContent } from './label-embedding.ts';
import { byLayer, joinQueries, queryMask } from './queries.ts';
import { declareProjection, tokens } from './tokens.ts';

export interface DetrOptions extends DetectorOptions {
  /** normalises before each part of a layer in place of after it; default false */
  readonly preNorm?: boolean;
  /** default 0.1 */
  readonly dropout?: number;
}

const names = {
  encoder: 'transformer.encoder',
  decoder: 'transformer.decoder',
  queries: 'query_embed.weight',
  classHead: 'class_embed',
  boxHead: 'bbox_embed',
  // Those of the denoising variant, which has no published code.
  labels: 'label_enc.weight',
  knownPosition: 'known_position',
};

/** Its class head has one output more than classes, the last one "no object". */
export function detr(options: DetrOptions): Detector {
  return build(options, false);
}

/**
 * DETR with denoising: a known query's content is its label's embedding and the indicator, as in DN-DETR, and its
 * position an embedding of its box. Matching queries are those of `detr`: with no known queries the two are one model.
 */
export function dnDetrVanilla(options: DetrOptions): Detector {
  return build(options, true);
}

function build(options: DetrOptions, denoising: boolean): Detector {
  const { backbone, classes, queries, encoderLayers = 6, decoderLayers = 6, dropout = 0.1 } = options;
  const { width = 256, heads = 8, feedForward = 2048, preNorm = false } = options;
  checkSizes(
    { classes, queries, width, heads, feedForward, encoderLayers, decoderLayers },
    { activation: 'relu', dropout },
  );
  const layer: LayerOptions = { width, heads, feedForward, activation: 'relu', preNorm };
  const encoderOptions = { ...layer, layers: encoderLayers, scalePositions: false };
  const decoderOptions = { ...layer, layers: decoderLayers };
  const group = transformerGroup;
  const parameters: ParameterDeclaration[] = [
    ...declareProjection(backbone.channels, width),
    ...declareEncoder(names.encoder, encoderOptions),
    ...declareDecoder(names.decoder, decoderOptions),
    { name: names.queries, shape: [queries, width], group, init: normal(1) },
    ...declareLinear(names.classHead, { inputs: width, outputs: classes + 1, group }),
    ...declareMlp(names.boxHead, { widths: [width, width, width, 4], group }),
  ];
  if (denoising) {
    parameters.push(declareLabelEmbedding(names.labels, { classes, width, indicator: true, group }));
    parameters.push(...declareTransformerMlp(names.knownPosition, [2 * width, width, width]));
  }

  return withBackbone(backbone, {
    parameters,
    queries,
    layers: decoderLayers,
    classes,
    forwardFeatures(tensors, featureBatch, known, forwardOptions = {}) {
      if (known !== undefined && !denoising) {
        throw new Error('detr takes no known queries: use dnDetrVanilla, or dnDetr');
      }
      const pass = passOf(tensors, featureBatch, dropout, forwardOptions);
      const { batch } = pass;
      const inputs = tokens(tensors, featureBatch, { width });
      const memory = encoder(names.encoder, inputs, pass, encoderOptions);

      const positions = repeatRows(namedTensor<Tensor2D>(tensors, names.queries), batch);
      const content = zeros<Rank.R2>([batch * queries, width]);
      const knownRows = known && embedKnown(tensors, known, width);
      const decoderInputs = {
        content: joinQueries(knownRows?.content, content, batch),
        positions: joinQueries(knownRows?.positions, positions, batch),
        mask: queryMask(known, queries, batch),
        memory: { ...inputs, features: memory },
      };
      const hidden = decoder(names.decoder, decoderInputs, pass, decoderOptions);
      return {
        sets: [
          {
            name: 'decoder',
            logits: byLayer(linear(hidden, linearParameters(tensors, names.classHead)), decoderLayers, batch),
            boxes: byLayer(sigmoid(mlp(hidden, mlpParameters(tensors, names.boxHead, 3))), decoderLayers, batch),
            known: known?.labels.shape[1] ?? 0,
          },
        ],
        memory,
        hidden,
      };
    },
  });
}

/** Content and position of known queries, `[B*K, d]` both. */
function embedKnown(tensors: NamedTensors, { labels, anchors }: KnownInputs, width: number) {
  const boxes = sigmoid(reshape<Rank.R2>(anchors, [-1, 4]));
  return {
    content: knownContent(namedTensor(tensors, names.labels), labels, true),
    positions: mlp(boxSineEmbedding(boxes, width / 2), mlpParameters(tensors, names.knownPosition, 2)),
  };
}
