/** The settings in which models differ, and those that they share. */

import { count, dash, setting } from '../format.ts';
import { type Html, html } from '../markup/html.ts';
import { modelName } from '../markup/model-name.ts';
import { dataTable } from '../markup/table.ts';
import type { ModelSummary, Summary } from '../summary/summary.ts';

/** The settings that all models share, folded away. */
export function sharedSettings({ settings, recipe }: Summary): Html {
  const shared = Object.entries(settings).sort(([one], [other]) => (one < other ? -1 : 1));
  return html`<details id="shared-settings"><summary>Settings that all models share (${shared.length})${
    recipe !== '' && html`, recipe <code>${recipe}</code>`
  }</summary>
${dataTable({
  id: 'table-shared-settings',
  caption: 'Settings that all models share.',
  head: ['Setting', 'Value'],
  text: [1],
  rows: shared.map(([key, value]) => [code(key), valueWords(key, value)]),
})}
</details>`;
}

export function settingDifferences(summary: Summary): Html {
  const { models } = summary;
  const differing = [...new Set(models.flatMap((model) => Object.keys(model.settings)))].sort();
  const initDiffers = differing.some(isInit);
  const keys = differing.filter((key) => !saidInWords.has(key) && !isInit(key));
  return dataTable({
    id: 'table-settings',
    caption: html`<b>Settings that differ</b>${
      models.length > 1 &&
      `; all others are the same. With equal seeds, models have the same order of images, augmentation, and initial weights of parts that they share`
    }${models.length > 1 && initDiffers && ', except for weights loaded from the file of init'}. A dash means that the model does not use the setting.`,
    head: ['Setting', ...models.map(({ name }) => modelName(name))],
    text: models.map((_, i) => i + 1),
    rows: [
      ...keys.map((key) => [code(key), ...models.map((model) => valueWords(key, usedValue(model, summary, key)))]),
      ...(initDiffers ? [[code('init'), ...models.map((model) => initWords(model, summary))]] : []),
      ...kinds.map(([what, words]) => [what, ...models.map((model) => words(model, summary))]).filter(differs),
      ['parameters', ...models.map(({ parameters }) => count(parameters))],
    ],
  });
}

/** Descriptions of special values. */
const standsFor: Readonly<Record<string, readonly [value: unknown, words: string]>> = {
  'denoising.groups': [null, 'as many as fit'],
  'denoising.slotBucket': [null, 'the objects of the fullest image'],
  'denoising.maxKnownQueries': [0, 'no limit'],
  'model.labelBook': [null, 'the classes'],
};

function valueWords(key: string, value: unknown): string {
  const [special, words] = standsFor[key] ?? [];
  return words !== undefined && value === special ? words : setting(value);
}

const isInit = (key: string): boolean => key === 'init' || key.startsWith('init.');

/** `none`, or the file that the initial weights are from, with the first digits of its hash. */
function initWords(model: ModelSummary, summary: Summary): string {
  const [file, hash] = ['init.file', 'init.hash'].map((key) => settingOf(model, summary, key));
  if (file === undefined) return setting(settingOf(model, summary, 'init'));
  return hash === undefined ? `${file}` : `${file} (${`${hash}`.slice(0, 8)})`;
}

/** Settings of the objective that are described together. */
const objective = [
  { title: 'class loss', words: classLossWords, keys: ['loss.eosCoef', 'loss.alpha', 'loss.gamma'] },
  { title: 'loss coefficients', words: coefficientWords, keys: ['loss.class', 'loss.bbox', 'loss.giou'] },
  {
    title: 'matching cost',
    words: matchingWords,
    keys: ['matching.class', 'matching.l1', 'matching.giou', 'matching.alpha', 'matching.gamma'],
  },
] as const;

const saidInWords: ReadonlySet<string> = new Set(
  objective.flatMap(({ keys }) => keys.map((key) => `objective.${key}`)),
);

/** Descriptions of a model's objective, made from its settings. */
const kinds = objective.map(
  ({ title, words }) =>
    [
      title,
      (model: ModelSummary, summary: Summary) => words((key) => settingOf(model, summary, `objective.${key}`)),
    ] as const,
);

/** Whether a model has known queries; a number of groups of null means as many as fit. */
const hasKnownQueries = (model: ModelSummary, summary: Summary): boolean =>
  ![undefined, 0].includes(settingOf(model, summary, 'denoising.groups') as undefined);

/** The value of a setting; undefined if the model does not use it, such as the noise of known queries that it does not have. */
function usedValue(model: ModelSummary, summary: Summary, key: string): unknown {
  const unused = key.startsWith('denoising.') && key !== 'denoising.groups' && !hasKnownQueries(model, summary);
  return unused ? undefined : model.settings[key];
}

export const settingOf = (model: ModelSummary, { settings }: Summary, key: string): unknown =>
  key in model.settings ? model.settings[key] : settings[key];

const differs = ([, ...values]: readonly string[]): boolean => new Set(values).size > 1;

/** Looks up a setting of the objective by its key. */
type ObjectiveSetting = (key: string) => unknown;

function classLossWords(of: ObjectiveSetting): string {
  const eosCoef = of('loss.eosCoef');
  if (eosCoef !== undefined) return `softmax cross-entropy, no-object class × ${eosCoef}`;
  return of('loss.alpha') === undefined ? dash : `sigmoid focal, α ${of('loss.alpha')}, γ ${of('loss.gamma')}`;
}

function coefficientWords(of: ObjectiveSetting): string {
  return of('loss.class') === undefined
    ? dash
    : `class ${of('loss.class')}, L1 ${of('loss.bbox')}, GIoU ${of('loss.giou')}`;
}

function matchingWords(of: ObjectiveSetting): string {
  const weight = of('matching.class');
  if (weight === undefined) return dash;
  const alpha = of('matching.alpha');
  const classCost =
    alpha === undefined ? `softmax class ${weight}` : `focal class ${weight} (α ${alpha}, γ ${of('matching.gamma')})`;
  return `${classCost}, L1 ${of('matching.l1')}, GIoU ${of('matching.giou')}`;
}

const code = (key: string): Html => html`<code>${key}</code>`;
