/** `bench ops`: what native ops are worth. */

import { benchOps, opsConfigs, stepConfigs } from '@dn-detr/bench';
import { UserError } from '@dn-detr/train';
import Table from 'cli-table3';
import { Command } from 'commander';
import type { Terminal } from '../terminal.ts';
import { backendOption, chooseBackend } from './backend-option.ts';

export function benchOpsCommand(terminal: Terminal): Command {
  return new Command('ops')
    .description('layers as native ops of this toolkit and as composed of tfjs ops, forward and backward, captured')
    .option('--json', 'one JSON document on stdout')
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
