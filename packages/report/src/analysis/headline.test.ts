import { exampleAblation, exampleSummary } from '@dn-detr/testing/example-summary';
import { describe, expect, it } from 'vitest';
import { comparisons, pairsOf } from '../summary/comparisons.ts';
import type { ModelSummary, SeedRun, Summary } from '../summary/summary.ts';
import { contrastsOf } from './contrasts.ts';
import { headline } from './headline.ts';

const base = exampleSummary();
const [template] = (base.models[0] as ModelSummary).runs as readonly [SeedRun];

/** Models with these final APs, one for each seed. */
function summaryOf(
  finals: Readonly<Record<string, readonly number[]>>,
  settings: (name: string) => ModelSummary['settings'] = namedSettings,
): Summary {
  const models = Object.entries(finals).map(([name, values]): ModelSummary => {
    const runs = values.map((AP, seed): SeedRun => {
      const [point] = template.curve as [SeedRun['curve'][number]];
      const curve = [{ ...point, step: 500, AP, AP50: AP }];
      return { ...template, seed, curve, final: { ...(template.final as never as object), AP, AP50: AP } as never };
    });
    return { name, settings: settings(name), parameters: 1, runs };
  });
  const pairs = pairsOf({ models });
  return { ...base, models, comparisons: pairs.flatMap((pair) => comparisons(pair, 'steps')), stepsRatios: [] };
}

const namedSettings = (name: string) => ({
  'model.name': name.split('+')[0],
  'denoising.groups': name.endsWith('groups=0') ? 0 : 5,
});

const far = { dino: [0.39, 0.4, 0.38, 0.4, 0.39], 'dino+denoising.groups=0': [0.23, 0.24, 0.22, 0.24, 0.22] };
const near = { 'dn-detr': [0.3, 0.33, 0.29, 0.31, 0.3], 'dn-detr+denoising.groups=0': [0.31, 0.3, 0.32, 0.29, 0.31] };

describe('headline', () => {
  it.each([
    [
      { ...far, ...near },
      'After 500 steps dino has a higher AP with denoising (0.392 against 0.230 without), more than the spread of the seeds explains; it makes no measurable difference to dn-detr (0.306 with, 0.306 without).',
    ],
    [near, 'After 500 steps denoising makes no measurable difference: dn-detr has AP 0.306 with it and 0.306 without.'],
    [
      { dino: far['dino+denoising.groups=0'], 'dino+denoising.groups=0': far.dino },
      'After 500 steps dino has a lower AP with denoising (0.230 against 0.392 without), more than the spread of the seeds explains.',
    ],
    [
      { dino: [0.39], 'dino+denoising.groups=0': [0.23], 'dn-detr+denoising.groups=0': [0.31], 'dn-detr': [0.3] },
      'After 500 steps dino has AP 0.390 with denoising and 0.230 without, dn-detr 0.300 and 0.310: seen with a single seed, which cannot tell such an order from chance.',
    ],
    [
      { detr: near['dn-detr+denoising.groups=0'], dino: far.dino, 'dn-detr': [0.38, 0.41, 0.37, 0.4, 0.4] },
      'After 500 steps dino has the highest AP, 0.392: more than the spread of the seeds explains against detr (0.306), but not measurably higher than dn-detr (0.392).',
    ],
    [
      { detr: [0.1], 'dn-detr': [0.2], dino: [0.3] },
      'After 500 steps dino has the highest AP, 0.300, before dn-detr (0.200) and detr (0.100): seen with a single seed, which cannot tell such an order from chance.',
    ],
    [
      { ...near, dino: [0.39], 'dino+denoising.groups=0': [0.23, 0.25] },
      'After 500 steps, over the seeds that both sides have, denoising makes no measurable difference: dn-detr has AP 0.306 with it and 0.306 without; from one seed, dino has AP 0.390 with it and 0.230 without.',
    ],
    [
      { detr: [0.31], dino: far.dino, 'dn-detr': [0.38, 0.41, 0.37, 0.4, 0.4] },
      'After 500 steps, over the seeds that both sides have, dino has the highest AP, 0.392, but not measurably higher than dn-detr (0.392); for detr there is only one seed to compare, too few to tell.',
    ],
    [{ detr: [0.1, 0.3] }, 'At the last evaluation detr has AP 0.200 (mean of 2 seeds).'],
  ])('states the result: %#', (finals, words) => expect(headline(summaryOf(finals))).toBe(words));

  it.each([
    [
      near,
      'So far, after 500 steps and over the seeds that both sides have, denoising makes no measurable difference: dn-detr has AP 0.306 with it and 0.306 without.',
    ],
    [
      { dino: [0.39, 0.4], 'dino+denoising.groups=0': [0.23] },
      'So far, after 500 steps and over the one seed that both sides have, dino has AP 0.390 with denoising and 0.230 without: seen with a single seed, which cannot tell such an order from chance.',
    ],
  ])('says that this is the state so far while runs are missing: %#', (finals, words) =>
    expect(headline({ ...summaryOf(finals), finished: false })).toBe(words),
  );

  it('does not treat models as a pair with and without denoising if they differ in more', () => {
    const settings = (name: string) => ({ ...namedSettings(name), 'model.queries': name === 'dino' ? 60 : 30 });
    expect(contrastsOf(summaryOf(far, settings)).kind).toBe('best');
    expect(contrastsOf(summaryOf(far)).kind).toBe('denoising');
  });

  it('names a few of many models', () => {
    const many = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`m${i}`, [0.1 * i]]));
    expect(headline(summaryOf(many, () => ({})))).toContain('before m6 (0.600), m5 (0.500), m4 (0.400) and 4 others:');
  });

  it('names the cells of an ablation that differ from the first one', () => {
    expect(headline(exampleAblation())).toMatch(
      /^After 2,400 steps “dab-detr” \(0\.330\) and “dn-detr” \(0\.500\) differ from “detr” \(AP50 0\.018\) by more than .* explains\.$/,
    );
  });

  it('names the cells of an ablation that have one seed', () => {
    const summary = exampleAblation();
    const comparisons = summary.comparisons.map((one) => {
      if (one.model !== 'dn-detr') return one;
      const { interval: _, pValue: __, ...once } = one;
      return { ...once, n: 1 };
    });
    expect(headline({ ...summary, comparisons })).toMatch(
      /^After 2,400 steps “dab-detr” \(0\.330\) differs from .* explains; for “dn-detr” there is only one seed to compare, too few to tell\.$/,
    );
  });

  it('says that there are no results yet', () => {
    expect(headline(exampleSummary({ evaluations: 0 }))).toBe('No run has been evaluated yet.');
  });
});

describe('contrastsOf', () => {
  it('corrects for all pairs that the best one was chosen from', () => {
    const { kind, contrasts } = contrastsOf(base);
    const raw = base.comparisons.filter(({ metric, at }) => metric === 'AP' && at === 'steps');
    expect(kind).toBe('best');
    expect(contrasts.map(({ difference }) => [difference.model, difference.baseline])).toEqual([
      ['dn-detr', 'detr'],
      ['dn-detr', 'dab-detr'],
    ]);
    const least = Math.min(...raw.map(({ pValue }) => pValue as number));
    expect(Math.min(...contrasts.map(({ correctedP }) => correctedP as number))).toBeGreaterThanOrEqual(least * 3);
  });

  it('reverses a comparison with all its figures', () => {
    const { 'dn-detr+denoising.groups=0': none, 'dn-detr': known } = near;
    const [one] = contrastsOf(summaryOf({ 'dn-detr+denoising.groups=0': none, 'dn-detr': known })).contrasts;
    const [other] = contrastsOf(summaryOf(near)).contrasts;
    expect(other?.difference).toMatchObject(one?.difference ?? {});
  });
});
