/** Start values from pretrained weights: all parameters of the backbone. */
import { loadParameters } from '@dn-detr/core';
import { dispose } from '@tensorflow/tfjs-core';
import { type Catalog, catalog as standard } from '../catalog.ts';
import { loadWeights } from '../checkpoint.ts';
import type { RunConfig } from '../config/schema.ts';
import type { Model } from '../models/model.ts';
import type { StartValues } from '../start-values.ts';
import { UserError } from '../user-error.ts';
import { fetchWeights } from './fetch.ts';
import { weightsOf } from './init-setting.ts';
import type { PretrainedWeights } from './pretrained-weights.ts';

/**
 * Reads the parameters of the model's backbone. Anything else in the file, such as a classifier, is ignored.
 *
 * @param file the file with the weights
 * @throws UserError if it lacks one of the parameters
 */
export function backboneValues(
  file: string,
  { name, licence, origin }: PretrainedWeights,
  { detector }: Model,
): StartValues {
  const declared = detector.backbone.parameters;
  const { parameters, missing, misshaped } = loadParameters(loadWeights(file), declared, 'matching');
  const lacking = [...missing, ...misshaped.map(({ name }) => name)];
  if (lacking.length > 0) {
    dispose(parameters);
    throw new UserError(
      `the pretrained weights ${name} do not fit the backbone: ${file} has no ${lacking.slice(0, 3).join(', ')} of its ` +
        `shape (${lacking.length} of ${declared.length} parameters). Set init to another file, or to none`,
    );
  }
  return {
    parameters,
    notices: [
      `the backbone starts from the weights ${name} (${licence}; ${origin}), all other parameters are random, drawn with the seed`,
    ],
  };
}

/**
 * Downloads the pretrained weights that a run starts from, if there are any. Call it once before runs that train at the
 * same time.
 *
 * @throws UserError if they cannot be downloaded
 */
export async function fetchStart(
  config: Pick<RunConfig, 'init' | 'model'>,
  catalog: Catalog = standard,
): Promise<void> {
  const weights = weightsOf(config, catalog);
  if (weights !== undefined) await fetchWeights(weights);
}
