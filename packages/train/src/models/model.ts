/** Builds the model that a configuration describes, ready to be trained. */
import { type Backbone, type Detector, ParameterLayout, splitFrozen } from '@dn-detr/core';
import { type Catalog, entryNamed, catalog as standard } from '../catalog.ts';
import type { RunConfig } from '../config/schema.ts';
import type { Objective } from '../objective/objective.ts';
import { groupedByRate, type RateGroup } from '../parameter-rates.ts';
import { UserError } from '../user-error.ts';

/** A model that is ready to be trained. */
export interface Model {
  readonly detector: Detector;
  readonly objective: Objective;
  /** Whether it is trained with known queries. */
  readonly denoises: boolean;
  /** Whether it is trained with dropout, so that its forward passes in training need random numbers. */
  readonly drops: boolean;
  readonly trained: ParameterLayout<string, RateGroup>;
  readonly frozen: ParameterLayout;
}

/**
 * Builds the model of a configuration.
 *
 * @throws UserError if the catalogue has no such model or backbone, or no model can be built with these sizes
 */
export function buildModel(
  config: Pick<RunConfig, 'model' | 'objective' | 'denoising' | 'optimizer'>,
  numClasses: number,
  catalog: Catalog = standard,
): Model {
  const { name, backbone, ...settings } = config.model;
  const spec = entryNamed(catalog.models, 'name', name, 'model.name');
  const whole = buildBackbone(backbone, catalog);
  const detector = naming('model.', RangeError, () => spec.build(settings, whole, numClasses));
  requireTrainedStages(whole, detector.backbone);
  const declared = splitFrozen(detector.parameters);
  return {
    detector,
    objective: spec.objective.build(config.objective),
    drops: spec.drops?.(settings) ?? false,
    denoises: config.denoising !== undefined && config.denoising.groups !== 0,
    trained: new ParameterLayout(groupedByRate(declared.trained, config.optimizer)),
    frozen: new ParameterLayout(declared.frozen),
  };
}

function buildBackbone({ kind, ...settings }: RunConfig['model']['backbone'], { backbones }: Catalog): Backbone {
  const spec = entryNamed(backbones, 'kind', kind, 'model.backbone.kind');
  return naming('model.backbone: ', Error, () => spec.build(settings));
}

/**
 * Checks that training reaches the backbone.
 *
 * @throws UserError if all stages that the settings train are among those that the model leaves out
 */
function requireTrainedStages(whole: Backbone, taken: Backbone): void {
  const isTrained = ({ group }: Backbone['parameters'][number]): boolean => group !== 'frozen';
  if (!whole.parameters.some(isTrained) || taken.parameters.some(isTrained)) return;
  throw new UserError(
    'model.backbone.trainStages asks for stages that come after the last level that the model takes (model.level or ' +
      'model.strides), so that no part of the backbone would be trained: raise trainStages, which counts from the last stage ' +
      'of the full backbone, until it reaches that level, set it to 0 to train none, or take a later level',
  );
}

/** Puts the name of a part before the message of errors of this class, which are for the user. */
function naming<T>(part: string, kind: typeof Error, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof kind) || error instanceof UserError) throw error;
    throw new UserError(`${part}${error.message}`, { cause: error });
  }
}
