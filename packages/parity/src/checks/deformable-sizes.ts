/** Builds our model with deformable attention from the shapes of its tensors. */
import { type Backbone, type Detector, deformableDetr, dino, dnDeformableDetr, resnet } from '@dn-detr/core';
import { FixtureError } from '../json.ts';
import { givenFeatures } from './deformable-setup.ts';
import { countLayers, resnetSizesOf } from './resnet-sizes.ts';

type Shapes = ReadonlyMap<string, readonly number[]>;

const resnetPrefix = 'backbone.0.body.';

/**
 * @param shapes by our names, in PyTorch's layouts; without a backbone among them, the model takes features
 * @param points that each head samples on each level, where it matters: the shapes show only heads times points
 * @throws FixtureError if a tensor that gives a size is missing
 */
export function deformableModelOf(shapes: Shapes, points?: number): Detector {
  const shapeOf = (...names: string[]): readonly number[] => {
    const found = names.map((name) => shapes.get(name)).find((shape) => shape !== undefined);
    if (found !== undefined) return found;
    throw new FixtureError(`there is no tensor ${names.join(' or ')}: expected the weights of a Deformable DETR`);
  };
  const size = (...names: string[]): number => shapeOf(...names)[0] as number;
  const [encoder, decoder] = ['transformer.encoder', 'transformer.decoder'];
  const [featureLevels, width] = shapeOf('transformer.level_embed') as [number, number];
  const samples = size(`${decoder}.layers.0.cross_attn.attention_weights.weight`) / featureLevels;
  const common = {
    backbone: backboneOf(shapes, featureLevels),
    width,
    featureLevels,
    heads: points === undefined ? 1 : samples / points,
    points: points ?? samples,
    feedForward: size(`${decoder}.layers.0.linear1.weight`),
    encoderLayers: countLayers(shapes.keys(), `${encoder}.layers.`),
    decoderLayers: countLayers(shapes.keys(), `${decoder}.layers.`),
    numClasses: size('class_embed.0.weight', `${decoder}.class_embed.0.weight`),
  };
  if (shapes.has('transformer.enc_out_class_embed.weight')) {
    const contents = shapes.get('transformer.tgt_embed.weight');
    return dino({
      ...common,
      // If contents are not learned, queries have no parameters.
      queries: contents?.[0] ?? 1,
      content: contents ? 'learned' : 'encoder',
      shareHeads: !shapes.has(`${decoder}.class_embed.1.weight`),
      learnedProposalSize: shapes.has('transformer.two_stage_wh_embedding.weight'),
      // One row stands for "no label".
      labelBook: size('label_enc.weight') - 1,
    });
  }
  const contents = shapes.get('tgt_embed.weight');
  if (contents !== undefined) {
    return dnDeformableDetr({ ...common, queries: contents[0] as number, indicator: contents[1] === width - 1 });
  }
  const twoStage = shapes.has('transformer.pos_trans.weight');
  return deformableDetr({
    ...common,
    // The queries of a two-stage model have no parameters.
    queries: twoStage ? 1 : size('query_embed.weight'),
    boxRefinement: shapes.has(`${decoder}.bbox_embed.0.layers.0.weight`),
    twoStage,
  });
}

/** The levels of the backbone are those that a 1×1 convolution projects. */
function backboneOf(shapes: Shapes, featureLevels: number): Backbone {
  const channels = Array.from({ length: featureLevels }, (_, level) => shapes.get(`input_proj.${level}.0.weight`))
    .filter((shape) => shape?.[2] === 1)
    .map((shape) => shape?.[1] as number);
  if (![...shapes.keys()].some((name) => name.startsWith(resnetPrefix))) return givenFeatures(channels);
  const levels = (['layer1', 'layer2', 'layer3', 'layer4'] as const).slice(-channels.length);
  return resnet({ sizes: resnetSizesOf(shapes, resnetPrefix), levels });
}
