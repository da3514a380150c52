/** What can be chosen about known queries, and what makes sense. */
import { DnError } from './error.ts';
import { type Isolation, isolations } from './mask.ts';

/** Objects that may be left out: those marked as crowd, and boxes without width or height. */
export type SkipReason = 'crowd' | 'degenerate';

const skipReasons: readonly SkipReason[] = ['crowd', 'degenerate'];

/** The defaults are DN-DETR's. */
export interface DenoisingOptions {
  /** classes of the data set, whose labels are 0..numClasses−1; a model has one more, `numClasses`, for "unknown" */
  readonly numClasses: number;
  /** Q, the ordinary queries, from 1 */
  readonly matchingQueries: number;
  /** noisy versions of every object, 5 */
  readonly groups?: number;
  /** γ, how likely a label is drawn anew, 0.2; DINO's `dn_label_noise_ratio` is twice this */
  readonly labelNoise?: number;
  /** draw new labels from the other classes alone; the reference draws from all */
  readonly excludeOwnClass?: boolean;
  /** both scales of the box noise, 0.4; contrastive: the radius of positives, half that of negatives; DINO uses 1.0 */
  readonly boxNoise?: number;
  /** λ1, the scale of the centre's shift, where it differs from `boxNoise` */
  readonly centerNoise?: number;
  /** λ2, the scale of the change in size, where it differs from `boxNoise` */
  readonly sizeNoise?: number;
  /** DINO's noise: a negative query beside each positive one, to be recognised as no object */
  readonly contrastive?: boolean;
  /** the slots of a group are rounded up to a multiple of this, 1, so that few shapes occur */
  readonly slotBucket?: number;
  /** K, padding included, stays at or below this, `Infinity`: by fewer groups first, then by a subset of the objects */
  readonly maxKnownQueries?: number;
  /** what the mask keeps apart, `groups` */
  readonly isolate?: Isolation;
  /** hide padding from attention, true; the references let it be seen */
  readonly maskPadding?: boolean;
  /** train padding as background, false; DINO does */
  readonly paddingAsBackground?: boolean;
  /** which objects to leave out and count, none; otherwise crowd is used as it is, and a degenerate box is an error */
  readonly skip?: readonly SkipReason[];
}

/** Options with nothing left open. */
export type DenoisingSettings = Required<DenoisingOptions>;

/** @throws DnError if an option is unknown, of another type, out of its range, or contradicts another */
export function denoisingSettings(options: DenoisingOptions): DenoisingSettings {
  const { numClasses, matchingQueries, groups = 5, maxKnownQueries = Number.POSITIVE_INFINITY } = options;
  const { labelNoise = 0.2, excludeOwnClass = false, boxNoise = 0.4, contrastive = false } = options;
  const { centerNoise = boxNoise, sizeNoise = boxNoise, slotBucket = 1, isolate = 'groups' } = options;
  const { maskPadding = true, paddingAsBackground = false, skip = [] } = options;
  const settings: DenoisingSettings = {
    numClasses,
    matchingQueries,
    groups,
    labelNoise,
    excludeOwnClass,
    boxNoise,
    centerNoise,
    sizeNoise,
    contrastive,
    slotBucket,
    maxKnownQueries,
    isolate,
    maskPadding,
    paddingAsBackground,
    skip,
  };
  const unknown = Object.keys(options).find((name) => !(name in settings));
  if (unknown !== undefined) {
    throw new DnError(`there is no option '${unknown}': expected ${Object.keys(settings).join(', ')}`);
  }
  requireCount(settings, 'numClasses', 1);
  requireCount(settings, 'matchingQueries', 1);
  requireCount(settings, 'groups', 0);
  requireCount(settings, 'slotBucket', 1);
  if (maxKnownQueries !== Number.POSITIVE_INFINITY) requireCount(settings, 'maxKnownQueries', contrastive ? 2 : 1);
  requireScale(settings, 'labelNoise', 1);
  for (const name of ['boxNoise', 'centerNoise', 'sizeNoise'] as const) requireScale(settings, name);
  for (const name of ['excludeOwnClass', 'contrastive', 'maskPadding', 'paddingAsBackground'] as const) {
    if (typeof settings[name] !== 'boolean')
      throw new DnError(`${name} is ${shown(settings[name])}: expected a boolean`);
  }
  if (!Array.isArray(skip)) throw new DnError(`skip is ${shown(skip)}: expected an array of ${skipReasons.join(', ')}`);
  requireOneOf('isolate', [isolate], isolations);
  requireOneOf('skip', skip, skipReasons);
  if (contrastive && (options.centerNoise !== undefined || options.sizeNoise !== undefined)) {
    throw new DnError('contrastive noise moves corners by boxNoise: centerNoise and sizeNoise do not apply to it');
  }
  if (excludeOwnClass && labelNoise > 0 && numClasses === 1) {
    throw new DnError('excludeOwnClass with a single class leaves no label to flip to: expected labelNoise 0');
  }
  return settings;
}

/** With a string's quotes, which tell '5' from 5. */
const shown = (value: unknown): string => (typeof value === 'string' ? `'${value}'` : String(value));

type NumberOption = {
  [K in keyof DenoisingSettings]: DenoisingSettings[K] extends number ? K : never;
}[keyof DenoisingSettings];

function requireCount(settings: DenoisingSettings, name: NumberOption, least: number): void {
  const value = settings[name];
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new DnError(`${name} is ${shown(value)}: expected a whole number from ${least}`);
}

function requireScale(settings: DenoisingSettings, name: NumberOption, most = Number.MAX_VALUE): void {
  const value = settings[name];
  if (typeof value === 'number' && value >= 0 && value <= most) return;
  throw new DnError(`${name} is ${shown(value)}: expected ${most === 1 ? '0..1' : 'a finite number from 0'}`);
}

function requireOneOf(name: string, values: readonly string[], allowed: readonly string[]): void {
  const wrong = values.find((value) => !allowed.includes(value));
  if (wrong !== undefined) throw new DnError(`${name} holds '${wrong}': expected ${allowed.join(', ')}`);
}
