/** `bench dn`: how long it takes to make known queries. */

import { benchDn } from '@dn-detr/bench';
import { Command } from 'commander';
import type { Terminal } from '../terminal.ts';

export function benchDnCommand(terminal: Terminal): Command {
  return new Command('dn')
    .description('time making the known queries of 16 images with 20 objects in 5 groups, with 300 matching queries')
    .option('--json', 'print one JSON document')
    .action(({ json }: { json?: boolean }) => {
      const figures = benchDn();
      const { ms, known, total } = figures;
      const text = json
        ? JSON.stringify(figures)
        : `${ms.toFixed(3)} ms for 16 × ${known} known queries, ${total} in all`;
      terminal.out.write(`${text}\n`);
    });
}
