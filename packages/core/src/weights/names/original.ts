/** The names of facebookresearch/detr and of DN-DETR's DABDETR, which are ours. */
import type { NameTable } from './table.ts';

/** DAB-DETR and DN-DETR list the box head, which the decoder uses too, a second time. */
export const originalDabDetrNames: NameTable = {
  source: 'DAB-DETR or DN-DETR',
  mark: 'transformer.decoder.bbox_embed.layers.0.weight',
  rules: [['bbox_embed.*', 'transformer.decoder.bbox_embed.*']],
};

export const originalDetrNames: NameTable = { source: 'DETR', mark: 'query_embed.weight', rules: [] };
