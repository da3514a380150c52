/** `bench NAME`: measures speed, as a table or as JSON. */
import { Command } from 'commander';
import type { Terminal } from '../terminal.ts';
import { benchCaptureCommand } from './bench-capture.ts';
import { benchCocoEvalCommand } from './bench-coco-eval.ts';
import { benchDataCommand } from './bench-data.ts';
import { benchDepthwiseCommand } from './bench-depthwise.ts';
import { benchDnCommand } from './bench-dn.ts';
import { benchMatcherCommand } from './bench-matcher.ts';
import { benchMsdaCommand } from './bench-msda.ts';
import { benchOpsCommand } from './bench-ops.ts';
import { benchPeersCommand } from './bench-peers.ts';
import { benchStepCommand } from './bench-step.ts';

export function benchCommand(terminal: Terminal): Command {
  return new Command('bench')
    .description('measure speed on this machine')
    .addCommand(benchCaptureCommand(terminal))
    .addCommand(benchStepCommand(terminal))
    .addCommand(benchPeersCommand(terminal))
    .addCommand(benchMatcherCommand(terminal))
    .addCommand(benchDnCommand(terminal))
    .addCommand(benchOpsCommand(terminal))
    .addCommand(benchMsdaCommand(terminal))
    .addCommand(benchDepthwiseCommand(terminal))
    .addCommand(benchDataCommand(terminal))
    .addCommand(benchCocoEvalCommand(terminal));
}
