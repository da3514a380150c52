import { type DottedValues, flatValues, type RunConfig } from '@dn-detr/train';

/** The settings of a run by dotted key, except for the seed, which differs between the runs of one model. */
export const settingsOf = ({ seed: _, ...config }: RunConfig): DottedValues => flatValues(config);
