/** Settings that several models share, with the papers' defaults. */
import { z } from 'zod';

export const count = z.int().min(1);

/** Sizes of the transformer. */
const transformerSettings = {
  /** d, the number of channels. @defaultValue 256 */
  width: count.default(256),
  /** Number of attention heads. @defaultValue 8 */
  heads: count.default(8),
  /** Width of the feed-forward networks. @defaultValue 2048 */
  feedForward: count.default(2048),
  /** Number of encoder layers. @defaultValue 6 */
  encoderLayers: z.int().min(0).default(6),
  /** Number of decoder layers. @defaultValue 6 */
  decoderLayers: count.default(6),
  /** Q, the number of matching queries. @defaultValue 300 */
  queries: count.default(300),
  /** Dropout rate in training. @defaultValue 0 */
  dropout: z.number().min(0).lt(1).default(0),
};

/** Settings of models that take one level of the backbone's features. */
const singleLevelSettings = {
  /** Stride of that level; null for the last. @defaultValue null */
  level: count.nullable().default(null),
  ...transformerSettings,
};

/** `ModelSpec.drops` for models with these settings. */
export const drops = ({ dropout }: { readonly dropout: number }): boolean => dropout > 0;

/** Settings of models whose queries consist of content and a separate position. */
export const detrSettings = z.strictObject({
  ...singleLevelSettings,
  /** Whether to normalise before each part of a layer instead of after it. @defaultValue false */
  preNorm: z.boolean().default(false),
});

/** Settings of models whose queries are anchors. */
export const anchorSettings = z.strictObject({
  ...singleLevelSettings,
  /** Activation of the feed-forward networks. @defaultValue `prelu` */
  activation: z.enum(['relu', 'prelu']).default('prelu'),
  /** Number of learned contents for each anchor; 0 for one that is not learned. @defaultValue 0 */
  patterns: z.int().min(0).default(0),
  /** Temperature of the sine positions along both axes. @defaultValue 20 */
  temperature: count.default(20),
  /**
   * Whether every decoder layer, not only the first, adds the query's position in its cross-attention.
   *
   * @defaultValue false
   */
  keepQueryPosition: z.boolean().default(false),
});

/** Settings of models with deformable attention. */
export const deformableSettings = z.strictObject({
  ...transformerSettings,
  /** Strides of the backbone's levels that the model takes; null for all. @defaultValue null */
  strides: z.array(count).min(1).nullable().default(null),
  /**
   * L, the number of feature levels; strided convolutions add the levels that are not taken from the backbone.
   *
   * @defaultValue 4
   */
  featureLevels: count.default(4),
  /** Number of points that each head samples on each level. @defaultValue 4 */
  points: count.default(4),
});
