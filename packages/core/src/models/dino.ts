/**
 * DINO (Zhang et al., ICLR 2023, https://arxiv.org/abs/2203.03605): deformable attention, anchors from the encoder,
 * contrastive denoising, and boxes that look forward twice. Source: IDEA-Research/DINO
 * `models/dino/{dino,deformable_transformer,dn_components}.py`.
 */
import { type Rank, reshape, sigmoid } from '@tensorflow/tfjs-core';
import { parametersOf } from '../nn/module.ts';
import { anchorPositions, deformableDecoder } from '../transformer/deformable-decoder.ts';
import {
  boxHead,
  classHead,
  type DeformableOptions,
  deformableHeads,
  deformableOutput,
  deformableSizes,
  encodedTokens,
  startAsCopies,
} from './deformable-parts.ts';
import { type Detector, passOf, type TransformerOutput, withBackbone } from './detector.ts';
import { labelEmbedding } from './label-embedding.ts';
import { mixedSelection } from './mixed-selection.ts';
import { joinQueries, queryMask } from './queries.ts';

/** Options of DINO. */
export interface DinoOptions extends DeformableOptions {
  /** Whether all decoder layers share one class head and one box head. @defaultValue true */
  readonly shareHeads?: boolean;
  /** Initial content of matching queries: learned, or the encoder's tokens at their anchors. @defaultValue 'learned' */
  readonly content?: 'learned' | 'encoder';
  /**
   * Whether the width and height of the encoder's proposals on the finest level are learned instead of fixed at 0.05 of
   * the image's; the reference's `two_stage_learn_wh`.
   * @defaultValue false
   */
  readonly learnedProposalSize?: boolean;
  /**
   * Number of labels that known queries can have, at least the number of classes. The reference's `dn_labelbook_size`,
   * which is larger in its checkpoints.
   * @defaultValue `numClasses`
   */
  readonly labelBook?: number | undefined;
}

/**
 * Builds DINO. Its known queries are made by contrastive denoising (`kind: 'contrastive'` in `@dn-detr/dn`); without
 * them this is the baseline for denoising. The second prediction set is the encoder's, at the tokens that became
 * queries. The defaults are the reference's: feed-forward parts of width 2048 and no dropout.
 */
export function dino(options: DinoOptions): Detector<TransformerOutput> {
  const {
    shareHeads = true,
    content = 'learned',
    learnedProposalSize = false,
    labelBook = options.numClasses,
  } = options;
  const sizes = deformableSizes(options, { feedForward: 2048, dropout: 0 });
  if (!(Number.isSafeInteger(labelBook) && labelBook >= options.numClasses)) {
    throw new RangeError(`labelBook is ${labelBook}: expected a whole number from ${options.numClasses}, the classes`);
  }
  const { backbone, numClasses, queries, width, decoderLayers, dropout, layer } = sizes;
  const [name, decoderName] = ['transformer', 'transformer.decoder'];
  const encode = encodedTokens(sizes, { temperatureH: 20 });
  const heads = deformableHeads({
    width,
    numClasses,
    count: shareHeads ? 1 : decoderLayers,
    names: { classes: `${decoderName}.class_embed`, boxes: `${decoderName}.bbox_embed` },
    side: 0,
  });
  const select = mixedSelection(name, {
    width,
    queries,
    content,
    learnedProposalSize,
    classHead: classHead(`${name}.enc_out_class_embed`, { width, numClasses }),
    boxHead: boxHead(`${name}.enc_out_bbox_embed`, { width, side: 0 }),
  });
  const decode = deformableDecoder(decoderName, {
    ...layer,
    layers: decoderLayers,
    refines: true,
    boxHeads: heads.boxes,
    epsilon: 1e-3,
    lookForwardTwice: true,
  });
  const place = anchorPositions(decoderName, width, false);
  const labels = labelEmbedding('label_enc', { numClasses: labelBook, width, indicator: false, group: 'rest' });

  return withBackbone(backbone, {
    parameters: startAsCopies(parametersOf(encode, select, decode, place, ...heads.classes, labels)),
    queries,
    layers: decoderLayers,
    numClasses,
    forwardFeatures(tensors, batch, known, forwardOptions = {}) {
      const images = batch.levels[0]?.features.shape[0] ?? 0;
      const pass = passOf(images, dropout, forwardOptions);
      const memory = encode.apply(tensors, { batch, pass });
      const selected = select.apply(tensors, { memory, batch: images });
      const knownAnchors = known && reshape<Rank.R2>(known.anchors, [-1, 4]);
      const decoded = decode.apply(tensors, {
        content: joinQueries(known && labels.apply(tensors, known.labels), selected.content, images),
        references: sigmoid(joinQueries(knownAnchors, selected.anchors, images)),
        positions: (input) => place.apply(tensors, input),
        mask: queryMask(known, queries, images),
        memory,
        pass,
      });
      return deformableOutput(tensors, {
        decoded,
        classHeads: heads.classes,
        memory,
        layers: decoderLayers,
        images,
        known: known?.labels.shape[1] ?? 0,
        encoderSet: selected.encoderSet,
      });
    },
  });
}
