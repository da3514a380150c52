/**
 * DAB-DETR (Liu et al., ICLR 2022) and DN-DETR (Li et al., CVPR 2022): queries are anchors, refined layer by layer.
 * Source: IDEA-Research/DN-DETR `models/DN_DAB_DETR/{DABDETR,transformer,dn_components}.py`.
 */
import { add, type Rank, reshape, sigmoid, type Tensor2D, zeros } from '@tensorflow/tfjs-core';
import { constant, normal, type ParameterDeclaration } from '../nn/init.ts';
import { declareLinear, linear, linearParameters } from '../nn/linear.ts';
import { declareMlp, mlp, mlpParameters } from '../nn/mlp.ts';
import { type NamedTensors, namedTensor } from '../nn/named.ts';
import { repeatEachRow, repeatRows } from '../nn/repeat.ts';
import { dabDecoder, declareDabDecoder } from '../transformer/dab-decoder.ts';
import { declareEncoder, encoder } from '../transformer/encoder.ts';
import { type LayerOptions, transformerGroup } from '../transformer/layer.ts';
import { checkSizes, type Detector, type DetectorOptions, passOf, withBackbone } from './detector.ts';
import { declareLabelEmbedding, knownContent, unknownContent } from './label-embedding.ts';
import { byLayer, joinQueries, queryMask } from './queries.ts';
import { declareProjection, tokens } from './tokens.ts';

export interface DabDetrOptions extends DetectorOptions {
  /** of the feed-forward parts; default PReLU, as the reference's command line has it */
  readonly activation?: 'relu' | 'prelu';
  /** default 0 */
  readonly dropout?: number;
  /** P learned contents for each anchor, hence P times the queries; default 0, which is 1 without a learned content */
  readonly patterns?: number;
  /** of the sine positions along y and x; default 20 for both */
  readonly temperatureH?: number;
  readonly temperatureW?: number;
  /** every decoder layer, not only the first, adds the query position in its cross-attention; default false */
  readonly keepQueryPosition?: boolean;
  /** `eps` of the inverse sigmoid of anchors; default 1e-3 as in DN-DETR, Hugging Face's DAB-DETR has 1e-5 */
  readonly anchorEpsilon?: number;
}

export interface DnDetrOptions extends DabDetrOptions {
  /** the last channel of a query's content tells known from matching queries; default true, false as in DINO */
  readonly indicator?: boolean;
}

const names = {
  encoder: 'transformer.encoder',
  decoder: 'transformer.decoder',
  anchors: 'refpoint_embed.weight',
  patterns: 'transformer.patterns.weight',
  labels: 'label_enc.weight',
  classHead: 'class_embed',
  // The reference lists this shared head as `bbox_embed` too.
  boxHead: 'transformer.decoder.bbox_embed',
};

/** Classes start at this probability (Lin et al. 2017, section 4.1). */
const prior = 0.01;

/** DAB-DETR: content queries start at zeros, as in Hugging Face. */
export function dabDetr(options: DabDetrOptions): Detector {
  return build(options, undefined);
}

/**
 * DN-DETR: DAB-DETR with known queries. The content of a matching query is the embedding of the label "unknown"; without
 * known queries this is the baseline of denoising, and the model at inference.
 */
export function dnDetr(options: DnDetrOptions): Detector {
  return build(options, { indicator: options.indicator ?? true });
}

function build(options: DabDetrOptions, denoising: { readonly indicator: boolean } | undefined): Detector {
  const { backbone, classes, width = 256, heads = 8, feedForward = 2048, activation = 'prelu' } = options;
  const { encoderLayers = 6, decoderLayers = 6, dropout = 0, patterns = 0, anchorEpsilon = 1e-3 } = options;
  const { temperatureH = 20, temperatureW = 20, keepQueryPosition = false } = options;
  checkSizes(
    {
      classes,
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
  const encoderOptions = { ...layer, layers: encoderLayers, scalePositions: true };
  const decoderOptions = { ...layer, layers: decoderLayers, keepQueryPosition, epsilon: anchorEpsilon };
  const group = transformerGroup;
  const repeats = Math.max(1, patterns);
  const queries = repeats * options.queries;
  const zero = constant(0);
  const parameters: ParameterDeclaration[] = [
    ...declareProjection(backbone.channels, width),
    ...declareEncoder(names.encoder, encoderOptions),
    ...declareDabDecoder(names.decoder, decoderOptions),
    ...declareMlp(names.boxHead, { widths: [width, width, width, 4], group }, { weight: zero, bias: zero }),
    ...declareLinear(
      names.classHead,
      { inputs: width, outputs: classes, group },
      { bias: constant(-Math.log((1 - prior) / prior)) },
    ),
    { name: names.anchors, shape: [options.queries, 4], group, init: normal(1) },
  ];
  if (patterns > 0) parameters.push({ name: names.patterns, shape: [patterns, width], group, init: normal(1) });
  if (denoising) parameters.push(declareLabelEmbedding(names.labels, { ...denoising, classes, width, group }));

  /** `[Q, d]`, patterns one after the other */
  const matchingContent = (tensors: NamedTensors): Tensor2D => {
    const unknown = denoising && unknownContent(namedTensor(tensors, names.labels), denoising.indicator);
    if (patterns === 0) return unknown ? repeatRows(unknown, queries) : zeros<Rank.R2>([queries, width]);
    const learned = namedTensor<Tensor2D>(tensors, names.patterns);
    return repeatEachRow(unknown ? add(learned, unknown) : learned, options.queries);
  };

  return withBackbone(backbone, {
    parameters,
    queries,
    layers: decoderLayers,
    classes,
    forwardFeatures(tensors, featureBatch, known, forwardOptions = {}) {
      if (known !== undefined && denoising === undefined) {
        throw new Error('dabDetr takes no known queries: use dnDetr');
      }
      const pass = passOf(tensors, featureBatch, dropout, forwardOptions);
      const { batch } = pass;
      const inputs = tokens(tensors, featureBatch, { width, temperatureH, temperatureW });
      const memory = encoder(names.encoder, inputs, pass, encoderOptions);

      const knownRows = known &&
        denoising && {
          content: knownContent(namedTensor(tensors, names.labels), known.labels, denoising.indicator),
          anchors: reshape<Rank.R2>(known.anchors, [-1, 4]),
        };
      const anchors = repeatRows(namedTensor<Tensor2D>(tensors, names.anchors), batch * repeats);
      const content = repeatRows(matchingContent(tensors), batch);
      const decoderInputs = {
        content: joinQueries(knownRows?.content, content, batch),
        anchors: joinQueries(knownRows?.anchors, anchors, batch),
        mask: queryMask(known, queries, batch),
        memory: { ...inputs, features: memory },
      };
      const decoded = dabDecoder(names.decoder, names.boxHead, decoderInputs, pass, decoderOptions);
      const { hidden, references } = decoded;
      const offsets = mlp(hidden, mlpParameters(tensors, names.boxHead, 3));
      return {
        sets: [
          {
            name: 'decoder',
            logits: byLayer(linear(hidden, linearParameters(tensors, names.classHead)), decoderLayers, batch),
            boxes: byLayer(sigmoid(add<Tensor2D>(offsets, references)), decoderLayers, batch),
            known: known?.labels.shape[1] ?? 0,
          },
        ],
        memory,
        hidden,
        anchors: byLayer(decoded.anchors, decoderLayers, batch),
      };
    },
  });
}
