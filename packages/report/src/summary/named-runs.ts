/** Finds runs in folders, and names each by its model and by the settings in which runs of this model differ. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type DottedValues, readStoredConfig, runFolder, UserError } from '@dn-detr/train';
import { settingsOf } from './settings.ts';
import type { RunSource } from './summarize.ts';

/**
 * The runs in folders of runs or of comparisons.
 *
 * @throws UserError if a folder does not exist or contains no run, or if two runs are of the same model with the same seed.
 */
export function namedRuns(folders: readonly string[]): RunSource[] {
  const runs = folders.flatMap(runsIn).map((found): NamedRun => {
    const folder = path.resolve(found);
    const { config } = readStoredConfig(runFolder(folder).config);
    return { folder, seed: config.seed, settings: settingsOf(config) };
  });
  const short = runs.map((run) => nameOf(run, runs, (key) => !changesNothing.test(key)));
  const named = runs.map((run, i) => {
    const seeds = runs.filter((_, j) => short[j] === short[i]).map(({ seed }) => seed);
    // If runs differ only in such settings, these are probably what the user wants to compare.
    const apart = new Set(seeds).size < seeds.length;
    return { ...run, model: apart ? nameOf(run, runs, () => true) : (short[i] as string) };
  });
  for (const [i, { folder, model, seed }] of named.entries()) {
    const twin = named.slice(0, i).find((before) => before.model === model && before.seed === seed);
    if (twin?.folder === folder)
      throw new UserError(`${folder} is named twice, directly or through a folder that contains it`);
    if (twin) throw new UserError(`${twin.folder} and ${folder} are both ${model} with seed ${seed}`);
  }
  return named.map(({ folder, model }) => ({ folder, model }));
}

interface NamedRun {
  readonly folder: string;
  readonly seed: number;
  readonly settings: DottedValues;
}

/** Settings that do not affect results, only how often a run is evaluated and saved, and how fast it is. */
const changesNothing = /^(checkpoint\.|evaluation\.every$|data\.cacheMiB$|features\.|threadsPerOp$)/;

/** The model's name, followed by the settings in which runs of this model differ. */
function nameOf({ settings }: NamedRun, runs: readonly NamedRun[], counts: (key: string) => boolean): string {
  const rivals = runs.map((run) => run.settings).filter((other) => other['model.name'] === settings['model.name']);
  const differing = Object.keys(settings).filter(
    (key) =>
      counts(key) &&
      rivals.some((rival) => isToldBy(key, settings, rival) && !isDeepStrictEqual(rival[key], settings[key])),
  );
  return [settings['model.name'], ...differing.map((key) => `${key}=${valueWords(key, settings[key])}`)].join('+');
}

/** Whether this setting should show a difference from a rival, which a shorter setting may already show. */
function isToldBy(key: string, settings: DottedValues, rival: DottedValues): boolean {
  if (key === 'init.hash') return rival['init.file'] === settings['init.file'];
  // A rival without this setting has another kind of denoising, which is shown by `denoising.kind`.
  return !key.startsWith('denoising.') || Object.hasOwn(rival, key);
}

/** A value as JSON; a hash is cut to its first 8 digits. */
const valueWords = (key: string, value: unknown): string =>
  JSON.stringify(key === 'init.hash' ? `${value}`.slice(0, 8) : value);

function runsIn(folder: string): string[] {
  if (!existsSync(folder))
    throw new UserError(`${folder} does not exist: expected the folder of a run or a comparison`);
  if (!statSync(folder).isDirectory()) {
    throw new UserError(`${folder} is a file: expected the folder of a run or a comparison`);
  }
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
    throw new UserError(`${folder} contains no run: expected a config.json in it, or in MODEL/seed-N`);
  return runs;
}
