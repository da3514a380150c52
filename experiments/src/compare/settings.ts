/** What sets a run apart from others: its settings, as far as they count. */
import { type DottedValues, flatValues, isIgnored, type RunConfig } from '@dn-detr/train';

/** All but the seed, which differs between the runs of one model, and what the model makes nothing of. */
export function settingsOf({ seed: _, ...config }: RunConfig): DottedValues {
  return Object.fromEntries(Object.entries(flatValues(config)).filter(([key]) => !isIgnored(config.model.name, key)));
}
