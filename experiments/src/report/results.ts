/** The final table, what it leaves out, and the statistics. */
import type { Comparison, StepsComparison, Summary } from '../compare/summary.ts';
import { type Estimate, estimateWords, finalTable } from './final-rows.ts';
import { ap, bounds, count, dash, decimal, duration, listed, percent, pValue, secondsAStep, signed } from './format.ts';
import { type Content, type Html, html } from './html.ts';
import { seriesSwatch } from './panel.ts';
import { isOnPlateau, runNotes } from './runs.ts';
import { dataTable } from './table.ts';
import { singleSeedWarning, stepsRatioWords, stepsSentence, twoDigits } from './words.ts';

/** The final table with notes on runs that did not get to their end, and on a single seed. */
export function resultsSection(summary: Summary): Html {
  const { baselines, rows } = finalTable(summary);
  const level = rows.flatMap(({ AP, AP50, AP75 }) => [AP, AP50, AP75]).find(({ interval }) => interval)
    ?.interval?.level;
  const notes = summary.models.flatMap(runNotes);
  const warning = singleSeedWarning(summary);
  const table = dataTable({
    id: 'table-results',
    caption: html`<b>The last evaluation</b>, mean over seeds${
      level !== undefined && ` ± half of its ${percent(level)} Student-t interval`
    }. Steps: how many times its own steps a model takes of the baseline's to the baseline's final AP50; below 1 it is there sooner.`,
    head: [
      'Model',
      'Seeds',
      'AP',
      'AP50',
      'AP75',
      's a step',
      ...baselines.map((baseline) => `Steps to AP50 of ${baseline}`),
      'Instability',
    ],
    rows: rows.map((row, index) => [
      html`<span class="model">${seriesSwatch(index, isOnPlateau(row.model))}<span>${row.model.name}${
        row.plateau && html` <span class="remark">${row.plateau}</span>`
      }</span></span>`,
      row.seeds,
      ...[row.AP, row.AP50, row.AP75].map((estimate) => apCell(estimate)),
      secondsAStep(row.secondsAStep),
      ...row.stepsRatios.map((ratio) =>
        ratio === undefined
          ? dash
          : html`${stepsRatioWords(ratio)}${
              ratio.interval && html` <span class="bounds">${bounds(ratio.interval, twoDigits)}</span>`
            }`,
      ),
      estimateWords(row.instability, decimal),
    ]),
  });
  return html`${warning && html`<p class="notice"><strong>${warning.words}</strong> <code>${warning.command}</code></p>`}
${notes.length > 0 && html`<ul class="notice">${notes.map((note) => html`<li>${note}</li>`)}</ul>`}
${table}`;
}

function apCell(estimate: Estimate): Content {
  return html`<span class="estimate">${estimateWords(estimate, ap)}</span>`;
}

/** What the comparisons say in words, then in numbers; undefined if nothing was compared. */
export function statisticsSection(summary: Summary): Html | undefined {
  const { comparisons, stepsRatios } = summary;
  if (comparisons.length === 0 && stepsRatios.length === 0) return undefined;
  const pairs = new Map<string, Content[]>();
  const add = (model: string, baseline: string, sentence: string) => {
    const pair = `${model} against ${baseline}`;
    pairs.set(pair, [...(pairs.get(pair) ?? []), html`<li>${sentence}</li>`]);
  };
  for (const { model, baseline, verdict } of comparisons) add(model, baseline, verdict);
  for (const ratio of stepsRatios) add(ratio.model, ratio.baseline, stepsSentence(ratio, summary));
  return html`${[...pairs].map(([pair, sentences]) => html`<h3>${pair}</h3>\n<ul>${sentences}</ul>\n`)}
${comparisons.length > 0 && differenceTable(comparisons)}
${stepsRatios.length > 0 && stepsTable(stepsRatios)}`;
}

function differenceTable(comparisons: readonly Comparison[]): Html {
  const level = comparisons.find(({ interval }) => interval)?.interval?.level;
  return dataTable({
    id: 'table-differences',
    caption: html`<b>Differences</b>, model minus baseline over the seeds that both have${
      level !== undefined &&
      `, with ${percent(level)} Student-t interval and p-value of the two-sided paired t-test, of each comparison by itself`
    }.`,
    head: ['Model − baseline', 'Metric', 'After', 'Seeds', 'Model', 'Baseline', 'Difference', 'Interval', 'p-value'],
    text: [1, 2],
    rows: comparisons.map(
      ({ model, baseline, metric, at, atValue, n, unpaired, mean, meanDifference, interval, pValue: p }) => [
        `${model} − ${baseline}`,
        metric,
        at === 'steps' ? `${count(atValue)} steps` : duration(atValue),
        unpaired.length === 0 ? n : `${n} (not ${listed(unpaired.map(String))})`,
        ap(mean.model),
        ap(mean.baseline),
        signed(meanDifference),
        interval === undefined ? dash : bounds(interval),
        pValue(p),
      ],
    ),
  });
}

function stepsTable(stepsRatios: readonly StepsComparison[]): Html {
  return dataTable({
    id: 'table-steps',
    caption: html`<b>Steps to what the baseline ends with</b>, by seed. The baseline's are those to the first time it has
that value. A ratio of which only a bound is known has ≤ or ≥.`,
    head: ['Model, baseline', 'Metric', 'Seed', 'Value to reach', 'Steps', "Baseline's steps", 'Ratio'],
    text: [1],
    rows: stepsRatios.flatMap(({ model, baseline, metric, seeds }) =>
      seeds.map((seed) => [
        `${model}, ${baseline}`,
        metric,
        seed.seed,
        ap(seed.target),
        seed.steps === undefined ? 'not reached' : count(seed.steps),
        seed.baselineSteps === undefined ? 'not reached' : count(seed.baselineSteps),
        stepsRatioWords(seed),
      ]),
    ),
  });
}
