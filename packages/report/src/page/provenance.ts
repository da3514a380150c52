/** Everything that is needed to repeat a comparison: data, software, command, and the end of each run. */

import { counted, type Environment } from '@dn-detr/train';
import { ap, count, duration, moment } from '../format.ts';
import { type Content, type Html, html, joined } from '../markup/html.ts';
import { modelName } from '../markup/model-name.ts';
import { dataTable } from '../markup/table.ts';
import type { Summary } from '../summary/summary.ts';

export function provenanceSection(summary: Summary): Html {
  const { data, pretrained = [], environments, command, name, recipe, updated } = summary;
  const facts: readonly (readonly [string, Content])[] = [
    ['Comparison', name],
    ...(recipe === '' ? [] : [['Recipe', html`<code>${recipe}</code>`] as const]),
    [
      'Data',
      html`${data.source}${data.format !== data.source && ` (${data.format})`}: ${counted(data.train, 'training image')}, ${counted(data.val, 'validation image')}`,
    ],
    ['Classes', html`${data.classes.length}: ${data.classes.join(', ')}`],
    ['Hash of the data', html`<code>${data.hash}</code>`],
    ...pretrained.map(
      ({ name, file, sha256, licence, origin }) =>
        [
          'Pretrained weights',
          html`${name}: ${origin}; licence ${licence}; <code>${file}</code>, SHA-256 <code>${sha256}</code>`,
        ] as const,
    ),
    ...environments.flatMap((environment, i) => [
      ...(environments.length > 1 ? [[`Environment ${i + 1}`, runsIn(summary, i)] as const] : []),
      ...environmentFacts(environment),
    ]),
    ['As of', moment(updated)],
  ];
  return html`${
    command !== '' &&
    html`<p>This command repeats or continues it:</p>
<pre><code>${command}</code></pre>
`
  }<dl>${facts.map(([term, what]) => html`<div><dt>${term}</dt><dd>${what}</dd></div>`)}</dl>`;
}

/** The runs of an environment, as `detr seed 0, dn-detr seed 0`. */
function runsIn({ models }: Summary, environment: number): Content {
  const runs = models.flatMap((model) => model.runs.map((run) => ({ model: model.name, ...run })));
  const own = runs.filter((run) => run.environment === environment);
  return joined(
    own.map(({ model, seed }) => html`${modelName(model)} seed ${seed}`),
    ', ',
  );
}

/** @param processes - Native ops of a run's first process, and of each later process whose native ops differed. */
function nativeOpsWords(processes: readonly (readonly string[])[]): string {
  const count = processes.filter(({ length }) => length > 0).length;
  if (count === 0) return '';
  return count === processes.length ? ' with native ops' : ' with native ops for some of its steps';
}

const environmentFacts = ({
  versions,
  backend,
  nativeOps,
  otherNativeOps = [],
  node,
  commit,
  cpus,
}: Environment): (readonly [string, Content])[] => [
  [
    'Backend',
    html`${backend}${nativeOpsWords([nativeOps ?? [], ...otherNativeOps])}, Node ${node}, ${counted(cpus, 'CPU core')}`,
  ],
  [
    'Versions',
    joined(
      Object.entries(versions).map(([packageName, version]) => html`<code>${packageName}</code> ${version}`),
      ', ',
    ),
  ],
  [
    'Commit',
    commit === undefined
      ? 'outside a checkout'
      : html`<code>${commit}</code>${commit.endsWith('+') && ' (with changes)'}`,
  ],
];

export function runsTable({ models }: Summary): Html {
  return dataTable({
    id: 'table-runs',
    caption: html`<b>All runs</b>, and how they ended.`,
    head: ['Model', 'Seed', 'End', 'Steps', 'Training', 'AP', 'AP50', 'Memory (MiB)', 'Folder'],
    text: [2, 8],
    rows: models.flatMap((model) =>
      model.runs.map(({ seed, status, message, curve, final, peakMiB, onPlateau, folder }) => [
        modelName(model.name),
        seed,
        html`${status === 'done' ? 'done' : html`<strong>${status === 'failed' ? 'failed' : 'not finished'}</strong>`}${message !== undefined && `: ${message}`}${onPlateau && ', on the plateau'}`,
        count(curve.at(-1)?.step),
        duration(curve.at(-1)?.seconds),
        ap(final?.AP),
        ap(final?.AP50),
        count(peakMiB),
        html`<code>${folder}</code>`,
      ]),
    ),
  });
}
