/** The one sentence that says what came out, and whether the seeds bear it. */
import { counted } from '@dn-detr/train';
import type { Summary } from '../compare/summary.ts';
import { type Contrast, type Contrasts, contrastsOf } from './contrasts.ts';
import { finalTable } from './final-rows.ts';
import { ap, duration, listed } from './format.ts';

/**
 * Of the final AP, in an ablation of AP50: whether models with denoising can be told from the same ones without; where
 * there are no such pairs, the best from the others; the cells of an ablation from the first one.
 */
export function headline(summary: Summary): string {
  const found = contrastsOf(summary);
  const [first] = found.contrasts;
  if (first === undefined) return plainFigures(summary);
  const when = after(first);
  if (found.contrasts.every(({ difference }) => difference.n === 1)) return seenOnce(found, when);
  const told = found.contrasts.filter((contrast) => contrast.told);
  const alike = found.contrasts.filter((contrast) => !contrast.told);
  return { denoising: ofDenoising, best: ofBest, first: ofCells }[found.kind]({ ...found, told, alike, when });
}

/** Contrasts by whether the seeds bear them. */
interface Judged extends Contrasts {
  readonly told: readonly Contrast[];
  readonly alike: readonly Contrast[];
  readonly when: string;
}

const after = ({ difference: { at, atValue } }: Contrast): string =>
  at === 'steps' ? counted(atValue, 'step') : `${duration(atValue)} of training`;

/** In place of each other's spread. */
const explained = 'more than the spread of the seeds explains';

function ofDenoising({ metric, told, alike, when }: Judged): string {
  if (told.length === 0) {
    return `Denoising cannot be told from none after ${when}: ${withAndWithout(alike, metric)}.`;
  }
  const ends = told.map(({ difference: { model, mean, meanDifference } }) => {
    const which = meanDifference > 0 ? 'a higher' : 'a lower';
    return `${model} has ${which} ${metric} (${ap(mean.model)} against ${ap(mean.baseline)} without)`;
  });
  const start = `With denoising ${listed(ends)} after ${when}, ${explained}`;
  if (alike.length === 0) return `${start}.`;
  const others = alike.map(
    ({ difference: { model, mean } }) => `${model} (${ap(mean.model)} with, ${ap(mean.baseline)} without)`,
  );
  return `${start}; it cannot be told from none for ${listed(others)}.`;
}

/** `dino has AP 0.389 with it and 0.230 without, dn-detr 0.300 and 0.310` */
const withAndWithout = (contrasts: readonly Contrast[], metric: string, it = 'it'): string =>
  contrasts
    .map(({ difference: { model, mean } }, i) => {
      const [own, other] = [ap(mean.model), ap(mean.baseline)];
      return i === 0 ? `${model} has ${metric} ${own} with ${it} and ${other} without` : `${model} ${own} and ${other}`;
    })
    .join(', ');

function ofBest({ metric, told, alike, when, contrasts }: Judged): string {
  const [{ difference }] = contrasts as readonly [Contrast];
  const best = `${difference.model} has the highest ${metric} after ${when}, ${ap(difference.mean.model)}`;
  if (told.length === 0) return `${best}, but cannot be told from ${baselines(alike)} by these seeds.`;
  const start = `${best}: ${explained} against ${baselines(told)}`;
  return alike.length === 0 ? `${start}.` : `${start}, but not to be told from ${baselines(alike)}.`;
}

function ofCells({ metric, told, alike, when, contrasts }: Judged): string {
  const [{ difference }] = contrasts as readonly [Contrast];
  const first = `“${difference.baseline}” (${metric} ${ap(difference.mean.baseline)})`;
  if (told.length === 0) return `No cell can be told from ${first} after ${when}: ${cells(alike)}.`;
  const start = `After ${when} ${cells(told)} differ${told.length === 1 ? 's' : ''} from ${first} by ${explained}`;
  return alike.length === 0 ? `${start}.` : `${start}; ${cells(alike)} cannot be told from it.`;
}

/** More are counted. */
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

/** What one seed shows, and that it shows no more. */
function seenOnce({ kind, metric, contrasts }: Contrasts, when: string): string {
  const [{ difference }] = contrasts as readonly [Contrast];
  const { model, baseline, mean } = difference;
  const seen = {
    denoising: () => withAndWithout(contrasts, metric, 'denoising'),
    best: () =>
      `${model} has the highest ${metric}, ${ap(mean.model)}, before ${baselines(contrasts.toSorted(byBaseline))}`,
    first: () => `${cells(contrasts)} stand against ${metric} ${ap(mean.baseline)} of “${baseline}”`,
  }[kind]();
  return `After ${when} ${seen}: seen with a single seed, which cannot tell such an order from chance.`;
}

const byBaseline = (a: Contrast, b: Contrast): number => b.difference.mean.baseline - a.difference.mean.baseline;

/** Of a model alone, or before there is a pair to compare. */
function plainFigures(summary: Summary): string {
  const { rows } = finalTable(summary);
  const known = rows.filter(({ AP }) => AP.mean !== undefined);
  if (known.length === 0) return 'No run has been evaluated yet.';
  const figures = known.map(
    ({ model, AP, seeds }) => `${model.name} has AP ${ap(AP.mean)}${AP.seeds > 1 ? ` (mean of ${seeds} seeds)` : ''}`,
  );
  return `At the last evaluation ${some(figures)}.`;
}
