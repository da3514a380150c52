/** Checkpoints of untrained models, for tests. */
import path from 'node:path';
import { initialParameters, type NamedTensors } from '@dn-detr/core';
import { smallConfig } from '@dn-detr/testing/small-run';
import { buildModel, type DottedValues, saveWeights } from '@dn-detr/train';
import { dispose } from '@tensorflow/tfjs-core';
import { readTrained, type Trained } from '../../predict/trained.ts';

const categories = [
  { id: 1, name: 'disc' },
  { id: 2, name: 'square' },
];

/** @param folder - Folder for the checkpoint's file. */
export async function untrained(folder: string, values: DottedValues = {}): Promise<Trained> {
  const config = smallConfig(values);
  const model = buildModel(config, categories.length);
  const weights: NamedTensors = initialParameters(model.detector.parameters, 1);
  const file = path.join(folder, 'weights.safetensors');
  await saveWeights(file, model, weights, { config, categories });
  dispose(weights);
  return readTrained(file);
}
