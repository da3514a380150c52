/** `eval`: COCO's figures of a file of detections. */
import { readFileSync } from 'node:fs';
import {
  type CocoCategory,
  type CocoEvaluation,
  CocoFormatError,
  evaluateDetections,
  figureNames,
  formatFigures,
  readCocoResults,
  readCocoTruth,
} from '@dn-detr/metrics';
import Table from 'cli-table3';
import { Command } from 'commander';
import { UserError } from '../user-error.ts';

interface EvalOptions {
  gt: string;
  dt: string;
  json?: true;
}

/** What was evaluated, and what came out. */
interface Evaluated {
  readonly images: number;
  readonly categories: readonly CocoCategory[];
  readonly evaluation: CocoEvaluation;
  /** what the user should know about the numbers */
  readonly notes: readonly string[];
}

export function evalCommand(): Command {
  return new Command('eval')
    .description("COCO's figures of detections, as pycocotools computes and prints them")
    .requiredOption('--gt <file>', "the truth: COCO's annotations (instances_*.json)")
    .requiredOption('--dt <file>', 'the detections: a JSON list of {image_id, category_id, bbox, score}')
    .option('--json', 'one JSON document on stdout')
    .action(({ gt, dt, json }: EvalOptions) => {
      const evaluated = evaluateFiles(gt, dt);
      for (const note of evaluated.notes) process.stderr.write(`note: ${note}\n`);
      process.stdout.write(`${json ? JSON.stringify(asJson(evaluated), null, 2) : asText(evaluated)}\n`);
    });
}

/** @throws UserError if a file cannot be read or is not in COCO's format */
function evaluateFiles(gt: string, dt: string): Evaluated {
  const truth = read(gt, readCocoTruth);
  const results = read(dt, (json) => readCocoResults(json, truth));
  const { categories, imageIds, ignored } = truth;
  const counted = [
    [ignored.unknownImage, 'annotations', 'images', gt],
    [ignored.unknownCategory, 'annotations', 'categories', gt],
    [results.ignored.unknownCategory, 'detections', 'categories', dt],
  ] as const;
  const notes = counted.flatMap(([count, what, of, file]) =>
    count === 0 ? [] : [`${file}: ${count} ${what} do not count, as their ${of} are not listed in ${gt}`],
  );
  if (truth.hasIdZero) {
    notes.push(`${gt}: the annotation with the id 0 never counts as found, as in pycocotools; number them from 1`);
  }
  return {
    images: imageIds.length,
    categories,
    evaluation: evaluateDetections(truth.truths, results.detections, { classes: categories.length }),
    notes,
  };
}

function read<T>(file: string, interpret: (json: unknown) => T): T {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UserError(`${file} cannot be read: ${(error as Error).message}`);
  }
  try {
    return interpret(JSON.parse(text));
  } catch (error) {
    if (error instanceof CocoFormatError) throw new UserError(`${file}: ${error.message}`);
    if (!(error instanceof SyntaxError)) throw error;
    const hint = /[:[,]\s*-?(?:NaN|Infinity)\b/.test(text)
      ? 'it holds NaN or Infinity, which Python writes and JSON does not have'
      : 'is it cut off or damaged?';
    throw new UserError(`${file} is no JSON (${error.message}): ${hint}`);
  }
}

function asText({ categories, evaluation }: Evaluated): string {
  const columns = ['AP', 'AP50', 'AP75', 'APs', 'APm', 'APl', 'AR100'] as const;
  const table = new Table({
    head: ['class', ...columns],
    colAligns: ['left', ...columns.map(() => 'right' as const)],
    style: { head: [], border: [], compact: true },
  });
  for (const [label, { name }] of categories.entries()) {
    const figures = evaluation.perClass[label];
    table.push([name, ...columns.map((column) => figureText(figures?.[column] ?? -1))]);
  }
  return `${formatFigures(evaluation)}\n\n${table.toString()}`;
}

/** Without objects there is no figure. */
const figureText = (value: number): string => (value < 0 ? '-' : value.toFixed(3));

function asJson({ images, categories, evaluation }: Evaluated): object {
  const figures = Object.fromEntries(figureNames.map((name) => [name, evaluation[name]]));
  const perClass = categories.map((category, label) => ({ ...category, ...evaluation.perClass[label] }));
  return { images, ...figures, stats: evaluation.stats, perClass };
}
