/** The weights that a run starts from: `init` of its configuration. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { RunConfig } from './config/schema.ts';
import type { Model } from './models/model.ts';
import { FolderError, UserError } from './user-error.ts';

/**
 * `none` for the seed's draws alone, `pretrained` for weights that there are of the backbone, or a checkpoint that is taken
 * as far as it fits the model.
 */
export type Init = RunConfig['init'];

/** From `none`, `pretrained` or a file's path; `withInitHash` adds the hash by which a run knows a file again. */
export const initFrom = (text: string): Init =>
  text === 'none' || text === 'pretrained' ? text : { file: path.resolve(text) };

/**
 * The configuration with the hash of the file that it starts from, where it has none yet.
 *
 * @throws UserError if the file cannot be read, or is another one than that of the hash
 */
export function withInitHash<Config extends Pick<RunConfig, 'init'>>(config: Config): Config {
  if (typeof config.init === 'string') return config;
  const { file, hash } = config.init;
  const found = hashOf(file);
  if (hash === undefined || hash === found) return { ...config, init: { file: path.resolve(file), hash: found } };
  throw new UserError(
    `${file} is another file than the one to start from: its SHA-256 is ${found}, expected ${hash}. Put the other ` +
      'one back, or start a separate run from this one',
  );
}

/** The same for a run that may be there already, and then needs its file no more: a file that is gone has no hash. */
export const withInitHashIfThere = <Config extends Pick<RunConfig, 'init'>>(config: Config): Config =>
  typeof config.init === 'string' || !existsSync(config.init.file) ? config : withInitHash(config);

/**
 * A run that goes on needs no start values, but must not seem to have begun with others.
 *
 * @throws FolderError if the run in the folder was started from other weights
 */
export function requireSameInit(before: Init, asked: Init, folder: string): void {
  const { init: now } =
    typeof asked === 'string' || asked.hash !== undefined ? { init: asked } : withInitHashIfThere({ init: asked });
  const areFiles = typeof before !== 'string' && typeof now !== 'string';
  if (areFiles ? isSame(before, now) : before === now) return;
  const isReplaced = areFiles && path.resolve(before.file) === path.resolve(now.file);
  const others = isReplaced
    ? `from another ${named(before)} than the one there is now`
    : `from ${named(before)}, not from ${named(now)}`;
  throw new FolderError(
    `${folder} holds a run that was started ${others}: a run that goes on keeps its start. Name another folder`,
  );
}

const isSame = (one: Exclude<Init, string>, other: Exclude<Init, string>): boolean =>
  path.resolve(one.file) === path.resolve(other.file) &&
  (one.hash === undefined || other.hash === undefined || one.hash === other.hash);

const named = (init: Init): string =>
  typeof init === 'string' ? { none: "its seed's weights", pretrained: 'pretrained weights' }[init] : init.file;

/**
 * A frozen stage needs weights from somewhere. Frozen vectors do not: frozen batch norms start as the identity.
 *
 * @param drawn names of the parameters that start from the seed's draws; all without it
 * @throws UserError naming frozen kernels and matrices among them
 */
export function requireFrozenWeights({ frozen }: Pick<Model, 'frozen'>, drawn?: readonly string[]): void {
  const random = frozen.parameters
    .filter(({ name, shape }) => shape.length > 1 && (drawn?.includes(name) ?? true))
    .map(({ name }) => name);
  if (random.length === 0) return;
  const list = random.length > 3 ? `${random.slice(0, 3).join(', ')} and ${random.length - 3} more` : random.join(', ');
  throw new UserError(
    `${list} would stay at random values: they are frozen, and no weights for them are given. Name a checkpoint that has ` +
      'them as init, or train all stages of the backbone',
  );
}

function hashOf(file: string): string {
  try {
    return createHash('sha256').update(readFileSync(file)).digest('hex');
  } catch (error) {
    throw new UserError(
      `${file} cannot be read: ${(error as Error).message}. Name a checkpoint that is there, or set init to none`,
    );
  }
}

/** Names of the parameters that pretrained weights have no value for. */
export function besideBackbone({ detector }: Model): string[] {
  const own = new Set(detector.backbone.parameters.map(({ name }) => name));
  return detector.parameters.map(({ name }) => name).filter((name) => !own.has(name));
}
