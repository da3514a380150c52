/** What was compared and how: the settings in which models differ, and folded away those that they share. */

import { lossesOf, type ModelName } from '@dn-detr/train';
import type { ModelSummary, Summary } from '../compare/summary.ts';
import { count, setting } from './format.ts';
import { type Html, html } from './html.ts';
import { modelName } from './model-name.ts';
import { dataTable } from './table.ts';

export function settingsSection(summary: Summary): Html {
  const { settings, recipe } = summary;
  const shared = Object.entries(settings).sort(([one], [other]) => (one < other ? -1 : 1));
  return html`${differences(summary)}
<details id="shared-settings"><summary>Settings that all models share (${shared.length})${
    recipe !== '' && html`, recipe <code>${recipe}</code>`
  }</summary>
${dataTable({
  id: 'table-shared-settings',
  caption: 'Settings that all models share.',
  head: ['Setting', 'Value'],
  text: [1],
  rows: shared.map(([key, value]) => [code(key), setting(value)]),
})}
</details>`;
}

function differences(summary: Summary): Html {
  const { models } = summary;
  const keys = [...new Set(models.flatMap((model) => Object.keys(model.settings)))].sort();
  return dataTable({
    id: 'table-settings',
    caption: html`<b>Settings that differ</b>${
      models.length > 1 &&
      `: all others are the same. With equal seeds, models draw the order of the images, augmentation and the initial weights of parts that they have in common alike`
    }. A dash: the model makes nothing of it.`,
    head: ['Setting', ...models.map(({ name }) => modelName(name))],
    text: models.map((_, i) => i + 1),
    rows: [
      ...keys.map((key) => [code(key), ...models.map((model) => setting(usedValue(model, summary, key)))]),
      ...kinds.map(([what, words]) => [what, ...models.map((model) => words(model, summary))]).filter(differs),
      ['parameters', ...models.map(({ parameters }) => count(parameters))],
    ],
  });
}

/** What a model's kind brings with it, beyond its settings. */
const kinds: readonly (readonly [string, (model: ModelSummary, summary: Summary) => string])[] = [
  ['class loss', (model, summary) => classLossWords(settingOf(model, summary, 'model.name'))],
  ['matching cost', (model, summary) => matchingWords(settingOf(model, summary, 'model.name'))],
  ['known queries', (model, summary) => (hasKnownQueries(model, summary) ? 'yes' : 'none')],
];

const hasKnownQueries = (model: ModelSummary, summary: Summary): boolean =>
  Number(settingOf(model, summary, 'denoising.groups') ?? 0) > 0;

/** Undefined where the model makes nothing of it, as of the noise of known queries that it has not. */
function usedValue(model: ModelSummary, summary: Summary, key: string): unknown {
  const unused = key.startsWith('denoising.') && key !== 'denoising.groups' && !hasKnownQueries(model, summary);
  return unused ? undefined : model.settings[key];
}

const settingOf = (model: ModelSummary, { settings }: Summary, key: string): unknown =>
  model.settings[key] ?? settings[key];

const differs = ([, ...values]: readonly string[]): boolean => new Set(values).size > 1;

function classLossWords(model: unknown): string {
  const { classLoss } = lossesOf(model as ModelName).criterion;
  return classLoss.kind === 'softmax'
    ? `softmax cross-entropy, no-object class × ${classLoss.eosCoef}`
    : `sigmoid focal, α ${classLoss.alpha}, γ ${classLoss.gamma}`;
}

function matchingWords(model: unknown): string {
  const { classCost, weights } = lossesOf(model as ModelName).matching;
  return `${classCost.kind} class ${weights.class}, L1 ${weights.l1}, GIoU ${weights.giou}`;
}

const code = (key: string): Html => html`<code>${key}</code>`;
