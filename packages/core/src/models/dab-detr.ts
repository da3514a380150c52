/**
 * DAB-DETR (Liu et al., ICLR 2022) and DN-DETR (Li et al., CVPR 2022), whose queries are anchors that are refined layer
 * by layer. Source: IDEA-Research/DN-DETR `models/DN_DAB_DETR/{DABDETR,transformer,dn_components}.py`.
 */
import { add, type Rank, reshape, type Tensor2D, zeros } from '@tensorflow/tfjs-core';
import { onlyLevel, singleLevel } from '../backbone/backbone.ts';
import { embedding } from '../nn/embedding.ts';
import { constant } from '../nn/init.ts';
import { linear } from '../nn/linear.ts';
import { parametersOf } from '../nn/module.ts';
import type { NamedTensors } from '../nn/named.ts';
import { repeatEachRow, repeatRows } from '../nn/repeat.ts';
import { dabDecoder } from '../transformer/dab-decoder.ts';
import { encoder } from '../transformer/encoder.ts';
import type { LayerOptions } from '../transformer/layer.ts';
import {
  checkSizes,
  type Detector,
  passOf,
  type SingleLevelOptions,
  type TransformerOutput,
  withBackbone,
} from './detector.ts';
import { labelEmbedding } from './label-embedding.ts';
import { byLayer, joinQueries, queryMask } from './queries.ts';
import { featureTokens } from './tokens.ts';

/** Options of DAB-DETR. */
export interface DabDetrOptions extends SingleLevelOptions {
  /** Activation of the feed-forward parts; PReLU as in the reference's command line. @defaultValue 'prelu' */
  readonly activation?: 'relu' | 'prelu';
  /** Dropout rate of the transformer. @defaultValue 0 */
  readonly dropout?: number;
  /**
   * P, the number of learned contents per anchor, which gives P times as many queries. With 0 there is one query per
   * anchor and its content is not learned.
   * @defaultValue 0
   */
  readonly patterns?: number;
  /** Temperature of the sine positions along y. @defaultValue 20 */
  readonly temperatureH?: number;
  /** Temperature of the sine positions along x. @defaultValue 20 */
  readonly temperatureW?: number;
  /**
   * Whether every decoder layer, rather than only the first, adds the query position in its cross-attention.
   * @defaultValue false
   */
  readonly keepQueryPosition?: boolean;
  /** `eps` of the anchors' inverse sigmoid: 1e-3 in DN-DETR, 1e-5 in Hugging Face's DAB-DETR. @defaultValue 1e-3 */
  readonly anchorEpsilon?: number;
}

/** Options of DN-DETR. */
export interface DnDetrOptions extends DabDetrOptions {
  /** Whether the last channel of a query's content marks known queries; false in DINO. @defaultValue true */
  readonly indicator?: boolean;
}

/** Initial probability of every class (Lin et al. 2017, section 4.1). */
const prior = 0.01;

/** Builds DAB-DETR. The content of its queries starts at zeros, as in Hugging Face. */
export function dabDetr(options: DabDetrOptions): Detector<TransformerOutput> {
  return build(options, undefined);
}

/**
 * Builds DN-DETR, which is DAB-DETR with known queries. The content of a matching query is the embedding of the label
 * "unknown". Without known queries this is the baseline for denoising and the model at inference.
 */
export function dnDetr(options: DnDetrOptions): Detector<TransformerOutput> {
  return build(options, { indicator: options.indicator ?? true });
}

function build(
  options: DabDetrOptions,
  denoising: { readonly indicator: boolean } | undefined,
): Detector<TransformerOutput> {
  const { numClasses, width = 256, heads = 8, feedForward = 2048, activation = 'prelu' } = options;
  const { encoderLayers = 6, decoderLayers = 6, dropout = 0, patterns = 0, anchorEpsilon = 1e-3 } = options;
  const { temperatureH = 20, temperatureW = 20, keepQueryPosition = false } = options;
  checkSizes(
    {
      numClasses,
      queries: options.queries,
      width,
      heads,
      feedForward,
      encoderLayers,
      decoderLayers,
      temperatureH,
      temperatureW,
    },
    { activation, dropout },
  );
  if (!(Number.isSafeInteger(patterns) && patterns >= 0)) {
    throw new RangeError(`patterns is ${patterns}: expected a whole number from 0`);
  }
  const layer: LayerOptions = { width, heads, feedForward, activation, preNorm: false };
  const group = 'rest';
  const backbone = singleLevel(options.backbone, options.level);
  const name = denoising ? 'dnDetr' : 'dabDetr';
  const repeats = Math.max(1, patterns);
  const queries = repeats * options.queries;
  const embed = featureTokens(backbone.levels[0].channels, { width, temperatureH, temperatureW });
  const encode = encoder('transformer.encoder', { ...layer, layers: encoderLayers, scalePositions: true });
  const decode = dabDecoder('transformer.decoder', {
    ...layer,
    layers: decoderLayers,
    keepQueryPosition,
    epsilon: anchorEpsilon,
  });
  const bias = constant(-Math.log((1 - prior) / prior));
  const classHead = linear('class_embed', { inputs: width, outputs: numClasses, group, bias });
  const queryAnchors = embedding('refpoint_embed', { rows: options.queries, width: 4, group });
  const queryPatterns = patterns > 0 ? embedding('transformer.patterns', { rows: patterns, width, group }) : undefined;
  const labels = denoising && labelEmbedding('label_enc', { ...denoising, numClasses, width, group });

  /** Content of the matching queries, `[Q, d]`, pattern by pattern. */
  const matchingContent = (tensors: NamedTensors): Tensor2D => {
    const unknown = labels?.unknown(tensors);
    if (queryPatterns === undefined) return unknown ? repeatRows(unknown, queries) : zeros<Rank.R2>([queries, width]);
    const learned = queryPatterns.apply(tensors);
    return repeatEachRow(unknown ? add(learned, unknown) : learned, options.queries);
  };

  return withBackbone(backbone, {
    parameters: parametersOf(embed, encode, decode, classHead, queryAnchors, queryPatterns, labels),
    queries,
    layers: decoderLayers,
    numClasses,
    forwardFeatures(tensors, { levels }, known, forwardOptions = {}) {
      if (known !== undefined && labels === undefined) {
        throw new Error('dabDetr takes no known queries: use dnDetr');
      }
      const map = onlyLevel(levels, name);
      const batch = map.features.shape[0];
      const pass = passOf(batch, dropout, forwardOptions);
      const tokens = embed.apply(tensors, map);
      const memory = encode.apply(tensors, { tokens, pass });

      const knownRows = known &&
        labels && {
          content: labels.apply(tensors, known.labels),
          anchors: reshape<Rank.R2>(known.anchors, [-1, 4]),
        };
      const anchors = repeatRows(queryAnchors.apply(tensors), batch * repeats);
      const content = repeatRows(matchingContent(tensors), batch);
      const decoded = decode.apply(tensors, {
        content: joinQueries(knownRows?.content, content, batch),
        anchors: joinQueries(knownRows?.anchors, anchors, batch),
        mask: queryMask(known, queries, batch),
        memory: { ...tokens, features: memory },
        pass,
      });
      return {
        sets: [
          {
            name: 'decoder',
            logits: byLayer(classHead.apply(tensors, decoded.hidden), decoderLayers, batch),
            boxes: byLayer(decoded.boxes, decoderLayers, batch),
            known: known?.labels.shape[1] ?? 0,
          },
        ],
        memory,
        hidden: decoded.hidden,
        anchors: byLayer(decoded.anchors, decoderLayers, batch),
      };
    },
  });
}
