/** `bench ops`: how much faster native ops are. */

import { benchOps, opsConfigs, stepConfigs } from '@dn-detr/bench';
import { UserError } from '@dn-detr/train';
import Table from 'cli-table3';
import { Command } from 'commander';
import type { Terminal } from '../terminal.ts';
import { backendOption, chooseBackend } from './backend-option.ts';

export function benchOpsCommand(terminal: Terminal): Command {
  return new Command('ops')
    .description('time layers as native ops and as composed of tfjs ops, forward and backward, captured')
    .option('--json', 'print one JSON document')
    .addOption(backendOption())
    .action(async ({ json, backend }: { json?: true; backend?: string }) => {
      const { name: chosen, tensorflow } = await chooseBackend(terminal.err, backend);
      if (!tensorflow?.ops.names.length) {
        throw new UserError(`there are no native ops: ${tensorflow?.ops.reason ?? `the backend is ${chosen}`}`);
      }
      const configs = Object.fromEntries(opsConfigs.map((config) => [config, stepConfigs[config]]));
      const cases = benchOps(configs, (name) => terminal.err.write(`measuring ${name} …\n`));
      terminal.out.write(`${json ? JSON.stringify({ cases }, null, 2) : tableOf(cases)}\n`);
    });
}

function tableOf(cases: ReturnType<typeof benchOps>): string {
  const table = new Table({
    head: ['sizes of', 'layer, forward and backward', 'native, ms', 'composed, ms', 'ratio'],
    colAligns: ['left', 'left', 'right', 'right', 'right'],
    style: { head: [], border: [] },
  });
  for (const { config, layer, native, composed } of cases) {
    table.push([config, layer, native.toFixed(2), composed.toFixed(2), (native / composed).toFixed(2)]);
  }
  return table.toString();
}
