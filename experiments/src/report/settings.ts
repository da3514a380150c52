/** What was compared and how: the settings in which models differ, and folded away those that they share. */
import type { Summary } from '../compare/summary.ts';
import { count, setting } from './format.ts';
import { type Html, html } from './html.ts';
import { modelName } from './model-name.ts';
import { dataTable } from './table.ts';

export function settingsSection(summary: Summary): Html {
  const { settings, recipe } = summary;
  const shared = Object.entries(settings).sort(([one], [other]) => (one < other ? -1 : 1));
  return html`${differences(summary)}
<details id="shared-settings"><summary>Settings that all models share (${shared.length}), recipe <code>${recipe}</code></summary>
${dataTable({
  id: 'table-shared-settings',
  caption: 'Settings that all models share.',
  head: ['Setting', 'Value'],
  text: [1],
  rows: shared.map(([key, value]) => [code(key), setting(value)]),
})}
</details>`;
}

function differences({ models }: Summary): Html {
  const keys = [...new Set(models.flatMap((model) => Object.keys(model.settings)))].sort();
  return dataTable({
    id: 'table-settings',
    caption: html`<b>Settings that differ</b>${
      models.length > 1 &&
      `: all others are the same. With equal seeds, models draw the order of the images, augmentation and the initial weights of parts that they have in common alike`
    }.`,
    head: ['Setting', ...models.map(({ name }) => modelName(name))],
    text: models.map((_, i) => i + 1),
    rows: [
      ...keys.map((key) => [code(key), ...models.map((model) => setting(model.settings[key]))]),
      ['parameters', ...models.map(({ parameters }) => count(parameters))],
    ],
  });
}

const code = (key: string): Html => html`<code>${key}</code>`;
