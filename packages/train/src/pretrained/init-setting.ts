/** The setting `init` where it names pretrained weights, which depend on the backbone. */
import { type Catalog, entryNamed } from '../catalog.ts';
import type { RunConfig } from '../config/schema.ts';
import { UserError } from '../user-error.ts';
import type { PretrainedWeights } from './pretrained-weights.ts';

/** The pretrained weights of a backbone, if there are any. */
function pretrainedOf(
  { kind, ...settings }: RunConfig['model']['backbone'],
  { backbones }: Catalog,
): PretrainedWeights | undefined {
  return entryNamed(backbones, 'kind', kind, 'model.backbone.kind').pretrained?.(settings);
}

/** The value of `init` where the settings do not state it. */
export const defaultInit = ({ model }: Pick<RunConfig, 'model'>, catalog: Catalog): RunConfig['init'] =>
  pretrainedOf(model.backbone, catalog) === undefined ? 'none' : 'pretrained';

/**
 * The pretrained weights that a run starts from; undefined if it starts from anything else.
 *
 * @throws Problem if the run asks for pretrained weights and there are none for its backbone
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
    `init is "pretrained", but there are no pretrained weights for model.backbone ${model.backbone.kind}: ` +
      `${others}. Set init to a file with its weights, or to none`,
  );
}
