/** `eval`: COCO's figures for a checkpoint, or for a file of detections. */
import { accessSync, constants, existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { decodeText, type SplitName, splitNames } from '@dn-detr/data';
import {
  type CocoCategory,
  type CocoEvaluation,
  CocoFormatError,
  evaluateDetections,
  figureNames,
  formatFigures,
  parseCocoJson,
  readCocoResults,
  readCocoTruth,
} from '@dn-detr/metrics';
import { backendOptionsOf, UserError } from '@dn-detr/train';
import { writeAtomically } from '@dn-detr/train/files';
import Table from 'cli-table3';
import { Command, Option } from 'commander';
import { cocoResults, evaluateCheckpoint } from '../predict/evaluate-checkpoint.ts';
import { readTrained } from '../predict/trained.ts';
import type { Output, Terminal } from '../terminal.ts';
import { backendOption, chooseBackend } from './backend-option.ts';

interface EvalOptions {
  gt?: string;
  dt?: string;
  checkpoint?: string;
  data?: string;
  split?: SplitName;
  out?: string;
  json?: true;
  backend?: string;
}

/** The result of an evaluation. */
interface Evaluated {
  readonly images: number;
  /** The classes' categories, by label. */
  readonly categories: readonly CocoCategory[];
  readonly evaluation: CocoEvaluation;
  /** Remarks that the user should know about the numbers. */
  readonly notes: readonly string[];
  /** The source of the detections, unless they are from a file. */
  readonly of?: { readonly checkpoint: string; readonly data: string; readonly split: SplitName };
}

export function evalCommand(terminal: Terminal): Command {
  const files = ['gt', 'dt'];
  const command = new Command('eval')
    .description("print COCO's figures for a checkpoint or a file of detections, computed as by pycocotools")
    .option('--gt <file>', "ground truth: COCO's annotations (instances_*.json)")
    .option('--dt <file>', 'detections: a JSON list of {image_id, category_id, bbox, score}')
    .addOption(
      new Option(
        '--checkpoint <file>',
        "instead of files: a run's checkpoints/best.safetensors or last.safetensors",
      ).conflicts(files),
    )
    .addOption(
      new Option(
        '--data <dir>',
        'a folder in COCO, YOLO or VOC layout, photos or shapes (default: the data that the checkpoint was trained on)',
      ).conflicts(files),
    )
    .addOption(new Option('--split <name>', 'split to evaluate (default: val)').choices(splitNames).conflicts(files))
    .addOption(new Option('--out <file>', "also write the detections, in COCO's results format").conflicts(files))
    .option('--json', 'print one JSON document')
    .addOption(backendOption().conflicts(files))
    .addHelpText('after', examples);
  return command.action(async (options: EvalOptions) => {
    const { gt, dt, checkpoint } = options;
    let evaluated: Evaluated;
    if (checkpoint !== undefined) evaluated = await evaluateRun(terminal.err, checkpoint, options);
    else if (gt !== undefined && dt !== undefined) evaluated = evaluateFiles(gt, dt);
    else return command.error('error: expected --checkpoint, or both --gt and --dt', { exitCode: 2 });
    for (const note of evaluated.notes) terminal.err.write(`note: ${note}\n`);
    terminal.out.write(`${options.json ? JSON.stringify(asJson(evaluated), null, 2) : asText(evaluated)}\n`);
  });
}

const examples = `
Examples:
  npm start -- eval --checkpoint runs/mine/checkpoints/best.safetensors
  npm start -- eval --checkpoint runs/mine/checkpoints/best.safetensors --data DIR --split test --out detections.json
  npm start -- eval --gt DIR/annotations/instances_test.json --dt detections.json`;

async function evaluateRun(err: Output, file: string, { data, split, out, backend }: EvalOptions): Promise<Evaluated> {
  const trained = readTrained(file);
  if (out !== undefined) requireResultsFile(out);
  await chooseBackend(err, backend, backendOptionsOf(trained.config));
  const evaluated = await evaluateCheckpoint(err, trained, file, data, split);
  if (out !== undefined) writeAtomically(out, `${JSON.stringify(cocoResults(evaluated))}\n`);
  return {
    images: evaluated.results.length,
    categories: evaluated.categories,
    evaluation: evaluated.evaluation,
    notes: [...trained.notes, ...evaluated.notes],
    of: { checkpoint: file, data: evaluated.data, split: evaluated.split },
  };
}

/**
 * Creates the folder for a file of detections, before the time-consuming evaluation.
 *
 * @throws UserError if the folder cannot be created or written to, or the file exists and is not a list of detections.
 */
function requireResultsFile(file: string): void {
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    accessSync(path.dirname(file), constants.W_OK);
    if (!existsSync(file) || /^\s*\[/.test(readFileSync(file, 'utf8'))) return;
  } catch (error) {
    throw new UserError(`${file} cannot be written (${(error as Error).message}): choose another --out`);
  }
  throw new UserError(`${file} exists and is not a list of detections: choose another --out, or delete it`);
}

/** @throws UserError if a file cannot be read or is not in COCO's format. */
function evaluateFiles(gt: string, dt: string): Evaluated {
  const notes: string[] = [];
  const truth = read(gt, readCocoTruth, notes);
  const results = read(dt, (json) => readCocoResults(json, truth), notes);
  const { categories, imageIds, ignored } = truth;
  const counted = [
    [ignored.unknownImage, 'annotations', 'images', gt],
    [ignored.unknownCategory, 'annotations', 'categories', gt],
    [results.ignored.unknownCategory, 'detections', 'categories', dt],
  ] as const;
  for (const [count, what, of, file] of counted) {
    if (count > 0) notes.push(`${file}: ${count} ${what} are ignored, as their ${of} are not listed in ${gt}`);
  }
  notes.push(...truth.notes.map((note) => `${gt}: ${note}`), ...results.notes.map((note) => `${dt}: ${note}`));
  return {
    images: imageIds.length,
    categories,
    evaluation: evaluateDetections(truth.truths, results.detections, {
      numClasses: categories.length,
      allowNonFinite: true,
    }),
    notes,
  };
}

/** @param notes - Receives a remark if there is something odd about the text. */
function read<T>(file: string, interpret: (json: unknown) => T, notes: string[]): T {
  let text: string;
  try {
    const decoded = decodeText(readFileSync(file));
    text = decoded.text;
    if (decoded.fault !== undefined) notes.push(`${file}: ${decoded.fault}`);
  } catch (error) {
    throw new UserError(`${file} cannot be read: ${(error as Error).message}`);
  }
  try {
    return interpret(parseCocoJson(text));
  } catch (error) {
    if (error instanceof CocoFormatError) throw new UserError(`${file}: ${error.message}`);
    if (!(error instanceof SyntaxError)) throw error;
    throw new UserError(`${file} is not valid JSON (${error.message}): is it cut off or damaged?`);
  }
}

function asText({ images, categories, evaluation, of }: Evaluated): string {
  const columns = ['AP', 'AP50', 'AP75', 'APs', 'APm', 'APl', 'AR100'] as const;
  const table = new Table({
    head: ['class', ...columns],
    colAligns: ['left', ...columns.map(() => 'right' as const)],
    style: { head: [], border: [], compact: true },
  });
  for (const [label, category] of categories.entries()) {
    const figures = evaluation.perClass[label];
    table.push([titleOf(category, categories), ...columns.map((column) => figureText(figures?.[column] ?? -1))]);
  }
  const title = of ? `${of.checkpoint} on ${of.data}, ${of.split} (${images} images)\n\n` : '';
  return `${title}${formatFigures(evaluation)}\n\n${table.toString()}`;
}

/** The category's name, with its id if another category has the same name. */
function titleOf({ id, name }: CocoCategory, categories: readonly CocoCategory[]): string {
  return categories.filter((category) => category.name === name).length === 1 ? name : `${name} (id ${id})`;
}

/** Figures are negative if there are no objects. */
const figureText = (value: number): string => (value < 0 ? '-' : value.toFixed(3));

function asJson({ images, categories, evaluation, of }: Evaluated): object {
  const figures = Object.fromEntries(figureNames.map((name) => [name, evaluation[name]]));
  const perClass = categories.map((category, label) => ({ ...category, ...evaluation.perClass[label] }));
  return { ...of, images, ...figures, stats: evaluation.stats, perClass };
}
