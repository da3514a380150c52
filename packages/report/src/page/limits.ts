/**
 * Limits of a comparison: what its figures support, what they do not, and how many seeds would tell the differences
 * that were seen.
 */
import { counted } from '@dn-detr/train';
import { type Contrasts, contrastsOf } from '../analysis/contrasts.ts';
import { mostSeeds, power, seedsToTell } from '../analysis/seeds-needed.ts';
import { bounds, count, dash, percent, pValue, signed } from '../format.ts';
import { type Content, type Html, html } from '../markup/html.ts';
import { modelName } from '../markup/model-name.ts';
import { dataTable } from '../markup/table.ts';
import type { Comparison, Summary } from '../summary/summary.ts';

/** Undefined where nothing was compared. */
export function limitsSection(summary: Summary): Html | undefined {
  const found = contrastsOf(summary);
  if (found.contrasts.length === 0) return undefined;
  const several = found.contrasts.some(({ difference }) => difference.n > 1);
  return html`<ul>
<li>${several ? spreadWords(found) : alone(summary)}</li>
<li>All seeds share one split of the data, ${counted(summary.data.val, 'image')} of it to evaluate on: what other images would
change is in no interval here. Nor is what other data, a longer training or other settings would.</li>
</ul>
${several && seedsTable(found)}`;
}

function spreadWords({ contrasts, kind }: Contrasts): Content {
  const corrected = contrasts.filter(({ correctedP }) => correctedP !== undefined).length;
  const which = kind === 'best' ? 'all pairs of models, of which it names some' : counted(corrected, 'difference');
  return html`Where the first sentence says that a difference is more than the spread of the seeds explains, it has a p-value below 0.05 in the paired
t-test over seeds, corrected by Holm for ${which}. A difference that is not measurable may be there all the same: the
table says how many seeds would find it ${percent(power)} of the time, if it is as large as it seems and the seeds differ as
much as they did. Both are themselves estimates from few seeds.`;
}

/** Says what is missing, and the command for it where there is one. */
function alone({ command, finished }: Summary): Content {
  const spread = html`The same model can come out better or worse with other initial weights and another order of the images.
By how much, and so how many seeds would tell these differences, can be estimated from two seeds on, and well from five`;
  if (!/^npm start($| -- (compare|ablate)\b)/.test(command)) return html`${spread}.`;
  // Runs of an unfinished comparison come in one after another: of how many seeds they are is not known yet.
  return html`${spread}: <code>${finished ? withSeeds(command, 5) : command}</code>`;
}

/** The command, for so many seeds: what is done stays. */
export function withSeeds(command: string, seeds: number): string {
  if (/\s--seeds[\s=]/.test(command)) return command.replace(/\s--seeds[\s=]\S+/, ` --seeds ${seeds}`);
  return `${command}${command.includes(' -- ') ? '' : ' -- compare'} --seeds ${seeds}`;
}

function seedsTable({ contrasts, metric }: Contrasts): Html {
  const level = contrasts.find(({ difference }) => difference.interval)?.difference.interval?.level;
  return dataTable({
    id: 'table-seeds',
    caption: html`<b>Differences in ${metric}${level !== undefined && `, their ${percent(level)} intervals`} and the seeds that would tell
them</b>: of each model as many, at 5 % and a power of ${percent(power)}, without correction for the number of comparisons.`,
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
