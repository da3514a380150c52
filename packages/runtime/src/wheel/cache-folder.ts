/** The folder for downloaded files, shared by all of a user's checkouts. */
import os from 'node:os';
import path from 'node:path';

/** `$XDG_CACHE_HOME/dn-detr`, by default `~/.cache/dn-detr`. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  const base = env.XDG_CACHE_HOME;
  // The XDG specification tells programs to ignore a relative path.
  const root = base !== undefined && path.isAbsolute(base) ? base : path.join(os.homedir(), '.cache');
  return path.join(root, 'dn-detr');
}
