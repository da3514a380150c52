/** `compare`: trains several models on the same data over seeds, and compares their curves. */
import path from 'node:path';
import { models as allModels } from '@dn-detr/train';
import { Command, Option } from 'commander';
import { takesOneMap } from '../config/choose-recipe.ts';
import { contenders } from '../contender.ts';
import type { Terminal } from '../terminal.ts';
import {
  addComparisonOptions,
  affordableRecipe,
  type ComparisonOptions,
  commaList,
  runComparison,
} from './comparison.ts';
import { settingsFrom } from './run-options.ts';

interface CompareOptions extends ComparisonOptions {
  models?: string[];
}

export function compareCommand(terminal: Terminal): Command {
  const command = new Command('compare')
    .description('train several models on the same data over seeds; writes a table, report.html and summary.json')
    .addOption(
      new Option(
        '--models <list>',
        `which of ${allModels.map(({ name }) => name).join(', ')}; settings for one model follow a plus: dn-detr+denoising.groups=0`,
      ).argParser(commaList),
    );
  return addComparisonOptions(command, { seeds: 1, out: 'runs/RECIPE or runs/DATA', summary: 'summary.json' })
    .addHelpText('after', examples)
    .action((options: CompareOptions) => run(terminal, options));
}

/** The models compared by default with a recipe for a single feature map. */
const olderModels = ['detr', 'dab-detr', 'dn-detr'];

const examples = `
Examples:
  npm start                                    deformable models with and without denoising on photographs, one seed
  npm start -- compare --seeds 3               the same over three seeds; continues in runs/photographs
  npm start -- compare --recipe quick          detr, dab-detr and dn-detr on synthetic shapes
  npm start -- compare --data DIR --minutes 20
  npm start -- compare --models dn-detr+denoising.groups=0,dn-detr --seeds 3 --out runs/no-denoising`;

async function run(terminal: Terminal, { models, ...options }: CompareOptions): Promise<void> {
  const names = models?.map((name) => name.split('+')[0] as string);
  const suitsShapes = options.data === 'shapes' || (names?.every(takesOneMap) ?? false);
  const fallback = await affordableRecipe(terminal.err, options, suitsShapes ? 'quick' : 'photographs');
  const { recipe, reason, settings } = await settingsFrom(terminal.err, options, fallback, {
    ...(names && { models: names }),
  });
  const name = options.data === undefined ? recipe.name : path.basename(path.resolve(options.data));
  await runComparison(terminal, options, {
    contenders: contenders(models ?? recipe.compared ?? olderModels, settings),
    folder: path.resolve(options.out ?? path.join('runs', name)),
    recipe: recipe.name,
    ...(reason !== undefined && { reason }),
  });
}
