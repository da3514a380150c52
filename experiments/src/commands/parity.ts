/** `parity`: runs the parity checks on a folder of fixtures. */

import { formatReport, reportAsJson, runParity } from '@dn-detr/parity';
import { Command } from 'commander';
import type { Terminal } from '../terminal.ts';
import { backendOption, chooseBackend } from './backend-option.ts';

interface ParityOptions {
  dir: string;
  only?: string[];
  json?: true;
  backend?: string;
}

export function parityCommand(terminal: Terminal): Command {
  const command = new Command('parity');
  return command
    .description('compare with numbers recorded from the reference implementations; exits with 1 on a failure')
    .requiredOption('--dir <dir>', 'folder of fixtures: <name>.json with optional <name>.safetensors')
    .option('--only <names...>', 'check only these fixtures')
    .option('--json', 'print one JSON document')
    .addOption(backendOption())
    .action(async ({ dir, only, json, backend }: ParityOptions) => {
      await chooseBackend(terminal.err, backend);
      const report = runParity(dir, only);
      terminal.out.write(`${json ? reportAsJson(report) : formatReport(report)}\n`);
      if (report.failed > 0) terminal.exitCode = 1;
    });
}
