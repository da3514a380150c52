/**
 * The names under which Hugging Face `transformers` saves DETR and DAB-DETR (`DetrForObjectDetection`,
 * `DabDetrForObjectDetection`, for example `facebook/detr-resnet-50` and `IDEA-Research/dab-detr-resnet-50`).
 *
 * Source: the reverse of `convert_detr_original_pytorch_checkpoint_to_pytorch.py` and
 * `convert_dab_detr_original_pytorch_checkpoint_to_pytorch.py` in that repository.
 */
import { nestedResnetRules } from './resnet.ts';
import type { NameRule, NameTable } from './table.ts';

export const attention = (from: string, to: string): readonly NameRule[] => [
  [`${from}.q_proj.*`, `${to}.in_proj_*`, 0],
  [`${from}.k_proj.*`, `${to}.in_proj_*`, 1],
  [`${from}.v_proj.*`, `${to}.in_proj_*`, 2],
  [`${from}.out_proj.*`, `${to}.out_proj.*`],
];

const conv = 'model.backbone.conv_encoder.model';
const [encoder, decoder] = ['model.encoder.layers.#', 'model.decoder.layers.#'];
const [ourEncoder, ourDecoder] = ['transformer.encoder.layers.#', 'transformer.decoder.layers.#'];

const encoderRules: readonly NameRule[] = [
  ['model.input_projection.*', 'input_proj.*'],
  ...attention(`${encoder}.self_attn`, `${ourEncoder}.self_attn`),
  [`${encoder}.self_attn_layer_norm.*`, `${ourEncoder}.norm1.*`],
  [`${encoder}.fc#.*`, `${ourEncoder}.linear#.*`],
  [`${encoder}.final_layer_norm.*`, `${ourEncoder}.norm2.*`],
];

export const hfDetrNames: NameTable = {
  source: 'DETR of Hugging Face transformers',
  mark: 'class_labels_classifier.weight',
  rules: [
    ...nestedResnetRules(conv),
    ...encoderRules,
    ['model.query_position_embeddings.*', 'query_embed.*'],
    ...attention(`${decoder}.self_attn`, `${ourDecoder}.self_attn`),
    [`${decoder}.self_attn_layer_norm.*`, `${ourDecoder}.norm1.*`],
    ...attention(`${decoder}.encoder_attn`, `${ourDecoder}.multihead_attn`),
    [`${decoder}.encoder_attn_layer_norm.*`, `${ourDecoder}.norm2.*`],
    [`${decoder}.fc#.*`, `${ourDecoder}.linear#.*`],
    [`${decoder}.final_layer_norm.*`, `${ourDecoder}.norm3.*`],
    ['model.decoder.layernorm.*', 'transformer.decoder.norm.*'],
    ['class_labels_classifier.*', 'class_embed.*'],
    ['bbox_predictor.*', 'bbox_embed.*'],
  ],
};

export const hfDabDetrNames: NameTable = {
  source: 'DAB-DETR of Hugging Face transformers',
  mark: 'model.query_refpoint_embeddings.weight',
  rules: [
    ...nestedResnetRules(conv),
    ...encoderRules,
    [`${encoder}.activation_fn.*`, `${ourEncoder}.activation.*`],
    ['model.encoder.query_scale.*', 'transformer.encoder.query_scale.*'],
    ['model.query_refpoint_embeddings.*', 'refpoint_embed.*'],
    ['model.patterns.*', 'transformer.patterns.*'],
    [`${decoder}.self_attn.self_attn_query_content_proj.*`, `${ourDecoder}.sa_qcontent_proj.*`],
    [`${decoder}.self_attn.self_attn_query_pos_proj.*`, `${ourDecoder}.sa_qpos_proj.*`],
    [`${decoder}.self_attn.self_attn_key_content_proj.*`, `${ourDecoder}.sa_kcontent_proj.*`],
    [`${decoder}.self_attn.self_attn_key_pos_proj.*`, `${ourDecoder}.sa_kpos_proj.*`],
    [`${decoder}.self_attn.self_attn_value_proj.*`, `${ourDecoder}.sa_v_proj.*`],
    [`${decoder}.self_attn.self_attn.output_proj.*`, `${ourDecoder}.self_attn.out_proj.*`],
    [`${decoder}.self_attn.self_attn_layer_norm.*`, `${ourDecoder}.norm1.*`],
    [`${decoder}.cross_attn.cross_attn_query_content_proj.*`, `${ourDecoder}.ca_qcontent_proj.*`],
    [`${decoder}.cross_attn.cross_attn_query_pos_proj.*`, `${ourDecoder}.ca_qpos_proj.*`],
    [`${decoder}.cross_attn.cross_attn_key_content_proj.*`, `${ourDecoder}.ca_kcontent_proj.*`],
    [`${decoder}.cross_attn.cross_attn_key_pos_proj.*`, `${ourDecoder}.ca_kpos_proj.*`],
    [`${decoder}.cross_attn.cross_attn_value_proj.*`, `${ourDecoder}.ca_v_proj.*`],
    [`${decoder}.cross_attn.cross_attn_query_pos_sine_proj.*`, `${ourDecoder}.ca_qpos_sine_proj.*`],
    [`${decoder}.cross_attn.cross_attn.output_proj.*`, `${ourDecoder}.cross_attn.out_proj.*`],
    [`${decoder}.cross_attn.cross_attn_layer_norm.*`, `${ourDecoder}.norm2.*`],
    [`${decoder}.mlp.fc#.*`, `${ourDecoder}.linear#.*`],
    [`${decoder}.mlp.activation_fn.*`, `${ourDecoder}.activation.*`],
    [`${decoder}.mlp.final_layer_norm.*`, `${ourDecoder}.norm3.*`],
    ['model.decoder.layernorm.*', 'transformer.decoder.norm.*'],
    ['model.decoder.query_scale.*', 'transformer.decoder.query_scale.*'],
    ['model.decoder.ref_point_head.*', 'transformer.decoder.ref_point_head.*'],
    ['model.decoder.ref_anchor_head.*', 'transformer.decoder.ref_anchor_head.*'],
    // The box head is one tensor under two names; a file has one of them.
    ['model.decoder.bbox_embed.*', 'transformer.decoder.bbox_embed.*'],
    ['bbox_predictor.*', 'transformer.decoder.bbox_embed.*'],
  ],
};
