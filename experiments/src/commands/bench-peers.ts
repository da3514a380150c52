/** `bench peers`: training steps compared with those of the original repositories in PyTorch. */
import { availableParallelism } from 'node:os';
import {
  benchPeers,
  benchStepApart,
  benchTorchStep,
  checkoutOf,
  type PeersBench,
  repositoryOf,
  type StepConfig,
  type StepConfigName,
  stepConfigs,
} from '@dn-detr/bench';
import Table from 'cli-table3';
import { Command, Option } from 'commander';
import type { Terminal } from '../terminal.ts';
import { fromOne } from './run-options.ts';

interface PeersOptions {
  config: StepConfigName[];
  runs: number;
  steps: number;
  originals: string;
  python: string;
  json?: boolean;
}

interface PeersResult extends PeersBench {
  config: StepConfigName;
}

type PeerConfig = Parameters<typeof benchTorchStep>[0];

const allConfigs = Object.entries(stepConfigs) as [StepConfigName, StepConfig][];

/** The configurations whose model also exists in PyTorch. */
const peerConfigs = new Map(
  allConfigs.filter((entry): entry is [StepConfigName, PeerConfig] => entry[1].original !== undefined),
);

export function benchPeersCommand(terminal: Terminal): Command {
  const names = [...peerConfigs.keys()];
  const repositories = new Set([...peerConfigs.values()].map(({ original }) => repositoryOf(original)));
  return new Command('peers')
    .description(
      'compare training steps of the same models here and in the original repositories in PyTorch: time and peak memory, ' +
        'medians over alternating runs in separate processes',
    )
    .requiredOption('--originals <dir>', `folder with clones of ${[...repositories].join(' and ')}`)
    .addOption(
      new Option('--python <path>', 'an interpreter with PyTorch, torchvision and scipy')
        .env('PYTHON')
        .default('python3'),
    )
    .addOption(new Option('--config <names...>', 'configurations to time').choices(names).default(names))
    .option('--runs <count>', 'runs of each side', fromOne, 5)
    .option('--steps <count>', 'steps to time in each run', fromOne, 10)
    .option('--json', 'print one JSON document')
    .action(async ({ config, runs, steps, originals, python, json }: PeersOptions) => {
      const chosen = config.map((name) => [name, peerConfigs.get(name) as PeerConfig] as const);
      // Check all repositories before the first measurement.
      for (const [, { original }] of chosen) checkoutOf(original, originals);
      const threads = availableParallelism();
      const results: PeersResult[] = [];
      for (const [name, suited] of chosen) {
        terminal.err.write(`measuring ${name} …\n`);
        const bench = await benchPeers(
          runs,
          () => benchStepApart(name, steps, '--no-phases'),
          () => benchTorchStep(suited, steps, { python, originals, threads }),
        );
        results.push({ config: name, ...bench });
      }
      terminal.out.write(`${json ? JSON.stringify({ threads, results }, null, 2) : tableOf(results)}\n`);
    });
}

function tableOf(results: readonly PeersResult[]): string {
  const pytorch = `PyTorch ${results[0]?.version}`;
  const head = ['config', 'parameters', 'ms', pytorch, 'ratio', 'peak RSS, MiB', pytorch, 'ratio'];
  const colAligns = head.map((_, i) => (i === 0 ? 'left' : 'right'));
  const table = new Table({ head, colAligns, style: { head: [], border: [] } });
  for (const { config, parameters, ours, pytorch, ratio } of results) {
    table.push([
      config,
      parameters,
      ...[ours.ms, pytorch.ms].map((ms) => ms.toFixed(1)),
      ratio.ms.toFixed(2),
      ...[ours.peakRssMiB, pytorch.peakRssMiB].map((peak) => peak.toFixed(0)),
      ratio.peakRssMiB.toFixed(2),
    ]);
  }
  return table.toString();
}
