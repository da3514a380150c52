/** `bench capture`: how much faster a captured step is. */

import { benchCapture } from '@dn-detr/bench';
import { backendNames } from '@dn-detr/runtime';
import { UserError } from '@dn-detr/train';
import Table from 'cli-table3';
import { Command } from 'commander';
import type { Terminal } from '../terminal.ts';
import { backendOption, chooseBackend } from './backend-option.ts';

export function benchCaptureCommand(terminal: Terminal): Command {
  return new Command('capture')
    .description('time a transformer training step op by op and captured, alternating in one process')
    .option('--json', 'print one JSON document')
    .option('--xla', 'compile the captured graphs with XLA', false)
    .addOption(backendOption())
    .action(async (options: { json?: boolean; xla: boolean; backend?: string }) => {
      const choice = await chooseBackend(terminal.err, options.backend ?? 'tensorflow', { xla: options.xla });
      if (choice.name !== backendNames[0]) throw new UserError(`steps are captured only on ${backendNames[0]}`);
      const cases = benchCapture((name) => terminal.err.write(`measuring ${name} …\n`));
      if (options.json) {
        terminal.out.write(`${JSON.stringify({ cases }, null, 2)}\n`);
        return;
      }
      const head = ['case', 'op by op, ms', 'captured, ms', 'ratio', 'nodes', 'largest relative difference'];
      const table = new Table({ head, style: { head: [], border: [] } });
      for (const { name, eagerMs, capturedMs, ratio, nodes, maxRelDiff } of cases) {
        table.push([
          name,
          eagerMs.toFixed(1),
          capturedMs.toFixed(1),
          ratio.toFixed(2),
          nodes,
          maxRelDiff.toExponential(1),
        ]);
      }
      terminal.out.write(`${table.toString()}\n`);
    });
}
