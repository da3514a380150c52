/** Reads the sizes of a ResNet from the shapes of its weights. */
import type { ResNetSizes } from '@dn-detr/core/models';
import { FixtureError } from '../json.ts';

type Shapes = ReadonlyMap<string, readonly number[]>;
type OfFourStages = [number, number, number, number];

/**
 * @param shapes by torchvision's names after `prefix`, in PyTorch's layouts
 * @throws FixtureError that names the missing weight
 */
export function resnetSizesOf(shapes: Shapes, prefix: string): Required<ResNetSizes> {
  const outputsOf = (name: string): number => {
    const outputs = shapes.get(`${prefix}${name}`)?.[0];
    if (outputs !== undefined) return outputs;
    throw new FixtureError(`there is no ${prefix}${name}: expected the weights of a ResNet of four stages`);
  };
  const ofStages = (read: (stage: string) => number): OfFourStages => [
    read('layer1'),
    read('layer2'),
    read('layer3'),
    read('layer4'),
  ];
  return {
    stem: outputsOf('conv1.weight'),
    bottleneck: shapes.has(`${prefix}layer1.0.conv3.weight`),
    blocks: ofStages((stage) => countLayers(shapes.keys(), `${prefix}${stage}.`)),
    widths: ofStages((stage) => outputsOf(`${stage}.0.conv1.weight`)),
  };
}

/** Number of layers, from the indices after `start` in the names: 6 if the last name continues with `5.linear1.weight`. */
export function countLayers(names: Iterable<string>, start: string): number {
  const numbers = [...names]
    .filter((name) => name.startsWith(start))
    .map((name) => Number.parseInt(name.slice(start.length), 10));
  return 1 + Math.max(-1, ...numbers);
}
