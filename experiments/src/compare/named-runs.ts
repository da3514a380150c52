/** Runs from anywhere, each under the name of its model and of what sets it apart. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type DottedValues, flatValues } from '../config/overrides.ts';
import { runFolder } from '../train/run-folder.ts';
import { readStoredConfig } from '../train/stored-config.ts';
import { UserError } from '../user-error.ts';
import type { RunSource } from './summarize.ts';

/**
 * The runs in these folders: each is a run's, or a comparison's with runs in folders of its models' seeds.
 *
 * @throws UserError if a folder holds no run
 */
export function namedRuns(folders: readonly string[]): RunSource[] {
  const runs = folders.flatMap(runsIn).map((folder) => {
    const { seed: _, ...settings } = flatValues(readStoredConfig(runFolder(folder).config).config);
    return { folder, settings: settings as DottedValues };
  });
  return runs.map(({ folder, settings }) => {
    const rivals = runs.filter((other) => other.settings['model.name'] === settings['model.name']);
    const differing = Object.keys(settings).filter(
      (key) => !rivals.every((rival) => isDeepStrictEqual(rival.settings[key], settings[key])),
    );
    const suffixes = differing.map((key) => `+${key}=${JSON.stringify(settings[key])}`);
    return { folder, model: `${settings['model.name']}${suffixes.join('')}` };
  });
}

function runsIn(folder: string): string[] {
  if (existsSync(runFolder(folder).config)) return [folder];
  const inside = (parent: string): string[] =>
    readdirSync(parent, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => path.join(parent, name))
      .sort();
  const runs = inside(folder)
    .flatMap(inside)
    .filter((candidate) => existsSync(runFolder(candidate).config));
  if (runs.length === 0)
    throw new UserError(`${folder} holds no run: expected a config.json in it, or in MODEL/seed-N`);
  return runs;
}
