/** The model that a configuration describes, ready to be trained. */
import { type Backbone, type Detector, ParameterLayout, splitFrozen } from '@dn-detr/core';
import { type Catalog, catalog as standard } from '../catalog.ts';
import type { RunConfig } from '../config/schema.ts';
import type { Objective } from '../objective/objective.ts';
import { groupedByRate, type RateGroup } from '../parameter-rates.ts';
import { UserError } from '../user-error.ts';
import type { ModelSpec } from './model-spec.ts';

export interface Model {
  readonly detector: Detector;
  readonly objective: Objective;
  /** it is trained with known queries */
  readonly denoises: boolean;
  /** it is trained with dropout, so that its passes in training need random numbers */
  readonly drops: boolean;
  readonly trained: ParameterLayout<string, RateGroup>;
  readonly frozen: ParameterLayout;
}

/** @throws UserError if no model can be built with these sizes */
export function buildModel(
  config: Pick<RunConfig, 'model' | 'objective' | 'denoising' | 'optimizer'>,
  numClasses: number,
  catalog: Catalog = standard,
): Model {
  const { name, backbone, ...settings } = config.model;
  const spec = catalog.models.find((known) => known.name === name) as ModelSpec;
  const detector = naming('model.', RangeError, () =>
    spec.build(settings, buildBackbone(backbone, catalog), numClasses),
  );
  const declared = splitFrozen(detector.parameters);
  return {
    detector,
    objective: spec.objective.build(config.objective),
    drops: Number(settings.dropout ?? 0) > 0,
    denoises: config.denoising !== undefined && config.denoising.groups > 0,
    trained: new ParameterLayout(groupedByRate(declared.trained, config.optimizer)),
    frozen: new ParameterLayout(declared.frozen),
  };
}

function buildBackbone({ kind, ...settings }: RunConfig['model']['backbone'], { backbones }: Catalog): Backbone {
  const spec = backbones.find((known) => known.kind === kind);
  if (spec === undefined) throw new UserError(`model.backbone.kind is ${kind}, which is not among the backbones`);
  return naming('model.backbone: ', Error, () => spec.build(settings));
}

/** Says of what errors of this kind are, which are for the user. */
function naming<T>(part: string, kind: typeof Error, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof kind) || error instanceof UserError) throw error;
    throw new UserError(`${part}${error.message}`, { cause: error });
  }
}
