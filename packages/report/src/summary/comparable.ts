/** Decides whether the runs of two models can be compared at equal steps and at equal seconds. */
import type { RunConfig, StoredConfig } from '@dn-detr/train';
import type { Equal } from './summary.ts';

/**
 * Runs are comparable at equal steps unless the schedule depends on elapsed time, because models with faster steps then take
 * more of them before the learning rate drops. They are comparable at equal seconds if the backend and the number of CPU cores
 * are the same.
 *
 * @param runs - The runs of both models.
 */
export function comparableAt(runs: readonly StoredConfig[]): Equal[] {
  const [first] = runs.map(({ environment }) => environment);
  const sameRates = !runs.some(({ config }) => config.length.unit === 'minutes' && dependsOnLength(config.schedule));
  const sameSpeed = runs.every(
    ({ environment: { backend, cpus } }) => backend === first?.backend && cpus === first.cpus,
  );
  return [...(sameRates ? (['steps'] as const) : []), ...(sameSpeed ? (['seconds'] as const) : [])];
}

const dependsOnLength = ({ kind, drops }: RunConfig['schedule']): boolean => kind === 'cosine' || drops.length > 0;
