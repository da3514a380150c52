import type { RunOverrides } from '@dn-detr/train';

/** A named set of settings to start from. */
export interface Recipe {
  readonly name: string;
  /** One line that describes the recipe. */
  readonly title: string;
  /** The settings that differ from the defaults. */
  readonly config: RunOverrides;
  /**
   * Models that `compare` trains if none are named, with their own settings after a plus.
   *
   * @defaultValue `['detr', 'dab-detr', 'dn-detr']`
   */
  readonly compared?: readonly string[];
}
