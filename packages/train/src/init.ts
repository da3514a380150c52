/** The weights that a run starts from: `init` of its configuration. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { RunConfig } from './config/schema.ts';
import type { Model } from './models/model.ts';
import { FolderError, UserError } from './user-error.ts';

/**
 * `none` for random weights drawn with the seed, `pretrained` for published weights of the backbone, or a checkpoint,
 * of which everything that fits the model is taken.
 */
export type Init = RunConfig['init'];

/** Parses `none`, `pretrained` or a file's path; `withInitHash` adds the hash that identifies a file. */
export const initFrom = (text: string): Init =>
  text === 'none' || text === 'pretrained' ? text : { file: path.resolve(text) };

/**
 * Adds the hash of the file that the configuration starts from, if it has none yet.
 *
 * @throws UserError if the file cannot be read, or does not have the given hash
 */
export function withInitHash<Config extends Pick<RunConfig, 'init'>>(config: Config): Config {
  if (typeof config.init === 'string') return config;
  const { file, hash } = config.init;
  const found = hashOf(file);
  if (hash === undefined || hash === found) return { ...config, init: { file: path.resolve(file), hash: found } };
  throw new UserError(
    `${file} is not the file to start from: its SHA-256 is ${found}, expected ${hash}. Put the right ` +
      'one back, or start a separate run from this one',
  );
}

/** The same for a run that may already exist and so no longer need its file: a missing file gets no hash. */
export const withInitHashIfThere = <Config extends Pick<RunConfig, 'init'>>(config: Config): Config =>
  typeof config.init === 'string' || !existsSync(config.init.file) ? config : withInitHash(config);

/**
 * Checks the start of a resumed run, which needs no start values but must not appear to have begun with others.
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
    ? `from another version of ${named(before)}`
    : `from ${named(before)}, not from ${named(now)}`;
  throw new FolderError(
    `${folder} holds a run that was started ${others}: a resumed run keeps its start. Name another folder`,
  );
}

const isSame = (one: Exclude<Init, string>, other: Exclude<Init, string>): boolean =>
  path.resolve(one.file) === path.resolve(other.file) &&
  (one.hash === undefined || other.hash === undefined || one.hash === other.hash);

const named = (init: Init): string =>
  typeof init === 'string' ? { none: "its seed's weights", pretrained: 'pretrained weights' }[init] : init.file;

/**
 * Checks that frozen stages get weights from somewhere. Frozen vectors need none: frozen batch norms start as the
 * identity.
 *
 * @param drawn names of the parameters with random values; all if omitted
 * @throws UserError naming the frozen kernels and matrices among them
 */
export function requireFrozenWeights({ frozen }: Pick<Model, 'frozen'>, drawn?: readonly string[]): void {
  const random = frozen.parameters
    .filter(({ name, shape }) => shape.length > 1 && (drawn?.includes(name) ?? true))
    .map(({ name }) => name);
  if (random.length === 0) return;
  const list = random.length > 3 ? `${random.slice(0, 3).join(', ')} and ${random.length - 3} more` : random.join(', ');
  throw new UserError(
    `${list} would stay at random values: they are frozen, and no weights for them are given. Set init to a checkpoint that ` +
      'has them, or train all stages of the backbone',
  );
}

function hashOf(file: string): string {
  try {
    return createHash('sha256').update(readFileSync(file)).digest('hex');
  } catch (error) {
    throw new UserError(
      `${file} cannot be read: ${(error as Error).message}. Name an existing checkpoint, or set init to none`,
    );
  }
}

/** Names of the parameters outside the backbone, for which pretrained weights have no values. */
export function besideBackbone({ detector }: Model): string[] {
  const own = new Set(detector.backbone.parameters.map(({ name }) => name));
  return detector.parameters.map(({ name }) => name).filter((name) => !own.has(name));
}
