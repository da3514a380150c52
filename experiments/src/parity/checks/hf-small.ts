/**
 * DETR and DAB-DETR of Hugging Face `transformers`, small and with closed-form weights, from images to boxes. The
 * weights come from a file under the names that `save_pretrained` writes.
 */
import { type Backbone, type Detector, dabDetr, detr, loadParameters, readCheckpoint, resnet } from '@dn-detr/core';
import { type DetectorOptions, resizeMask, type TransformerOutput } from '@dn-detr/core/models';
import { type Checkpoint, type SafeTensor, writeSafetensors } from '@dn-detr/core/weights';
import {
  expandDims,
  mean,
  moments,
  mul,
  type Rank,
  reshape,
  slice,
  sqrt,
  sub,
  type Tensor,
  type Tensor3D,
  type Tensor4D,
  tensor,
  transpose,
} from '@tensorflow/tfjs-core';
import type { Check, Computed } from '../check.ts';
import { type Fixture, storedName } from '../fixture.ts';
import { formulaImage, formulaWeight, type Wave, waveOf, weightKind } from '../formula.ts';
import { loadTensor, take, withoutLeak } from '../gradients.ts';
import { arrayAt, countAt, countsAt, FixtureError, type JsonObject, numberAt, objectAt, stringAt } from '../json.ts';

export const hfSmallCheck: Check = {
  // `valid` gives the sizes that `pixel_mask` draws.
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

  // The encoder starts from recorded features: its tolerance, for which no noise was measured, is too close for the
  // rounding of a backbone before it. In `dab_basic_sin` even float64 throughout would fail by a quarter.
  const [ours] = options.backbone.forward(parameters, images) as [Tensor4D];
  const features = fixture.tensors.has(storedName(caseName, 'c5'))
    ? (transpose(loadTensor(fixture, caseName, 'c5'), [0, 2, 3, 1]) as Tensor4D)
    : ours;
  const [batch, height, width] = features.shape;
  const encoded = (model: Detector<TransformerOutput>): Tensor =>
    model.forwardFeatures(parameters, { levels: [{ features, padding: resizeMask(padding, [height, width]) }] }).memory;
  // What enters the encoder is what comes out of one without layers.
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
    ...(facts.query_spread !== undefined && {
      query_spread: {
        values: spreadOfQueries(boxes).dataSync<'float32'>(),
        expected: { values: [numberAt(facts.query_spread, `${where}.query_spread`)] },
      },
    }),
    pred_boxes: take(boxes),
  };
}

type Options = DetectorOptions & { readonly patterns?: number };

/** @param name of the class in transformers */
function builderOf(name: string, where: string): (options: Options) => Detector<TransformerOutput> {
  switch (name) {
    case 'DetrForObjectDetection':
      return (options) => detr(options);
    case 'DabDetrForObjectDetection':
      return (options) => dabDetr({ ...options, anchorEpsilon: 1e-5 });
    default:
      throw new FixtureError(`${where}: unknown model '${name}'`);
  }
}

/** From a `DetrConfig` or `DabDetrConfig`, of which one calls the width `d_model` and the other `hidden_size`. */
function optionsOf(config: JsonObject, where: string): Options {
  const count = (field: string): number => countAt(config[field], `${where}.${field}`);
  /** Ours are the same in both. */
  const inBoth = (field: string): number => {
    const [own, others] = [count(`encoder_${field}`), count(`decoder_${field}`)];
    if (own === others) return own;
    throw new FixtureError(`${where}.decoder_${field}: expected ${own}, that of the encoder, found ${others}`);
  };
  return {
    backbone: backboneOf(objectAt(config.backbone, `${where}.backbone`), `${where}.backbone`),
    numClasses: count('num_labels'),
    queries: count('num_queries'),
    width: count('d_model' in config ? 'd_model' : 'hidden_size'),
    heads: inBoth('attention_heads'),
    feedForward: inBoth('ffn_dim'),
    encoderLayers: count('encoder_layers'),
    decoderLayers: count('decoder_layers'),
    ...(config.num_patterns !== undefined && { patterns: count('num_patterns') }),
  };
}

/** From a `ResNetConfig`, whose `hidden_sizes` are the channels that come out of each stage. */
function backboneOf(config: JsonObject, where: string): Backbone {
  const ofStages = (field: string): [number, number, number, number] => {
    const counts = countsAt(config[field], `${where}.${field}`);
    if (counts.length !== 4) throw new FixtureError(`${where}.${field}: expected 4 stages, found ${counts.length}`);
    return counts as [number, number, number, number];
  };
  const [c2, c3, c4, c5] = ofStages('hidden_sizes');
  const bottleneck = stringAt(config.layer_type, `${where}.layer_type`) === 'bottleneck';
  const sizes = {
    blocks: ofStages('depths'),
    bottleneck,
    stem: countAt(config.embedding_size, `${where}.embedding_size`),
    widths: bottleneck ? ([c2 / 4, c3 / 4, c4 / 4, c5 / 4] as const) : ([c2, c3, c4, c5] as const),
  };
  return resnet({ sizes });
}

/** A file as transformers writes it, read. */
function checkpointOf({ json }: Fixture, name: string, wave: Wave): Checkpoint {
  const where = `layouts.${name}`;
  const layout = objectAt(objectAt(json.layouts, 'layouts')[name], where);
  const tied = objectAt(layout.tied, `${where}.tied`);
  const diskNames = objectAt(layout.disk_names, `${where}.disk_names`);
  const tensors = new Map<string, SafeTensor>();
  arrayAt(layout.state_dict, `${where}.state_dict`).forEach((value, i) => {
    const place = `${where}.state_dict[${i}]`;
    const entry = objectAt(value, place);
    const own = stringAt(entry.name, `${place}.name`);
    // Not written: another entry has the same tensor.
    if (!(own in diskNames)) return;
    const shape = countsAt(entry.shape, `${place}.shape`);
    const kind = weightKind(stringAt(entry.kind, `${place}.kind`), `${place}.kind`);
    const weight = { name: stringAt(tied[own] ?? own, `${where}.tied.${own}`), shape, kind, wave };
    tensors.set(stringAt(diskNames[own], `${where}.disk_names.${own}`), {
      dtype: 'F32',
      shape,
      data: formulaWeight(weight),
    });
  });
  return readCheckpoint(writeSafetensors(tensors), `${name}.safetensors`);
}

/**
 * The formula's images, 0 where padded.
 *
 * @param shape `[B, 3, H, W]`
 * @param valid `[B, H, W]`, 0 where padded
 * @returns `[B, H, W, 3]`
 */
function imagesOf(shape: readonly number[], wave: Wave, valid: Tensor3D): Tensor4D {
  const size = shape.reduce((product, axis) => product * axis, 1);
  const pixels = tensor<Rank.R4>(formulaImage(wave, size), shape as Tensor4D['shape']);
  return mul(transpose(pixels, [0, 2, 3, 1]), expandDims(valid, 3));
}

/** `[B, h, w, C]` to `[B, C, h, w]`. */
const channelsFirst = (x: Tensor): Tensor => transpose(x, [0, 3, 1, 2]);

/** The standard deviation over the queries of boxes `[B, Q, 4]`, as `torch.std` has it, in the mean. */
function spreadOfQueries(boxes: Tensor): Tensor {
  const queries = boxes.shape[1] as number;
  return mean(sqrt(mul(moments(boxes, 1).variance, queries / (queries - 1))));
}
