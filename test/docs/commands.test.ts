/** Tests that the commands on all pages exist, and so do their options and settings. */
import { program } from '@dn-detr/experiments/testing/program';
import { parseAssignment, resolveSettings, runSettings, withChanges } from '@dn-detr/train';
import { describe, expect, it } from 'vitest';
import { commandsOf } from './commands.ts';
import { pages } from './markdown.ts';

const groups = ['data', 'inspect', 'bench'];
const commands = pages.flatMap((page) => commandsOf(page).map(({ args }) => ({ page, args, line: args.join(' ') })));

/** All values that are given for an option. */
const valuesOf = (args: readonly string[], option: string): string[] =>
  args.flatMap((arg, i) => (arg === option ? [args[i + 1] ?? ''] : []));

describe('commands on pages', () => {
  it('are found', () => expect(commands.length).toBeGreaterThan(50));

  it.each(commands)('$page: npm start -- $line', async ({ args }) => {
    const name = args.slice(0, groups.includes(args[0] ?? '') ? 2 : 1);
    const { code, stdout } = await program(...name, '--help');
    expect(code).toBe(0);
    expect(stdout).toContain(`Usage: npm start -- ${name.join(' ')} `);
    const known = [...stdout.matchAll(/^ +(--[\w-]+)/gm)].map(([, option]) => option);
    for (const option of args.filter((arg) => arg.startsWith('--'))) expect(known).toContain(option);
    const common = valuesOf(args, '--set');
    const models = valuesOf(args, '--models').flatMap((list) => list.split(','));
    for (const own of [[], ...models.map((model) => model.split('+').slice(1))]) {
      const changes = Object.assign({}, ...[...common, ...own].map(parseAssignment));
      resolveSettings(withChanges(runSettings({}, 'the defaults'), changes));
    }
  });
});
