/** `bench matcher`: linear assignment compared with other solvers, and the matching of a training step. */

import {
  type AssignmentBench,
  benchAssignments,
  benchMatchingStep,
  benchMatrices,
  readMatrices,
  Scipy,
} from '@dn-detr/bench';
import { UserError } from '@dn-detr/train';
import Table from 'cli-table3';
import { Command } from 'commander';
import type { Terminal } from '../terminal.ts';

interface BenchMatcherOptions {
  json?: true;
  matrices?: string;
  scipy?: true;
}

export function benchMatcherCommand(terminal: Terminal): Command {
  return new Command('matcher')
    .description(
      "time linear assignment here, in munkres-js, munkres and, if Python has it, scipy; and a complete step's matching",
    )
    .option('--json', 'print one JSON document')
    .option('--matrices <dir>', 'also time every *.json {rows, cols, cost: [...]} of a folder')
    .option('--scipy', 'fail if scipy is missing; the environment variable PYTHON names the interpreter')
    .action(async ({ json, matrices, scipy }: BenchMatcherOptions) => {
      const all = [...benchMatrices(), ...(matrices === undefined ? [] : readMatrices(matrices))];
      const python = process.env.PYTHON ?? 'python3';
      const peer = await Scipy.start(python);
      if (scipy && peer === undefined) {
        throw new UserError(`${python} has no scipy: install it, or name another interpreter in PYTHON`);
      }
      if (peer === undefined) {
        terminal.err.write(`no scipy in ${python}: pip install scipy, or name an interpreter in PYTHON\n`);
      }
      const step = benchMatchingStep();
      const assignment = await benchAssignments(all, peer, ({ rows, cols, kind, name }) =>
        terminal.err.write(`measuring ${rows}x${cols} ${name ?? kind} …\n`),
      ).finally(() => peer?.close());
      if (json) {
        terminal.out.write(`${JSON.stringify({ assignment, step, scipy: peer?.version ?? null }, null, 2)}\n`);
        return;
      }
      const { layers, batch, queries, numClasses, objects } = step;
      const sizes = `${layers} layers, batch ${batch}, ${queries} queries, ${numClasses} classes, ${objects} objects`;
      terminal.out.write(
        `${tableOf(assignment)}\n` +
          `a step's matching (${sizes}): ${step.ms.toFixed(1)} ms, its assignments ${step.assignmentMs.toFixed(2)} ms\n`,
      );
    });
}

function tableOf(assignment: readonly AssignmentBench[]): string {
  const table = new Table({
    head: ['queries x objects', 'costs', 'ours, ms', 'munkres-js, ms', 'munkres, ms', 'scipy, ms'],
    style: { head: [], border: [] },
  });
  for (const { rows, cols, kind, name, ms, leftOut } of assignment) {
    const figures = (['ours', 'munkresJs', 'munkres', 'scipy'] as const).map(
      (solver) => ms[solver]?.toPrecision(3) ?? leftOut[solver] ?? '-',
    );
    table.push([`${rows} x ${cols}`, name ?? kind, ...figures]);
  }
  return table.toString();
}
