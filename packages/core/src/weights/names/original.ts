/**
 * The names of facebookresearch/detr, fundamentalvision/Deformable-DETR and IDEA-Research/DN-DETR, which this toolkit
 * uses.
 */
import type { NameRule, NameTable } from './table.ts';

/** DAB-DETR and DN-DETR list the box head a second time, because the decoder uses it too. */
export const originalDabDetrNames: NameTable = {
  source: 'DAB-DETR or DN-DETR',
  mark: 'transformer.decoder.bbox_embed.layers.0.weight',
  rules: [['bbox_embed.*', 'transformer.decoder.bbox_embed.*']],
};

export const originalDetrNames: NameTable = { source: 'DETR', mark: 'query_embed.weight', rules: [] };

const boxesInDecoder: NameRule = ['bbox_embed.*', 'transformer.decoder.bbox_embed.*'];

/** Tables of Deformable DETR and its successors, whose files list a second time the heads that the transformer uses. */
export const originalDeformableDetrNames: readonly NameTable[] = [
  {
    source: 'DINO',
    mark: 'transformer.enc_out_class_embed.weight',
    rules: [boxesInDecoder, ['class_embed.*', 'transformer.decoder.class_embed.*']],
    listedHeads: ['transformer.decoder.class_embed', 'transformer.decoder.bbox_embed'],
  },
  {
    source: 'two-stage Deformable DETR',
    mark: 'transformer.pos_trans.weight',
    rules: [boxesInDecoder, ['class_embed.*', 'transformer.decoder.class_embed.*']],
  },
  { source: 'DN-Deformable-DETR', mark: 'tgt_embed.weight', rules: [boxesInDecoder] },
  {
    source: 'Deformable DETR with box refinement',
    mark: 'transformer.decoder.bbox_embed.0.layers.0.weight',
    rules: [boxesInDecoder],
  },
  {
    // There is one head for all layers, listed for each of them.
    source: 'Deformable DETR',
    mark: 'transformer.reference_points.weight',
    rules: [
      ['class_embed.?.*', 'class_embed.0.*'],
      ['bbox_embed.?.*', 'bbox_embed.0.*'],
    ],
  },
];
