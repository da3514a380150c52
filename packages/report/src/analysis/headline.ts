/** The sentence that states the result of a comparison, and whether the seeds support it. */
import { counted } from '@dn-detr/train';
import { ap, duration, listed } from '../format.ts';
import type { Summary } from '../summary/summary.ts';
import { type Contrast, type Contrasts, contrastsOf } from './contrasts.ts';
import { finalTable } from './final-rows.ts';

/**
 * A sentence about the final AP (in an ablation, AP50). It says whether denoising makes a difference that the seeds support. If
 * there are no pairs with and without denoising, it compares the best model with the others, and in an ablation the cells with
 * the first one.
 */
export function headline(summary: Summary): string {
  const found = contrastsOf(summary);
  const { contrasts, kind } = found;
  const [first] = contrasts;
  if (first === undefined) return plainFigures(summary);
  const start = startOf(first, found, summary);
  // With one seed there is no test, and so no statement about a difference.
  const once = contrasts.filter(({ difference }) => difference.n === 1);
  if (once.length === contrasts.length) return seenOnce(found, start);
  const tested = contrasts.filter((contrast) => !once.includes(contrast));
  const told = tested.filter((contrast) => contrast.told);
  const alike = tested.filter((contrast) => !contrast.told);
  return { denoising: ofDenoising, best: ofBest, first: ofCells }[kind]({ ...found, tested, told, alike, once, start });
}

/** Contrasts grouped by whether the seeds support them. */
interface Judged extends Contrasts {
  /** Contrasts with two seeds or more: `told` and `alike` together. */
  readonly tested: readonly Contrast[];
  readonly told: readonly Contrast[];
  readonly alike: readonly Contrast[];
  /** Contrasts with one seed each. */
  readonly once: readonly Contrast[];
  readonly start: string;
}

/**
 * The beginning of the sentence, `After 500 steps`. It also says over which seeds the figures are, if not over all seeds of the
 * table, and that this is the state so far, if runs are missing.
 */
function startOf({ difference: { at, atValue } }: Contrast, { contrasts }: Contrasts, { finished }: Summary): string {
  const after = `after ${at === 'steps' ? counted(atValue, 'step') : `${duration(atValue)} of training`}`;
  const seeds = contrasts.every(({ difference }) => difference.n === 1) ? 'the one seed' : 'the seeds';
  const over = `over ${seeds} that both sides have`;
  if (!finished) return `So far, ${after} and ${over},`;
  const start = `A${after.slice(1)}`;
  return contrasts.some(({ difference }) => difference.unpaired.length > 0) ? `${start}, ${over},` : start;
}

/** Said of differences that the test confirms. */
const explained = 'more than the spread of the seeds explains';

function ofDenoising({ metric, told, alike, once, start }: Judged): string {
  const seen = once.length === 0 ? '' : `; from one seed, ${withAndWithout(once, metric)}`;
  if (told.length === 0) {
    return `${start} denoising makes no measurable difference: ${withAndWithout(alike, metric)}${seen}.`;
  }
  const ends = told.map(({ difference: { model, mean, meanDifference } }) => {
    const which = meanDifference > 0 ? 'a higher' : 'a lower';
    return `${model} has ${which} ${metric} with denoising (${ap(mean.model)} against ${ap(mean.baseline)} without)`;
  });
  const others = alike.map(
    ({ difference: { model, mean } }) => `${model} (${ap(mean.model)} with, ${ap(mean.baseline)} without)`,
  );
  const none = alike.length === 0 ? '' : `; it makes no measurable difference to ${listed(others)}`;
  return `${start} ${listed(ends)}, ${explained}${none}${seen}.`;
}

/** `dino has AP 0.389 with it and 0.230 without, dn-detr 0.300 and 0.310` */
const withAndWithout = (contrasts: readonly Contrast[], metric: string, it = 'it'): string =>
  contrasts
    .map(({ difference: { model, mean } }, i) => {
      const [own, other] = [ap(mean.model), ap(mean.baseline)];
      return i === 0 ? `${model} has ${metric} ${own} with ${it} and ${other} without` : `${model} ${own} and ${other}`;
    })
    .join(', ');

function ofBest({ metric, tested, told, alike, once, start }: Judged): string {
  const [{ difference }] = tested as readonly [Contrast];
  const best = `${start} ${difference.model} has the highest ${metric}, ${ap(difference.mean.model)}`;
  const untested = tooFew(once.map((contrast) => contrast.difference.baseline));
  if (told.length === 0) return `${best}, but not measurably higher than ${baselines(alike)}${untested}.`;
  const above = `${best}: ${explained} against ${baselines(told)}`;
  return `${above}${alike.length === 0 ? '' : `, but not measurably higher than ${baselines(alike)}`}${untested}.`;
}

function ofCells({ metric, tested, told, alike, once, start }: Judged): string {
  const [{ difference }] = tested as readonly [Contrast];
  const first = `“${difference.baseline}” (${metric} ${ap(difference.mean.baseline)})`;
  const untested = tooFew(once.map((contrast) => `“${contrast.difference.model}”`));
  if (told.length === 0) return `${start} no cell differs measurably from ${first}: ${cells(alike)}${untested}.`;
  const apart = `${start} ${cells(told)} differ${told.length === 1 ? 's' : ''} from ${first} by ${explained}`;
  const none =
    alike.length === 0 ? '' : `; ${cells(alike)} ${alike.length === 1 ? 'does' : 'do'} not differ measurably`;
  return `${apart}${none}${untested}.`;
}

/** A remark about models with one seed; empty if there are none. */
const tooFew = (names: readonly string[]): string =>
  names.length === 0 ? '' : `; for ${some(names)} there is only one seed to compare, too few to tell`;

/** Number of models that are named; any others are only counted. */
const mostNamed = 4;

/** `dab-detr (0.307) and detr (0.100)` */
const baselines = (contrasts: readonly Contrast[]): string =>
  some(contrasts.map(({ difference: { baseline, mean } }) => `${baseline} (${ap(mean.baseline)})`));

const cells = (contrasts: readonly Contrast[]): string =>
  some(contrasts.map(({ difference: { model, mean } }) => `“${model}” (${ap(mean.model)})`));

const some = (items: readonly string[]): string =>
  listed(
    items.length <= mostNamed ? items : [...items.slice(0, mostNamed - 1), `${items.length - mostNamed + 1} others`],
  );

/** The sentence for a single seed, which says that it proves nothing. */
function seenOnce({ kind, metric, contrasts }: Contrasts, start: string): string {
  const [{ difference }] = contrasts as readonly [Contrast];
  const { model, baseline, mean } = difference;
  const seen = {
    denoising: () => withAndWithout(contrasts, metric, 'denoising'),
    best: () =>
      `${model} has the highest ${metric}, ${ap(mean.model)}, before ${baselines(contrasts.toSorted(byBaseline))}`,
    first: () => `${cells(contrasts)} compare with ${metric} ${ap(mean.baseline)} of “${baseline}”`,
  }[kind]();
  return `${start} ${seen}: seen with a single seed, which cannot tell such an order from chance.`;
}

const byBaseline = (a: Contrast, b: Contrast): number => b.difference.mean.baseline - a.difference.mean.baseline;

/** The sentence for a single model, or before there is a pair to compare. */
function plainFigures(summary: Summary): string {
  const { rows } = finalTable(summary);
  const known = rows.filter(({ AP }) => AP.mean !== undefined);
  if (known.length === 0) return 'No run has been evaluated yet.';
  const figures = known.map(
    ({ model, AP, seeds }) => `${model.name} has AP ${ap(AP.mean)}${AP.seeds > 1 ? ` (mean of ${seeds} seeds)` : ''}`,
  );
  return `At the last evaluation ${some(figures)}.`;
}
