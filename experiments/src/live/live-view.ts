/** A page of runs that are going on, for browsers on this machine: it follows them by server-sent events. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Summary } from '@dn-detr/report';
import { type RunProgress, UserError } from '@dn-detr/train';
import type { ProgressDisplay } from '../progress-display.ts';

/** Milliseconds between two messages of progress. */
const interval = 500;

export class LiveView {
  /** Address such as `http://127.0.0.1:8421/`. */
  readonly address: string;
  readonly #server: Server;
  readonly #followers = new Set<ServerResponse>();
  readonly #progress = new Map<string, RunProgress>();
  #folder = '';
  #summary: () => Summary | undefined = () => undefined;
  #told = 0;
  #ended = false;

  private constructor(server: Server) {
    this.#server = server;
    this.address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  }

  /**
   * Listens only on this machine.
   *
   * @param port 0 for any that is free
   * @throws UserError if the port is taken
   */
  static async start(port: number): Promise<LiveView> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      const refuse = (error: NodeJS.ErrnoException): void => {
        const why = error.code === 'EADDRINUSE' ? 'something else listens there' : error.message;
        reject(new UserError(`nothing can be served on port ${port}: ${why}. --serve PORT takes another one`));
      };
      server.once('error', refuse);
      server.listen(port, '127.0.0.1', () => {
        server.off('error', refuse);
        resolve();
      });
    });
    const view = new LiveView(server);
    server.on('request', (request, response) => view.#answer(request, response));
    return view;
  }

  /**
   * Shows what there is of these runs each time it is asked for.
   *
   * @param folder of the summary
   * @param summary undefined as long as there is nothing
   */
  show(folder: string, summary: () => Summary | undefined): void {
    this.#folder = folder;
    this.#summary = summary;
    this.changed();
  }

  /** There is more to show than before. */
  changed(): void {
    this.#tell('changed', null);
  }

  /** Shows progress beside where it is shown already. */
  following(display: ProgressDisplay): ProgressDisplay {
    return {
      ...display,
      update: (run, state) => {
        display.update(run, state);
        this.#progress.set(run, state);
        const now = Date.now();
        if (now - this.#told < interval) return;
        this.#told = now;
        this.#tell('progress', this.#state());
      },
    };
  }

  /** This run no longer goes on: it is done, has failed or was stopped. */
  ended(run: string): void {
    this.#progress.delete(run);
    this.#tell('progress', this.#state());
  }

  /** All runs are over; what they gave can still be looked at. */
  end(): void {
    this.#ended = true;
    this.#progress.clear();
    this.#tell('progress', this.#state());
    this.changed();
  }

  async close(): Promise<void> {
    for (const follower of this.#followers) follower.end();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #state(): LiveState {
    return { ended: this.#ended, runs: [...this.#progress].map(([name, state]) => ({ name, ...state })) };
  }

  #tell(event: string, data: unknown): void {
    for (const follower of this.#followers) follower.write(message(event, data));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    // As it came: it may be nothing that a URL can be made of.
    const [pathname] = (request.url ?? '').split('?');
    // A page from elsewhere can have its own name resolve to here: it must not read what it finds.
    if (!/^(127\.0\.0\.1|localhost)(:\d+)?$/.test(request.headers.host ?? '')) {
      response.writeHead(403, { 'content-type': 'text/plain' }).end('This page is only for this machine.\n');
    } else if (request.method === 'GET' && pathname === '/') void this.#page(response);
    else if (request.method === 'GET' && pathname === '/events') this.#follow(request, response);
    else response.writeHead(404, { 'content-type': 'text/plain' }).end('There is only one page: /\n');
  }

  #follow(request: IncomingMessage, response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.write(message('progress', this.#state()));
    this.#followers.add(response);
    request.once('close', () => this.#followers.delete(response));
  }

  async #page(response: ServerResponse): Promise<void> {
    try {
      const { livePage } = await import('./page.ts');
      const page = livePage(this.#folder, this.#summary());
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' }).end(page);
    } catch (error) {
      // A run's files may be half there, or gone: the runs go on all the same.
      response.writeHead(500, { 'content-type': 'text/plain' }).end(`${(error as Error).message}\n`);
    }
  }
}

/** Of the event `progress`. */
export interface LiveState {
  readonly ended: boolean;
  /** Shows the runs that are in progress. */
  readonly runs: readonly (RunProgress & { readonly name: string })[];
}

const message = (event: string, data: unknown): string => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
