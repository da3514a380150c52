/** Settings that several models have, with the papers' defaults. */
import { z } from 'zod';

export const count = z.int().min(1);

/** Sizes of the transformer. */
const transformerSettings = {
  width: count.default(256),
  heads: count.default(8),
  feedForward: count.default(2048),
  encoderLayers: z.int().min(0).default(6),
  decoderLayers: count.default(6),
  /** Q, matching queries */
  queries: count.default(300),
  dropout: z.number().min(0).lt(1).default(0),
};

/** Of models that take one level of the backbone's features. */
const singleLevelSettings = {
  /** Stride of that level; null for the last. */
  level: count.nullable().default(null),
  ...transformerSettings,
};

/** Of a `ModelSpec` with these settings. */
export const drops = ({ dropout }: { readonly dropout: number }): boolean => dropout > 0;

/** Settings of models whose queries are content and their own position. */
export const detrSettings = z.strictObject({
  ...singleLevelSettings,
  /** Whether each part of a layer is normalised before it. */
  preNorm: z.boolean().default(false),
});

/** Settings of models whose queries are anchors. */
export const anchorSettings = z.strictObject({
  ...singleLevelSettings,
  activation: z.enum(['relu', 'prelu']).default('prelu'),
  /** Number of learned contents for each anchor; 0 for one that is not learned. */
  patterns: z.int().min(0).default(0),
  /** Temperature of the sine positions along both axes. */
  temperature: count.default(20),
  /** Whether every decoder layer, not only the first, adds the query's position in its cross-attention. */
  keepQueryPosition: z.boolean().default(false),
});

/** Settings of models with deformable attention. */
export const deformableSettings = z.strictObject({
  ...transformerSettings,
  /** Strides of the backbone's levels that the model takes; null for all. */
  strides: z.array(count).min(1).nullable().default(null),
  /** L; strided convolutions add those that are not taken from the backbone */
  featureLevels: count.default(4),
  /** Points that each head samples on each level. */
  points: count.default(4),
});
