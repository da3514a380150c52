/** The last evaluation in detail: AP by class and by size, duplicates, and the effect of non-maximum suppression. */

import { estimate, estimateWords } from '../analysis/final-rows.ts';
import { countedRuns } from '../analysis/runs.ts';
import { ap, decimal, signed } from '../format.ts';
import { type Html, html } from '../markup/html.ts';
import { modelName } from '../markup/model-name.ts';
import { dataTable } from '../markup/table.ts';
import type { FinalMetrics, ModelSummary, Summary } from '../summary/summary.ts';
import { csvName, downloadLink } from './figure.ts';

/** The section; undefined before the first evaluation. */
export function detectionsSection(summary: Summary): Html | undefined {
  if (summary.models.every((model) => finals(model).length === 0)) return undefined;
  return html`${duplicatesTable(summary)}\n${figuresTable(summary)}\n${classTable(summary)}`;
}

const finals = (model: ModelSummary): readonly FinalMetrics[] =>
  countedRuns(model).flatMap(({ final }) => (final === undefined ? [] : [final]));

function mean(model: ModelSummary, value: (final: FinalMetrics) => number | undefined, format = ap): string {
  return estimateWords(estimate(finals(model).map(value)), format);
}

function duplicatesTable({ models }: Summary): Html {
  const nmsGain = (final: FinalMetrics) =>
    final.AP === -1 || final.duplicates.APWithNms === -1 ? undefined : final.duplicates.APWithNms - final.AP;
  return dataTable({
    id: 'table-duplicates',
    caption: html`<b>Duplicates</b>: detections per object with a score above 0.5 that repeat an object already found, and AP
before and after non-maximum suppression, which a detection transformer should not need. A model that finds nothing, or nothing
with such a score, has no duplicates.`,
    head: ['Model', 'Duplicates per object', 'AP', 'AP with NMS', 'Change'],
    rows: models.map((model) => [
      modelName(model.name),
      mean(model, ({ duplicates }) => duplicates.perObject, decimal),
      mean(model, ({ AP }) => AP),
      mean(model, ({ duplicates }) => duplicates.APWithNms),
      mean(model, nmsGain, signed),
    ]),
  });
}

const cocoFigures = ['AP', 'AP50', 'AP75', 'APs', 'APm', 'APl', 'AR1', 'AR10', 'AR100'] as const;

function figuresTable({ models }: Summary): Html {
  return dataTable({
    id: 'table-coco',
    caption: html`<b>All COCO figures</b>: AP by IoU and by size of the objects (s below 32² pixels, m, l from 96²), and
recall with 1, 10 and 100 detections per image. A dash means that there was no such object.`,
    head: ['Figure', ...models.map(({ name }) => modelName(name))],
    rows: cocoFigures.map((figure) => [figure, ...models.map((model) => mean(model, (final) => final[figure]))]),
  });
}

/** Largest number of models with both figures; the table of more would be wider than the page. */
const mostWithBoth = 3;

function classTable({ models, data, name }: Summary): Html {
  const both = models.length <= mostWithBoth;
  const figures = both ? (['AP', 'AP50'] as const) : (['AP50'] as const);
  const names = models.map((model) => modelName(model.name));
  const ofClass = (index: number, figure: 'AP' | 'AP50') => (final: FinalMetrics) => final.perClass[index]?.[figure];
  const rows = models.flatMap((model) =>
    countedRuns(model).flatMap(({ seed, final }) =>
      (final?.perClass ?? []).map((entry) => ({
        model: model.name,
        seed,
        class: entry.name,
        AP: known(entry.AP),
        AP50: known(entry.AP50),
      })),
    ),
  );
  return html`${dataTable({
    id: 'table-classes',
    caption: html`<b>${figures.join(' and ')} by class</b> at the last evaluation. ${downloadLink({
      label: 'Data as CSV',
      file: csvName(name, 'classes'),
      rows,
    })}.`,
    ...(both && { groups: names.map((model) => ({ name: model, columns: figures.length })) }),
    head: ['Class', ...(both ? models.flatMap(() => figures) : names)],
    rows: data.classes.map((label, index) => [
      label,
      ...models.flatMap((model) => figures.map((figure) => mean(model, ofClass(index, figure)))),
    ]),
  })}`;
}

const known = (value: number): number | undefined => (value === -1 ? undefined : value);
