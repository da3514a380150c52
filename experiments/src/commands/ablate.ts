/** `ablate`: varies one thing at a time, over seeds. */
import path from 'node:path';
import { folderName } from '@dn-detr/report';
import { fittingName } from '@dn-detr/train/files';
import { Command } from 'commander';
import type { Ablation } from '../../ablations/ablation.ts';
import { ablations } from '../../ablations/ablations.ts';
import { ablationNamed } from '../ablate/ablation-named.ts';
import { cellsOf, headingOf } from '../ablate/cells.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';
import { addComparisonOptions, affordableRecipe, type ComparisonOptions, runComparison } from './comparison.ts';
import { settingsFrom } from './run-options.ts';

interface AblateOptions extends ComparisonOptions {
  cells?: string;
  list?: true;
}

export function ablateCommand(terminal: Terminal): Command {
  const command = new Command('ablate')
    .description('vary one thing at a time over seeds; writes a table, report.html and ablation.json')
    .argument('[name]', `${ablations.map(({ name }) => name).join(', ')}, or a file with your own grid`)
    .option('--list', 'list the ablations with their cells and claims')
    .option('--cells <list>', 'train only some of the cells: 0,1,5');
  return addComparisonOptions(command, { seeds: 3, out: 'runs/ablate-NAME', summary: 'ablation.json' })
    .addHelpText('after', examples)
    .action((name: string | undefined, options: AblateOptions) => run(terminal, name, options));
}

const examples = `
Your own grid is a JSON file, or a module with a default export:
  {"name": "queries", "title": "number of queries", "claim": "more is not better", "source": "mine",
   "cells": [{"name": "10", "set": {"model.queries": 10}}, {"name": "40", "set": {"model.queries": 40}}]}

Examples:
  npm start -- ablate --list
  npm start -- ablate components
  npm start -- ablate groups --cells 0,5 --seeds 5 --steps 1200 --out runs/few-groups
  npm start -- ablate ./queries.json --data DIR --minutes 5`;

async function run(
  terminal: Terminal,
  name: string | undefined,
  { cells, list, ...options }: AblateOptions,
): Promise<void> {
  if (list) {
    terminal.out.write(`${ablations.map(described).join('\n\n')}\n`);
    return;
  }
  if (name === undefined)
    throw new UsageError('expected the name of an ablation, or a file: --list lists the ablations');
  const ablation = await ablationNamed(name);
  const fallback = await affordableRecipe(terminal.err, options, ablation.recipe);
  const { recipe, reason, settings } = await settingsFrom(terminal.err, options, fallback, {
    models: ablation.cells.map(({ set }) => String(set['model.name'] ?? ablation.model)),
  });
  const suffix =
    options.data === undefined || options.data === 'shapes' ? '' : `-${path.basename(path.resolve(options.data))}`;
  await runComparison(terminal, options, {
    contenders: cellsOf(ablation, settings, cells),
    ablation: headingOf(ablation),
    folder: path.resolve(options.out ?? path.join('runs', fittingName(`ablate-${folderName(ablation.name)}${suffix}`))),
    recipe: recipe.name,
    ...(reason !== undefined && { reason }),
  });
}

const described = ({ name, title, claim, source, cells }: Ablation): string =>
  [
    name,
    `  ${title}`,
    `  cells: ${cells.map((cell) => cell.name).join(' | ')}`,
    `  claim: ${claim}`,
    `  source: ${source}`,
  ].join('\n');
