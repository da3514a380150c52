/** The folder of a model's runs in that of a comparison. */
import { fittingName } from '@dn-detr/train/files';

/** A folder's name for it: letters of all scripts stay, so that names differ as folders too. */
export const folderName = (name: string): string => fittingName(name.replaceAll(/[^\p{L}\p{M}\p{N}_.=-]+/gu, '_'));
