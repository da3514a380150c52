/** What a recipe is: a named starting point for a run. */
import type { RunOverrides } from '@dn-detr/train';

export interface Recipe {
  readonly name: string;
  /** One line for `--help`. */
  readonly title: string;
  /** The settings; everything left out has its default. */
  readonly config: RunOverrides;
  /** What `compare` trains where no models are named. @defaultValue detr, dab-detr and dn-detr */
  readonly compared?: readonly string[];
}
