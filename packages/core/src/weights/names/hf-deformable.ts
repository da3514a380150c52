/**
 * The names under which Hugging Face `transformers` saves Deformable DETR (`DeformableDetrForObjectDetection`, for
 * example `SenseTime/deformable-detr`).
 *
 * Source: the reverse of `convert_deformable_detr_to_pytorch.py` in that repository.
 */
import { attention } from './hf.ts';
import { nestedResnetRules } from './resnet.ts';
import type { NameRule, NameTable } from './table.ts';

const [encoder, decoder] = ['model.encoder.layers.#', 'model.decoder.layers.#'];
const [ourEncoder, ourDecoder] = ['transformer.encoder.layers.#', 'transformer.decoder.layers.#'];

const commonRules: readonly NameRule[] = [
  ...nestedResnetRules('model.backbone.conv_encoder.model'),
  ['model.input_proj.*', 'input_proj.*'],
  ['model.query_position_embeddings.*', 'query_embed.*'],
  [`${encoder}.self_attn_layer_norm.*`, `${ourEncoder}.norm1.*`],
  [`${encoder}.self_attn.*`, `${ourEncoder}.self_attn.*`],
  [`${encoder}.fc#.*`, `${ourEncoder}.linear#.*`],
  [`${encoder}.final_layer_norm.*`, `${ourEncoder}.norm2.*`],
  ...attention(`${decoder}.self_attn`, `${ourDecoder}.self_attn`),
  [`${decoder}.self_attn_layer_norm.*`, `${ourDecoder}.norm2.*`],
  [`${decoder}.encoder_attn_layer_norm.*`, `${ourDecoder}.norm1.*`],
  [`${decoder}.encoder_attn.*`, `${ourDecoder}.cross_attn.*`],
  [`${decoder}.fc#.*`, `${ourDecoder}.linear#.*`],
  [`${decoder}.final_layer_norm.*`, `${ourDecoder}.norm3.*`],
];

const boxesInDecoder: readonly NameRule[] = [
  ['model.decoder.bbox_embed.*', 'transformer.decoder.bbox_embed.*'],
  ['bbox_embed.*', 'transformer.decoder.bbox_embed.*'],
];

/** Everything else below `model` belongs to the transformer. */
const others: NameRule = ['model.*', 'transformer.*'];

export const hfDeformableDetrNames: readonly NameTable[] = [
  {
    source: 'two-stage Deformable DETR of Hugging Face transformers',
    mark: 'model.pos_trans.weight',
    rules: [...commonRules, ...boxesInDecoder, ['class_embed.*', 'transformer.decoder.class_embed.*'], others],
  },
  {
    source: 'Deformable DETR with box refinement of Hugging Face transformers',
    mark: 'model.decoder.bbox_embed.0.layers.0.weight',
    rules: [...commonRules, ...boxesInDecoder, others],
    sharedHead: { head: 'class_embed', layers: 'transformer.decoder.bbox_embed' },
  },
  {
    // There is one head for all layers, which older files list for each of them.
    source: 'Deformable DETR of Hugging Face transformers',
    mark: 'model.reference_points.weight',
    rules: [...commonRules, ['class_embed.?.*', 'class_embed.0.*'], ['bbox_embed.?.*', 'bbox_embed.0.*'], others],
  },
];
