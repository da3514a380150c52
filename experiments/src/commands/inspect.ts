/** `inspect COMMAND`: looks inside a model: known queries, attention and matching. */
import { Command } from 'commander';
import type { Terminal } from '../terminal.ts';
import { inspectAttentionCommand } from './inspect-attention.ts';
import { inspectMatchingCommand } from './inspect-matching.ts';
import { inspectQueriesCommand } from './inspect-queries.ts';

export function inspectCommand(terminal: Terminal): Command {
  return new Command('inspect')
    .description('look inside a model: a page with pictures of known queries, attention, or matching')
    .addCommand(inspectQueriesCommand(terminal))
    .addCommand(inspectAttentionCommand(terminal))
    .addCommand(inspectMatchingCommand(terminal));
}
