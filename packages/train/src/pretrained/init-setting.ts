/** The setting `init` where it stands for pretrained weights, which depend on the backbone. */
import { type Catalog, entryNamed } from '../catalog.ts';
import type { RunConfig } from '../config/schema.ts';
import { UserError } from '../user-error.ts';
import type { PretrainedWeights } from './pretrained-weights.ts';

/** The pretrained weights that there are of a backbone. */
function pretrainedOf(
  { kind, ...settings }: RunConfig['model']['backbone'],
  { backbones }: Catalog,
): PretrainedWeights | undefined {
  return entryNamed(backbones, 'kind', kind, 'model.backbone.kind').pretrained?.(settings);
}

/** Value of `init` where nobody states it. */
export const defaultInit = ({ model }: Pick<RunConfig, 'model'>, catalog: Catalog): RunConfig['init'] =>
  pretrainedOf(model.backbone, catalog) === undefined ? 'none' : 'pretrained';

/**
 * The pretrained weights that a run starts from; undefined where it starts from others.
 *
 * @throws UserError, or what is given in its place, if it asks for some and there are none of its backbone
 */
export function weightsOf(
  { init, model }: Pick<RunConfig, 'init' | 'model'>,
  catalog: Catalog,
  Problem: typeof UserError = UserError,
): PretrainedWeights | undefined {
  if (init !== 'pretrained') return undefined;
  const weights = pretrainedOf(model.backbone, catalog);
  if (weights !== undefined) return weights;
  const kinds = catalog.backbones.filter(({ pretrained }) => pretrained !== undefined).map(({ kind }) => kind);
  const others = kinds.length === 0 ? 'no backbone has any' : `there are weights of ${kinds.join(' and ')}`;
  throw new Problem(
    `init is "pretrained", but there are no pretrained weights of model.backbone ${model.backbone.kind} to be fetched: ` +
      `${others}. Name a file of its weights as init, or none`,
  );
}
