/** The option `--serve`: a page that follows the runs. */
import { once } from 'node:events';
import { InvalidArgumentError, Option } from 'commander';
import { LiveView } from '../live/live-view.ts';
import type { Output } from '../terminal.ts';

const usualPort = 8421;

export interface ServeOption {
  serve?: number | true;
}

export const serveOption = (): Option =>
  new Option(
    '--serve [port]',
    `show the growing curves in a browser on this machine (default port: ${usualPort})`,
  ).argParser((text) => {
    const port = Number(text);
    if (Number.isInteger(port) && port >= 0 && port < 65536) return port;
    throw new InvalidArgumentError('expected a port, from 0 (any free port) to 65535');
  });

/**
 * Does the work with a live view if `--serve` is given, and keeps showing the result until Ctrl-C, unless Ctrl-C already ended
 * the work.
 *
 * @throws UserError if the port is taken.
 */
export async function withLiveView(
  err: Output,
  serve: ServeOption['serve'],
  signal: AbortSignal,
  work: (live: LiveView | undefined) => Promise<void>,
): Promise<void> {
  if (serve === undefined) return work(undefined);
  const live = await LiveView.start(serve === true ? usualPort : serve);
  const say = (text: string): void => void err.write(`${text}\n`);
  say(`live view: ${live.address}`);
  try {
    await work(live);
    live.end();
    if (signal.aborted) return;
    say(`${live.address} shows the result until Ctrl-C`);
    await once(signal, 'abort');
  } finally {
    await live.close();
  }
}
