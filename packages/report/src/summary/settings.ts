/** Settings that set a run apart from others. */
import { type DottedValues, flatValues, type RunConfig } from '@dn-detr/train';

/** All but the seed, which differs between the runs of one model. */
export const settingsOf = ({ seed: _, ...config }: RunConfig): DottedValues => flatValues(config);
