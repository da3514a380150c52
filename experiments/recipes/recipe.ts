/** Recipes: named starting points for a run. */
import type { RunOverrides } from '@dn-detr/train';

export interface Recipe {
  readonly name: string;
  /** One line for `--help`. */
  readonly title: string;
  /** The settings; everything left out has its default. */
  readonly config: RunOverrides;
  /** Models that `compare` trains where none are named. @defaultValue detr, dab-detr and dn-detr */
  readonly compared?: readonly string[];
}
