/**
 * Compares Deformable DETR of Hugging Face `transformers`, small and with closed-form weights, from images to boxes.
 */
import { deformableDetr, loadParameters } from '@dn-detr/core';
import { resizeMask } from '@dn-detr/core/models';
import { reshape, sub, type Tensor, type Tensor3D, type Tensor4D, transpose } from '@tensorflow/tfjs-core';
import type { Check, Computed } from '../check.ts';
import { type Fixture, storedName } from '../fixture.ts';
import { waveOf } from '../formula.ts';
import { loadTensor, take, withoutLeak } from '../gradients.ts';
import { countAt, countsAt, objectAt, stringAt } from '../json.ts';
import { embeddedLevels, referencesOf, withoutPadding } from './deformable-outputs.ts';
import { channelsFirst, checkpointOf, countInBoth, imagesOf, optionsOf, spreadOf } from './hf-parts.ts';
import { bestTokens, ofLastLayer } from './two-stage.ts';

export const hfDeformableCheck: Check = {
  // `valid` gives the sizes from which `pixel_mask` was drawn.
  inputs: ['pixel_mask', 'valid', 'image_shape', 'config', 'layout', 'wave', 'noise_float32', 'kinks'],
  optional: ['features.*', 'attention_mask', 'encoder_last_hidden_state', 'init_*', 'intermediate_*', 'topk', 'enc_*'],
  cases: ({ cases }) => [...cases.keys()],
  run: (fixture, caseName) => withoutLeak(() => runCase(fixture, caseName)),
};

function runCase(fixture: Fixture, caseName: string): Record<string, Computed> {
  const where = `cases.${caseName}`;
  const facts = objectAt(fixture.cases.get(caseName), where);
  const wave = waveOf(stringAt(facts.wave, `${where}.wave`), `${where}.wave`);
  const config = objectAt(facts.config, `${where}.config`);
  const options = optionsOf(config, `${where}.config`, ['layer2', 'layer3', 'layer4']);
  const featureLevels = countAt(config.num_feature_levels, `${where}.config.num_feature_levels`);
  const detector = deformableDetr({
    ...options,
    featureLevels,
    points: countInBoth(config, `${where}.config`, 'n_points'),
    boxRefinement: config.with_box_refine === true,
    twoStage: config.two_stage === true,
  });
  const checkpoint = checkpointOf(fixture, stringAt(facts.layout, `${where}.layout`), wave);
  const { parameters } = loadParameters(checkpoint, detector.parameters);

  const valid = loadTensor(fixture, caseName, 'pixel_mask') as Tensor3D;
  const images = imagesOf(countsAt(facts.image_shape, `${where}.image_shape`), wave, valid);
  const padding = sub<Tensor3D>(1, valid);
  const [predicted] = detector.forward(parameters, { images, padding }).sets;
  const boxes = ofLastLayer(predicted.boxes);
  const outputs: Record<string, Computed> = {
    logits: take(ofLastLayer(predicted.logits)),
    ...spreadOf(facts, where, boxes),
    pred_boxes: take(boxes),
  };

  // The tensors in between are computed from recorded features: no noise was measured for most of them, so their
  // tolerance is too tight for the rounding of a backbone before them.
  const levels = options.backbone.forward(parameters, images).map((ours, level) => {
    const key = `features.${level}`;
    const isStored = fixture.tensors.has(storedName(caseName, key));
    const features = isStored ? (transpose(loadTensor(fixture, caseName, key), [0, 2, 3, 1]) as Tensor4D) : ours;
    outputs[key] = take(channelsFirst(ours));
    return { features, padding: resizeMask(padding, [features.shape[1], features.shape[2]]) };
  });
  const batch = { levels, padding };
  const output = detector.forwardFeatures(parameters, batch);
  const [decoded, encoded] = output.sets;
  const width = options.width as number;
  const tokens = embeddedLevels(options.backbone, batch, parameters, { width, levels: featureLevels });
  const { initial, afterLayers } = referencesOf(output, parameters);
  const [layers, count, queries] = decoded.logits.shape;
  /** Transposes `[L, B, Q, k]` to `[B, L, Q, k]`. */
  const imagesFirst = (x: Tensor): Tensor => transpose(x, [1, 0, 2, 3]);
  if (tokens.padding) outputs.attention_mask = take(sub(1, tokens.padding));
  if (encoded) {
    outputs.topk = take(bestTokens(encoded.logits, queries));
    outputs.enc_logits = take(ofLastLayer(encoded.logits));
    outputs.enc_boxes = take(ofLastLayer(encoded.boxes));
  }
  return {
    ...outputs,
    encoder_last_hidden_state: take(withoutPadding(output.memory, tokens)),
    init_reference_points: take(initial),
    intermediate_hidden_states: take(imagesFirst(reshape(output.hidden, [layers, count, queries, width]))),
    intermediate_reference_points: take(imagesFirst(afterLayers)),
  };
}
