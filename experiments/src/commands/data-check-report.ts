/** The result of `data check` as text and as JSON. */
import {
  type DatasetReport,
  datasetReaders,
  problemKinds,
  problemsByKind,
  type SplitSummary,
  splitNames,
} from '@dn-detr/data';
import { queriesNeeded } from '@dn-detr/train';
import Table from 'cli-table3';

/** Number of problems of a kind that are listed without `--all`. */
const few = 20;

/** Formats the problems by kind, the worst first, then the contents of the splits, then the verdict. */
export function formatDatasetReport(report: DatasetReport, { all }: { readonly all: boolean }): string {
  const { dataset, notices, problems } = report;
  const groups = problemsByKind(problems).map(([kind, found]) => {
    const { title, consequence } = problemKinds[kind];
    const shown = all ? found : found.slice(0, few);
    const lines = shown.map(({ file, field, message }) => `  ${[file, field].filter(Boolean).join(', ')}: ${message}`);
    const rest = found.length - shown.length;
    return [
      `${title}: ${found.length}`,
      `  → ${consequence}`,
      ...lines,
      ...(rest > 0 ? [`  … and ${rest} more: --all lists them`] : []),
    ].join('\n');
  });
  const format = datasetReaders.find(({ name }) => name === dataset.format)?.title ?? dataset.format;
  return [
    [`${dataset.name}: ${format}`, ...notices.map((notice) => `notice: ${notice}`)].join('\n'),
    ...groups,
    splitTable(report),
    classTable(report),
    [queriesLine(report), verdict(report)].join('\n'),
  ].join('\n\n');
}

/** Formats everything, with every problem, as one JSON document. */
export function reportAsJson({ dataset, notices, problems, summaries, usable }: DatasetReport): string {
  const kinds = problemsByKind(problems).map(([kind, found]) => [kind, { count: found.length, ...problemKinds[kind] }]);
  const { name, format, categories } = dataset;
  const queries = { queriesNeeded: queriesNeeded(imagesOf(dataset)) };
  const document = { name, format, usable, notices, categories, splits: summaries, ...queries };
  return JSON.stringify({ ...document, kinds: Object.fromEntries(kinds), problems }, null, 2);
}

const style = { head: [], border: [], compact: true };

function splitTable({ summaries }: DatasetReport): string {
  const rows: [string, (summary: SplitSummary) => string][] = [
    ['images', ({ images }) => `${images}`],
    ['  without objects', ({ imagesWithoutObjects }) => `${imagesWithoutObjects}`],
    ['objects, as evaluated', ({ objects }) => `${objects}`],
    ['objects, as trained on', ({ training }) => `${training.objects}`],
    ['  left out: crowds', ({ training }) => `${training.crowd}`],
    ['  left out: no area', ({ training }) => `${training.empty}`],
    ['  clipped at the border', ({ training }) => `${training.clipped}`],
    [
      'objects per image, min / median / mean / max',
      ({ objectsPerImage: { min, median, mean, max } }) => `${min} / ${median} / ${mean.toFixed(1)} / ${max}`,
    ],
    ['image width, pixels', ({ imageWidth: { min, max } }) => range(min, max)],
    ['image height, pixels', ({ imageHeight: { min, max } }) => range(min, max)],
    [
      'box side √(w·h), min / median / max',
      ({ boxSide: { min, median, max } }) => [min, median, max].map((side) => side.toFixed(1)).join(' / '),
    ],
  ];
  const table = new Table({ head: ['', ...splitNames], colAligns: ['left', 'right', 'right', 'right'], style });
  for (const [title, cell] of rows)
    table.push([title, ...splitNames.map((split) => (summaries[split].images === 0 ? '–' : cell(summaries[split])))]);
  return table.toString();
}

function classTable({ dataset, summaries }: DatasetReport): string {
  const table = new Table({
    head: ['label', 'class', ...splitNames],
    colAligns: ['right', 'left', 'right', 'right', 'right'],
    style,
  });
  for (const [label, { name }] of dataset.categories.entries()) {
    table.push([label, name, ...splitNames.map((split) => summaries[split].objectsOfClass[label] ?? 0)]);
  }
  return table.toString();
}

const imagesOf = (dataset: DatasetReport['dataset']) => splitNames.flatMap((split) => dataset[split]);

const queriesLine = ({ dataset }: DatasetReport): string =>
  `queries needed: ${queriesNeeded(imagesOf(dataset))}, the most objects to find in one image (model.queries)`;

const range = (min: number, max: number): string => (min === max ? `${min}` : `${min} to ${max}`);

function verdict({ usable, summaries, dataset, problems }: DatasetReport): string {
  const { images, training } = summaries.train;
  if (usable)
    return `usable: training sees ${images} images with ${training.objects} objects of ${dataset.categories.length} classes`;
  const refused = problems.filter(({ kind }) => problemKinds[kind].effect === 'refuse').length;
  return `not usable: training would stop at ${refused} of the problems above`;
}
