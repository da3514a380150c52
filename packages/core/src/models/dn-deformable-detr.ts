/**
 * DN-DETR with deformable attention (Li et al., CVPR 2022, section 5): queries are anchors, and known queries are
 * trained alongside them. Source: IDEA-Research/DN-DETR
 * `models/dn_dab_deformable_detr/{dab_deformable_detr,deformable_transformer,dn_components}.py`.
 */
import { pad, type Rank, reshape, sigmoid } from '@tensorflow/tfjs-core';
import { embedding } from '../nn/embedding.ts';
import { parametersOf } from '../nn/module.ts';
import { repeatRows } from '../nn/repeat.ts';
import { anchorPositions, deformableDecoder } from '../transformer/deformable-decoder.ts';
import {
  type DeformableOptions,
  deformableHeads,
  deformableOutput,
  deformableSizes,
  encodedTokens,
  startAsCopies,
} from './deformable-parts.ts';
import { type Detector, passOf, type TransformerOutput, withBackbone } from './detector.ts';
import { labelEmbedding } from './label-embedding.ts';
import { joinQueries, queryMask } from './queries.ts';

/** Options of DN-Deformable-DETR. */
export interface DnDeformableDetrOptions extends DeformableOptions {
  /** Whether the last channel of a query's content marks known queries. @defaultValue true */
  readonly indicator?: boolean;
}

/**
 * Builds DN-Deformable-DETR. The content of a matching query and its first anchor are learned, and each layer samples
 * around the box that the previous layer predicts. Without known queries this is DAB-Deformable-DETR, the baseline for
 * denoising. The defaults are the reference's: feed-forward parts of width 2048 and no dropout.
 */
export function dnDeformableDetr(options: DnDeformableDetrOptions): Detector<TransformerOutput> {
  const { indicator = true } = options;
  const sizes = deformableSizes(options, { feedForward: 2048, dropout: 0 });
  const { backbone, numClasses, queries, width, decoderLayers, dropout, layer } = sizes;
  const encode = encodedTokens(sizes);
  const decoderName = 'transformer.decoder';
  const names = { classes: 'class_embed', boxes: `${decoderName}.bbox_embed` };
  const heads = deformableHeads({ width, numClasses, count: decoderLayers, names, side: -2 });
  const decode = deformableDecoder(decoderName, {
    ...layer,
    layers: decoderLayers,
    refines: true,
    boxHeads: heads.boxes,
    epsilon: 1e-3,
  });
  const place = anchorPositions(decoderName, width);
  const labels = labelEmbedding('label_enc', { numClasses, width, indicator, group: 'rest' });
  const contents = embedding('tgt_embed', { rows: queries, width: indicator ? width - 1 : width, group: 'rest' });
  const queryAnchors = embedding('refpoint_embed', { rows: queries, width: 4, group: 'rest' });

  return withBackbone(backbone, {
    parameters: startAsCopies(parametersOf(encode, decode, place, ...heads.classes, labels, contents, queryAnchors)),
    queries,
    layers: decoderLayers,
    numClasses,
    forwardFeatures(tensors, batch, known, forwardOptions = {}) {
      const images = batch.levels[0]?.features.shape[0] ?? 0;
      const pass = passOf(images, dropout, forwardOptions);
      const memory = encode.apply(tensors, { batch, pass });
      const learned = contents.apply(tensors);
      // The indicator of a matching query is 0.
      const matching = indicator
        ? pad(learned, [
            [0, 0],
            [0, 1],
          ])
        : learned;
      const anchors = joinQueries(
        known && reshape<Rank.R2>(known.anchors, [-1, 4]),
        repeatRows(queryAnchors.apply(tensors), images),
        images,
      );
      const decoded = decode.apply(tensors, {
        content: joinQueries(known && labels.apply(tensors, known.labels), repeatRows(matching, images), images),
        references: sigmoid(anchors),
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
      });
    },
  });
}
