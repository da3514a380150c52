/** The settings of denoising: those of `@dn-detr/dn`, for the kinds that a model can be trained with. */
import { type DenoisingKind, denoisingDefaults } from '@dn-detr/dn';
import { z } from 'zod';

const rate = z.number().min(0);
const { dn, contrastive } = denoisingDefaults;

const shared = {
  /**
   * Number of groups: noisy versions of each object. 0 trains the same model without denoising; null uses as many as
   * fit into `maxKnownQueries`.
   *
   * @defaultValue 5
   */
  groups: z.int().min(0).nullable().default(dn.groups),
  /** Probability that a label is drawn anew. @defaultValue 0.2 */
  labelNoise: z.number().min(0).max(1).default(dn.labelNoise),
  /**
   * Whether new labels are drawn only from the other classes; the references draw from all classes.
   *
   * @defaultValue false
   */
  excludeOwnClass: z.boolean().default(dn.excludeOwnClass),
  /**
   * What the attention mask isolates: `groups` from each other and from matching queries, `known` queries only from
   * matching ones, or `nothing`, which lets matching queries see the ground truth.
   *
   * @defaultValue `groups`
   */
  isolate: z.enum(['groups', 'known', 'nothing']).default(dn.isolate),
  /** Whether padded known queries are hidden from attention; the references let them be seen. @defaultValue true */
  maskPadding: z.boolean().default(dn.maskPadding),
  /** Whether padded known queries are trained as "no object", as in DINO. @defaultValue false */
  paddingAsBackground: z.boolean().default(dn.paddingAsBackground),
  /**
   * The number of slots in a group is rounded up to a multiple of this, so that few steps are captured; null for one
   * slot per object of the fullest training image, so that only one step is captured.
   *
   * @defaultValue 10
   */
  slotBucket: z.int().min(1).nullable().default(10),
  /** Largest number of known queries in an image, padding included; 0 for no limit. @defaultValue 0 */
  maxKnownQueries: z.int().min(0).default(dn.maxKnownQueries),
};

const settings = {
  dn: z.strictObject({
    kind: z.literal('dn'),
    ...shared,
    /** λ1, the noise of box centres: a centre moves by up to this times half the width and height. @defaultValue 0.4 */
    centerNoise: rate.default(dn.centerNoise),
    /** λ2, the noise of box sizes: width and height change by up to this times themselves. @defaultValue 0.4 */
    sizeNoise: rate.default(dn.sizeNoise),
  }),
  contrastive: z.strictObject({
    kind: z.literal('contrastive'),
    ...shared,
    maxKnownQueries: shared.maxKnownQueries.refine((most) => most !== 1, {
      error: 'expected at least 2, for a positive query and its negative, or 0 for no limit',
    }),
    /**
     * How far the corners of positive queries move, in units of half the box's width and height; those of negative
     * queries move once to twice as far.
     *
     * @defaultValue 1
     */
    boxNoise: rate.default(contrastive.boxNoise),
  }),
};

type Denoising = z.ZodType<
  z.output<(typeof settings)[DenoisingKind]>,
  z.input<typeof settings.contrastive> | (Omit<z.input<typeof settings.dn>, 'kind'> & { readonly kind?: 'dn' })
>;

/** Defaults in which a model differs from those of the denoising kind. */
export type DenoisingDefaults = Partial<
  Pick<z.output<typeof settings.contrastive>, 'groups' | 'labelNoise' | 'slotBucket' | 'maxKnownQueries'>
>;

/**
 * The schema of `denoising` for one model.
 *
 * @param kinds the kinds that the model can be trained with; settings without a kind are for the first
 * @param defaults the model's own defaults for its first kind
 */
export function denoisingSchema(kinds: readonly DenoisingKind[], defaults: DenoisingDefaults = {}): Denoising {
  const options = kinds.map((kind, i) =>
    i === 0 ? settings[kind].extend({ kind: z.literal(kind).optional().default(kind) }) : settings[kind],
  );
  const [first, ...others] = options as [(typeof options)[number], ...typeof options];
  const expected = `expected ${kinds.map((kind) => JSON.stringify(kind)).join(' or ')}`;
  const schema = z
    .discriminatedUnion('kind', [first, ...others], {
      error: ({ code }) => (code === 'invalid_union' ? expected : undefined),
    })
    .refine(({ groups, maxKnownQueries }) => groups !== null || maxKnownQueries > 0, {
      path: ['maxKnownQueries'],
      error: 'expected a limit, such as 200, where denoising.groups is null',
    });
  const ofFirstKind = (stated: object): boolean => !('kind' in stated) || stated.kind === kinds[0];
  const withDefaults = (stated: unknown): unknown =>
    typeof stated === 'object' && stated !== null && ofFirstKind(stated) ? { ...defaults, ...stated } : stated;
  return z.preprocess(withDefaults, schema) as Denoising;
}

/** The dotted keys of all settings of these kinds. */
export const denoisingKeys = (kinds: readonly DenoisingKind[] = []): string[] => [
  ...new Set(kinds.flatMap((kind) => Object.keys(settings[kind].shape).map((name) => `denoising.${name}`))),
];

/** Drops the settings that only the other kind has, so that the kind can be changed without naming them. */
export function keptByKind(values: Readonly<Record<string, unknown>>, kind: unknown): Record<string, unknown> {
  const { shape } = kind === 'contrastive' ? settings.contrastive : settings.dn;
  const others: object = kind === 'contrastive' ? settings.dn.shape : settings.contrastive.shape;
  return Object.fromEntries(Object.entries(values).filter(([name]) => name in shape || !(name in others)));
}

/**
 * The message about a setting, given by its dotted key, that belongs to the kind of denoising that is not in use;
 * undefined for all other settings.
 */
export function ofOtherKind(key: string, kind: unknown = 'dn'): string | undefined {
  const other = kind === 'contrastive' ? 'dn' : 'contrastive';
  const own = other === 'dn' ? 'contrastive' : 'dn';
  if (!denoisingKeys([other]).includes(key) || denoisingKeys([own]).includes(key)) return undefined;
  return `${key} is a setting of denoising.kind=${other}, and the kind is ${own}: set denoising.kind=${other} as well`;
}
