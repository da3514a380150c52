/** Explains what a comparison's figures support and what they do not, and how many seeds would confirm observed differences. */
import { counted } from '@dn-detr/train';
import { type Contrasts, contrastsOf } from '../analysis/contrasts.ts';
import { mostSeeds, power, seedsToTell } from '../analysis/seeds-needed.ts';
import { bounds, count, dash, percent, pValue, signed } from '../format.ts';
import { type Content, type Html, html } from '../markup/html.ts';
import { modelName } from '../markup/model-name.ts';
import { dataTable } from '../markup/table.ts';
import type { Comparison, Summary } from '../summary/summary.ts';

/** The section; undefined if nothing was compared. */
export function limitsSection(summary: Summary): Html | undefined {
  const found = contrastsOf(summary);
  if (found.contrasts.length === 0) return undefined;
  const several = found.contrasts.some(({ difference }) => difference.n > 1);
  return html`<ul>
<li>${several ? spreadWords(found) : alone(summary)}</li>
<li>All seeds share one split of the data, with ${counted(summary.data.val, 'validation image')}: the intervals do not cover how
results would change with other images, other data, longer training or other settings.</li>
</ul>
${several && seedsTable(found)}`;
}

function spreadWords({ contrasts, kind }: Contrasts): Content {
  const corrected = contrasts.filter(({ correctedP }) => correctedP !== undefined).length;
  const which = kind === 'best' ? 'all pairs of models, of which it names some' : counted(corrected, 'difference');
  return html`If the first sentence says that a difference is more than the spread of the seeds explains, its p-value is below 0.05 in the paired
t-test over seeds, corrected by Holm’s method for ${which}. A difference that is not measurable may still exist: the table estimates how
many seeds would find it ${percent(power)} of the time, if it is as large as it seems and the seeds differ as much as they did. Both are
themselves estimates from few seeds.`;
}

/** Explains the limits of a single seed, with the command for more seeds if there is one. */
function alone({ command, finished }: Summary): Content {
  const spread = html`The same model can end better or worse with other initial weights and another order of the images.
How much this varies, and how many seeds would confirm these differences, can be estimated from two seeds on, and well from five`;
  if (!/^npm start($| -- (compare|ablate)\b)/.test(command)) return html`${spread}.`;
  // An unfinished comparison may still get more seeds from its own command.
  return html`${spread}: <code>${finished ? withSeeds(command, 5) : command}</code>`;
}

/** The command with another number of seeds; finished runs are kept. */
export function withSeeds(command: string, seeds: number): string {
  if (/\s--seeds[\s=]/.test(command)) return command.replace(/\s--seeds[\s=]\S+/, ` --seeds ${seeds}`);
  return `${command}${command.includes(' -- ') ? '' : ' -- compare'} --seeds ${seeds}`;
}

function seedsTable({ contrasts, metric }: Contrasts): Html {
  const level = contrasts.find(({ difference }) => difference.interval)?.difference.interval?.level;
  return dataTable({
    id: 'table-seeds',
    caption: html`<b>Differences in ${metric}${level !== undefined && `, their ${percent(level)} intervals`} and the seeds that would confirm
them</b>: seeds per model, at a level of 5 % and a power of ${percent(power)}, without correction for the number of comparisons.`,
    head: ['Model − baseline', 'Difference', 'Seeds needed', 'Seeds so far', 'Interval', 'p, corrected'],
    rows: contrasts.map(({ difference, correctedP }) => [
      html`${modelName(difference.model)} − ${modelName(difference.baseline)}`,
      signed(difference.meanDifference),
      neededWords(difference),
      difference.n,
      difference.interval === undefined ? dash : bounds(difference.interval),
      pValue(correctedP),
    ]),
  });
}

function neededWords(difference: Comparison): string {
  const needed = seedsToTell(difference);
  if (needed === undefined) return dash;
  return needed === 'too many' ? `more than ${count(mostSeeds)}` : count(needed);
}
