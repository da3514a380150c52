/** What a recipe is: a named starting point for a run. */
import type { RunOverrides } from '@dn-detr/train';

export interface Recipe {
  readonly name: string;
  /** one line for `--help` */
  readonly title: string;
  /** all that is left out has its default */
  readonly config: RunOverrides;
  /** what `compare` trains where no models are named; detr, dab-detr and dn-detr by default */
  readonly compared?: readonly string[];
}
