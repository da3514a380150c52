/**
 * Compares DETR and DAB-DETR of Hugging Face `transformers`, small and with closed-form weights, from images to boxes.
 * The weights come from a file under the names that `save_pretrained` writes.
 */
import { type Detector, dabDetr, detr, loadParameters } from '@dn-detr/core';
import { resizeMask, type TransformerOutput } from '@dn-detr/core/models';
import { reshape, slice, sub, type Tensor, type Tensor3D, type Tensor4D, transpose } from '@tensorflow/tfjs-core';
import type { Check, Computed } from '../check.ts';
import { type Fixture, storedName } from '../fixture.ts';
import { waveOf } from '../formula.ts';
import { loadTensor, take, withoutLeak } from '../gradients.ts';
import { countsAt, FixtureError, objectAt, stringAt } from '../json.ts';
import { channelsFirst, checkpointOf, type HfOptions, imagesOf, optionsOf, spreadOf } from './hf-parts.ts';

export const hfSmallCheck: Check = {
  // `valid` gives the sizes from which `pixel_mask` was drawn.
  inputs: ['pixel_mask', 'valid', 'image_shape', 'model', 'config', 'layout', 'wave', 'noise_float32'],
  optional: ['c5', 'proj', '*_last_hidden_state'],
  cases: ({ cases }) => [...cases.keys()],
  run: (fixture, caseName) => withoutLeak(() => runCase(fixture, caseName)),
};

function runCase(fixture: Fixture, caseName: string): Record<string, Computed> {
  const where = `cases.${caseName}`;
  const facts = objectAt(fixture.cases.get(caseName), where);
  const wave = waveOf(stringAt(facts.wave, `${where}.wave`), `${where}.wave`);
  const build = builderOf(stringAt(facts.model, `${where}.model`), `${where}.model`);
  const options = optionsOf(objectAt(facts.config, `${where}.config`), `${where}.config`);
  const detector = build(options);
  const checkpoint = checkpointOf(fixture, stringAt(facts.layout, `${where}.layout`), wave);
  const { parameters } = loadParameters(checkpoint, detector.parameters);

  const valid = loadTensor(fixture, caseName, 'pixel_mask') as Tensor3D;
  const images = imagesOf(countsAt(facts.image_shape, `${where}.image_shape`), wave, valid);
  const padding = sub<Tensor3D>(1, valid);
  const output = detector.forward(parameters, { images, padding });

  // The encoder starts from recorded features: no noise was measured for its tolerance, which is too tight for the
  // rounding of a backbone before it. In `dab_basic_sin` even full float64 would fail, by a quarter.
  const [ours] = options.backbone.forward(parameters, images) as [Tensor4D];
  const features = fixture.tensors.has(storedName(caseName, 'c5'))
    ? (transpose(loadTensor(fixture, caseName, 'c5'), [0, 2, 3, 1]) as Tensor4D)
    : ours;
  const [batch, height, width] = features.shape;
  const encoded = (model: Detector<TransformerOutput>): Tensor =>
    model.forwardFeatures(parameters, { levels: [{ features, padding: resizeMask(padding, [height, width]) }] }).memory;
  // An encoder without layers returns its input.
  const projected = reshape(encoded(build({ ...options, encoderLayers: 0 })), [batch, height, width, -1]);

  const { layers, queries } = detector;
  const lastLayer = (x: Tensor): Tensor => reshape(slice(x, layers - 1, 1), x.shape.slice(1));
  const boxes = lastLayer(output.sets[0].boxes);
  return {
    c5: take(channelsFirst(ours)),
    proj: take(channelsFirst(projected)),
    encoder_last_hidden_state: take(reshape(encoded(detector), [batch, height * width, -1])),
    decoder_last_hidden_state: take(lastLayer(reshape(output.hidden, [layers, batch, queries, -1]))),
    logits: take(lastLayer(output.sets[0].logits)),
    ...spreadOf(facts, where, boxes),
    pred_boxes: take(boxes),
  };
}

/** @param name of the class in transformers */
function builderOf(name: string, where: string): (options: HfOptions) => Detector<TransformerOutput> {
  switch (name) {
    case 'DetrForObjectDetection':
      return (options) => detr(options);
    case 'DabDetrForObjectDetection':
      return (options) => dabDetr({ ...options, anchorEpsilon: 1e-5 });
    default:
      throw new FixtureError(`${where}: unknown model '${name}'`);
  }
}
