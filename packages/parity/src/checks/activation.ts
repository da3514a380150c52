/** Reads the activation that a fixture names. */
import type { LayerOptions } from '@dn-detr/core/models';
import { FixtureError } from '../json.ts';

/**
 * Reads an activation; ReLU if none is given, as in DETR.
 *
 * @throws FixtureError for anything but ReLU and PReLU
 */
export function activationOf(value: unknown): LayerOptions['activation'] {
  if (value === undefined || value === 'relu') return 'relu';
  if (value === 'prelu') return 'prelu';
  throw new FixtureError(`activation: expected relu or prelu, found ${JSON.stringify(value)}`);
}
