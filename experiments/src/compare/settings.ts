/** What sets a run apart from others: its settings, as far as they count. */
import { isIgnored } from '../config/ignored-settings.ts';
import { type DottedValues, flatValues } from '../config/overrides.ts';
import type { RunConfig } from '../config/schema.ts';

/**
 * All but the seed, which differs between the runs of one model, and what the model makes nothing of: without groups of known
 * queries that is all the rest of `denoising`.
 */
export function settingsOf({ seed: _, ...config }: RunConfig): DottedValues {
  const counts = (key: string): boolean =>
    !isIgnored(config.model.name, key) &&
    (config.denoising.groups > 0 || key === 'denoising.groups' || !key.startsWith('denoising.'));
  return Object.fromEntries(Object.entries(flatValues(config)).filter(([key]) => counts(key)));
}
