/** `inspect COMMAND`: what a model is fed, where it looks, and which query answers. */
import { Command } from 'commander';
import type { Terminal } from '../terminal.ts';
import { inspectAttentionCommand } from './inspect-attention.ts';
import { inspectMatchingCommand } from './inspect-matching.ts';
import { inspectQueriesCommand } from './inspect-queries.ts';

export function inspectCommand(terminal: Terminal): Command {
  return new Command('inspect')
    .description('a look inside: pictures and a page of known queries, attention, and matching')
    .addCommand(inspectQueriesCommand(terminal))
    .addCommand(inspectAttentionCommand(terminal))
    .addCommand(inspectMatchingCommand(terminal));
}
