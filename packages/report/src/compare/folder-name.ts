/** Names the folders of a comparison's models. */
import { fittingName } from '@dn-detr/train/files';

/** A folder's name for a model; letters of all scripts are kept, so that different names have different folders. */
export const folderName = (name: string): string => fittingName(name.replaceAll(/[^\p{L}\p{M}\p{N}_.=-]+/gu, '_'));
