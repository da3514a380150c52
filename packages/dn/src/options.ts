/** The options of denoising queries (*known queries* in the code), their defaults and their validation. */
import { DnError } from './error.ts';
import { type Isolation, isolations } from './mask.ts';

/** Reasons to leave out an object: it is marked as a crowd, or its box has no width or height. */
export type SkipReason = 'crowd' | 'degenerate';

const skipReasons: readonly SkipReason[] = ['crowd', 'degenerate'];

/** The options of both kinds of denoising. */
export interface SharedDenoisingOptions {
  /** P, the number of noised copies of every object; 0 gives no known queries. @defaultValue 5 */
  readonly groups?: number | undefined;
  /**
   * γ in 0..1, the probability that a label is drawn anew; DINO's `dn_label_noise_ratio` is twice this. @defaultValue
   * 0.2
   */
  readonly labelNoise?: number | undefined;
  /**
   * Whether new labels are drawn only from the other classes; the references draw from all classes. @defaultValue false
   */
  readonly excludeOwnClass?: boolean | undefined;
  /** The slots of a group are rounded up to a multiple of this, so that few shapes occur. @defaultValue 1 */
  readonly slotBucket?: number | undefined;
  /**
   * Upper limit of K, including padding. It is kept by making fewer groups first, and then by taking a random subset of
   * the objects. 0 sets no limit.
   * @defaultValue 0
   */
  readonly maxKnownQueries?: number | undefined;
  /** What the attention mask isolates. @defaultValue 'groups' */
  readonly isolate?: Isolation | undefined;
  /** Whether padding is hidden from attention; in the references it is visible. @defaultValue true */
  readonly maskPadding?: boolean | undefined;
  /** Whether padding is trained as "no object", as in DINO. @defaultValue false */
  readonly paddingAsBackground?: boolean | undefined;
  /**
   * Objects to leave out and count. By default crowds are used like other objects, and a degenerate box is an error.
   * @defaultValue []
   */
  readonly skip?: readonly SkipReason[] | undefined;
}

/** Options of DN-DETR's denoising: every known query restores its object. */
export interface DnOptions extends SharedDenoisingOptions {
  readonly kind?: 'dn' | undefined;
  /** λ1: the centre moves by up to this times half the box's width and height. @defaultValue 0.4 */
  readonly centerNoise?: number | undefined;
  /** λ2: width and height change by up to this fraction of themselves. @defaultValue 0.4 */
  readonly sizeNoise?: number | undefined;
}

/**
 * Options of DINO's contrastive denoising: every positive query has a negative counterpart, to be recognised as "no
 * object".
 */
export interface ContrastiveOptions extends SharedDenoisingOptions {
  readonly kind: 'contrastive';
  /**
   * `box_noise_scale`: corners of positives move by up to this times half the box's width and height, and those of
   * negatives by once to twice that. The default is that of DINO's code.
   * @defaultValue 1
   */
  readonly boxNoise?: number | undefined;
}

/**
 * The researcher's choices about denoising, as plain data that can be stored as JSON. The default `kind` is DN-DETR's.
 */
export type DenoisingOptions = DnOptions | ContrastiveOptions;

/** The kinds of denoising: DN-DETR's, or DINO's contrastive one. */
export type DenoisingKind = NonNullable<DenoisingOptions['kind']>;

type Settled<T> = { readonly [K in keyof T]-?: NonNullable<T[K]> };

/** Denoising options with all defaults filled in. */
export type DenoisingSettings = Settled<DnOptions> | Settled<ContrastiveOptions>;

const shared: Settled<SharedDenoisingOptions> = {
  groups: 5,
  labelNoise: 0.2,
  excludeOwnClass: false,
  slotBucket: 1,
  maxKnownQueries: 0,
  isolate: 'groups',
  maskPadding: true,
  paddingAsBackground: false,
  skip: [],
};

/** The defaults of the options: the values of the papers' code, except that padding is masked here. */
export const denoisingDefaults: { readonly dn: Settled<DnOptions>; readonly contrastive: Settled<ContrastiveOptions> } =
  {
    dn: { kind: 'dn', ...shared, centerNoise: 0.4, sizeNoise: 0.4 },
    contrastive: { kind: 'contrastive', ...shared, boxNoise: 1 },
  };

/** Sizes of the model that is trained with the known queries. */
export interface QueryModel {
  /**
   * Number of classes in the data set, with labels 0..numClasses−1; a model embeds one more, `numClasses`, for
   * "unknown".
   */
  readonly numClasses: number;
  /** Q, number of matching queries; at least 1. */
  readonly matchingQueries: number;
}

/**
 * Checks denoising options and fills in the defaults.
 *
 * @throws DnError if an option is unknown, belongs to the other kind, has another type, or is out of range
 */
export function denoisingSettings(options: DenoisingOptions): DenoisingSettings {
  const { kind = 'dn' } = options;
  requireOneOf('kind', [kind], Object.keys(denoisingDefaults));
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  for (const name of Object.keys(given)) requireOption(name, kind);
  const settings = { ...denoisingDefaults[kind], ...given } as DenoisingSettings;
  const { maxKnownQueries, skip } = settings;
  requireCount(settings, 'groups', 0);
  requireCount(settings, 'slotBucket', 1);
  if (maxKnownQueries !== 0) requireCount(settings, 'maxKnownQueries', kind === 'dn' ? 1 : 2, ', or 0 for no limit');
  requireScale(settings, 'labelNoise', 1);
  if (settings.kind === 'contrastive') requireScale(settings, 'boxNoise');
  else for (const name of ['centerNoise', 'sizeNoise'] as const) requireScale(settings, name);
  for (const name of ['excludeOwnClass', 'maskPadding', 'paddingAsBackground'] as const) {
    if (typeof settings[name] !== 'boolean')
      throw new DnError(`${name} is ${shown(settings[name])}: expected a boolean`);
  }
  if (!Array.isArray(skip)) throw new DnError(`skip is ${shown(skip)}: expected an array of ${skipReasons.join(', ')}`);
  requireOneOf('isolate', [settings.isolate], isolations);
  requireOneOf('skip', skip, skipReasons);
  return settings;
}

/** @throws DnError if either size is not an integer of at least 1 */
export function requireModel(model: QueryModel): void {
  requireCount(model, 'numClasses', 1);
  requireCount(model, 'matchingQueries', 1);
}

function requireOption(name: string, kind: DenoisingKind): void {
  if (name in denoisingDefaults[kind]) return;
  const other = kind === 'dn' ? 'contrastive' : 'dn';
  const options = Object.keys(denoisingDefaults[kind]);
  if (!(name in denoisingDefaults[other]))
    throw new DnError(`there is no option '${name}': expected ${options.join(', ')}`);
  const own = options.filter((option) => !(option in denoisingDefaults[other]));
  throw new DnError(
    `${name} is an option of kind '${other}', and the kind is '${kind}': expected ${own.join(' and ')} in its place, or kind '${other}'`,
  );
}

/** Formats a value, with quotes around a string, to distinguish '5' from 5. */
const shown = (value: unknown): string => (typeof value === 'string' ? `'${value}'` : String(value));

type NumbersOf<T> = { readonly [K in keyof T as T[K] extends number ? K : never]: T[K] };

function requireCount<T extends object>(values: T, name: keyof NumbersOf<T> & string, least: number, more = ''): void {
  const value: unknown = values[name as keyof T];
  if (Number.isSafeInteger(value) && (value as number) >= least) return;
  throw new DnError(`${name} is ${shown(value)}: expected a whole number from ${least}${more}`);
}

function requireScale<T extends object>(values: T, name: keyof NumbersOf<T> & string, most = Number.MAX_VALUE): void {
  const value: unknown = values[name as keyof T];
  if (typeof value === 'number' && value >= 0 && value <= most) return;
  throw new DnError(`${name} is ${shown(value)}: expected ${most === 1 ? '0..1' : 'a finite number from 0'}`);
}

function requireOneOf(name: string, values: readonly string[], allowed: readonly string[]): void {
  const wrong = values.find((value) => !allowed.includes(value));
  if (wrong !== undefined) throw new DnError(`${name} holds ${shown(wrong)}: expected ${allowed.join(', ')}`);
}
