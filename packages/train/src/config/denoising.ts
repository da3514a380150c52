/** The settings of denoising: those of `@dn-detr/dn`, of whichever kinds a model can be trained with. */
import { type DenoisingKind, denoisingDefaults } from '@dn-detr/dn';
import { z } from 'zod';

const rate = z.number().min(0);
const { dn, contrastive } = denoisingDefaults;

const shared = {
  /** 0 trains the same model without denoising; null for as many as fit into `maxKnownQueries` */
  groups: z.int().min(0).nullable().default(dn.groups),
  labelNoise: z.number().min(0).max(1).default(dn.labelNoise),
  /** Whether labels are drawn only from the other classes; the references draw from all classes. */
  excludeOwnClass: z.boolean().default(dn.excludeOwnClass),
  /** What the attention mask keeps apart; `nothing` lets matching queries see the ground truth. */
  isolate: z.enum(['groups', 'known', 'nothing']).default(dn.isolate),
  /** Whether padded known queries are hidden from attention; the references let them be seen. */
  maskPadding: z.boolean().default(dn.maskPadding),
  /** Whether padded known queries are trained as "no object", as in DINO. */
  paddingAsBackground: z.boolean().default(dn.paddingAsBackground),
  /**
   * The slots of a group are rounded up to a multiple of this, so that few steps are captured; null for one slot for
   * each object of the fullest training image, so that there is one step.
   */
  slotBucket: z.int().min(1).nullable().default(10),
  /** Upper limit of known queries per image, padding included; 0 for no limit. */
  maxKnownQueries: z.int().min(0).default(dn.maxKnownQueries),
};

const settings = {
  dn: z.strictObject({
    kind: z.literal('dn'),
    ...shared,
    /** λ1, shift of the centre */
    centerNoise: rate.default(dn.centerNoise),
    /** λ2, change of width and height */
    sizeNoise: rate.default(dn.sizeNoise),
  }),
  contrastive: z.strictObject({
    kind: z.literal('contrastive'),
    ...shared,
    maxKnownQueries: shared.maxKnownQueries.refine((most) => most !== 1, {
      error: 'expected at least 2, for a positive query and its negative, or 0 for no limit',
    }),
    /**
     * How far corners of positive queries move, in halves of the sides; those of negative ones move once to twice as
     * far.
     */
    boxNoise: rate.default(contrastive.boxNoise),
  }),
};

type Denoising = z.ZodType<
  z.output<(typeof settings)[DenoisingKind]>,
  z.input<typeof settings.contrastive> | (Omit<z.input<typeof settings.dn>, 'kind'> & { readonly kind?: 'dn' })
>;

/** Defaults of a model that are not those of the kind. */
export type DenoisingDefaults = Partial<
  Pick<z.output<typeof settings.contrastive>, 'groups' | 'labelNoise' | 'slotBucket' | 'maxKnownQueries'>
>;

/**
 * @param kinds that the model can be trained with; settings without a kind are of the first
 * @param defaults of the model, for its first kind
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

/** The dotted keys of all settings that some of these kinds have. */
export const denoisingKeys = (kinds: readonly DenoisingKind[] = []): string[] => [
  ...new Set(kinds.flatMap((kind) => Object.keys(settings[kind].shape).map((name) => `denoising.${name}`))),
];

/** Leaves out settings that a kind does not have but another has, so that the kind can be changed without naming them. */
export function keptByKind(values: Readonly<Record<string, unknown>>, kind: unknown): Record<string, unknown> {
  const { shape } = kind === 'contrastive' ? settings.contrastive : settings.dn;
  const others: object = kind === 'contrastive' ? settings.dn.shape : settings.contrastive.shape;
  return Object.fromEntries(Object.entries(values).filter(([name]) => name in shape || !(name in others)));
}

/**
 * Message about a setting, by its dotted key, that belongs to another kind than the one in use; undefined for all
 * others.
 */
export function ofOtherKind(key: string, kind: unknown = 'dn'): string | undefined {
  const other = kind === 'contrastive' ? 'dn' : 'contrastive';
  const own = other === 'dn' ? 'contrastive' : 'dn';
  if (!denoisingKeys([other]).includes(key) || denoisingKeys([own]).includes(key)) return undefined;
  return `${key} is a setting of denoising.kind=${other}, and the kind is ${own}: set denoising.kind=${other} as well`;
}
