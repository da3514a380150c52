/** At what the runs of two models can be held against each other. */
import type { RunConfig, StoredConfig } from '@dn-detr/train';
import type { Equal } from './summary.ts';

/**
 * At equal steps, unless the learning rate goes by the share of a time that is over: a model with quicker steps then does
 * more of them before it falls. At equal seconds, where all were computed with the same.
 *
 * @param runs of both models
 */
export function comparableAt(runs: readonly StoredConfig[]): Equal[] {
  const [first] = runs.map(({ environment }) => environment);
  const sameRates = !runs.some(({ config }) => config.length.unit === 'minutes' && goesByShare(config.schedule));
  const sameSpeed = runs.every(
    ({ environment: { backend, cpus } }) => backend === first?.backend && cpus === first.cpus,
  );
  return [...(sameRates ? (['steps'] as const) : []), ...(sameSpeed ? (['seconds'] as const) : [])];
}

const goesByShare = ({ kind, drops }: RunConfig['schedule']): boolean => kind === 'cosine' || drops.length > 0;
