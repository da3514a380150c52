/** `bench msda`: the sampling of multi-scale deformable attention compared with PyTorch's. */

import { benchMsda, type MsdaBench, type MsdaTimes, msdaCases, TorchMsda } from '@dn-detr/bench';
import { UserError } from '@dn-detr/train';
import Table from 'cli-table3';
import { Command } from 'commander';
import type { Terminal } from '../terminal.ts';
import { backendOption, chooseBackend } from './backend-option.ts';

const threads = 2;

export function benchMsdaCommand(terminal: Terminal): Command {
  return new Command('msda')
    .description(
      'time the sampling of multi-scale deformable attention, forward and backward, as a native op, composed of tfjs ops, ' +
        `and in PyTorch, ${threads} threads each`,
    )
    .option('--json', 'print one JSON document')
    .option(
      '--python <path>',
      'an interpreter that must have PyTorch (default: PYTHON or python3, without which only ours are timed)',
    )
    .addOption(backendOption())
    .action(async ({ json, python, backend }: { json?: true; python?: string; backend?: string }) => {
      const { name: chosen, tensorflow } = await chooseBackend(terminal.err, backend, { threadsPerOp: threads });
      if (!tensorflow?.ops.names.length) {
        const reason = tensorflow?.ops.reason ?? `the backend is ${chosen}`;
        terminal.err.write(`notice: there are no native ops, so 'ours' is composed of tfjs ops: ${reason}\n`);
      }
      const interpreter = python ?? process.env.PYTHON ?? 'python3';
      const torch = await TorchMsda.start(interpreter);
      const advice = `no PyTorch in ${interpreter}: pip install torch, or name an interpreter with --python`;
      if (torch === undefined && python !== undefined) throw new UserError(advice);
      if (torch === undefined) terminal.err.write(`${advice}\n`);
      const cases = await benchMsda(msdaCases, torch, threads, (name) =>
        terminal.err.write(`measuring ${name} …\n`),
      ).finally(() => torch?.close());
      terminal.out.write(`${json ? JSON.stringify({ cases }, null, 2) : tableOf(cases)}\n`);
    });
}

function tableOf(cases: readonly MsdaBench[]): string {
  const table = new Table({
    head: ['forward + backward, ms', 'ours', 'composed', 'PyTorch', 'ours / PyTorch'],
    colAligns: ['left', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [] },
  });
  const sum = ({ forward, backward }: MsdaTimes): number => forward + backward;
  const words = (times: MsdaTimes | undefined): string =>
    times === undefined ? '-' : `${times.forward.toFixed(2)} + ${times.backward.toFixed(2)}`;
  for (const { name, ours, composed, pytorch } of cases) {
    const ratio = pytorch === undefined ? '-' : (sum(ours) / sum(pytorch)).toFixed(3);
    table.push([name, words(ours), words(composed), words(pytorch), ratio]);
  }
  return table.toString();
}
