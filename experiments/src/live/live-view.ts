/** Serves a page to browsers on this machine that follows runs by server-sent events. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Summary } from '@dn-detr/report';
import { type RunProgress, UserError } from '@dn-detr/train';
import type { ProgressDisplay } from '../progress-display.ts';

/** Milliseconds between two messages of progress. */
const interval = 500;

export class LiveView {
  /** Address of the page, such as `http://127.0.0.1:8421/`. */
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
   * Starts a server that accepts connections only from this machine.
   *
   * @param port - Port number, or 0 for any free port.
   * @throws UserError if the port is taken.
   */
  static async start(port: number): Promise<LiveView> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      const refuse = (error: NodeJS.ErrnoException): void => {
        const why = error.code === 'EADDRINUSE' ? 'something else listens there' : error.message;
        reject(new UserError(`cannot serve on port ${port}: ${why}. Choose another one with --serve PORT`));
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
   * Sets the runs to show. The summary is made each time the page is requested.
   *
   * @param folder - Folder of the summary.
   * @param summary - Returns the summary, or undefined as long as there is nothing to show.
   */
  show(folder: string, summary: () => Summary | undefined): void {
    this.#folder = folder;
    this.#summary = summary;
    this.changed();
  }

  /** Tells browsers that there is more to show. */
  changed(): void {
    this.#tell('changed', null);
  }

  /** Wraps a display so that its progress is also shown on the page. */
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

  /** Removes a run that is done, has failed or was stopped. */
  ended(run: string): void {
    this.#progress.delete(run);
    this.#tell('progress', this.#state());
  }

  /** Marks all runs as ended; the page keeps showing their results. */
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
    // Not parsed with URL, which throws for some paths that a request may have.
    const [pathname] = (request.url ?? '').split('?');
    // A website can make its own host name resolve to this machine (DNS rebinding), and must not read the page.
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
      // A run's files may be incomplete or gone, which must not stop the runs.
      response.writeHead(500, { 'content-type': 'text/plain' }).end(`${(error as Error).message}\n`);
    }
  }
}

/** Data of the event `progress`. */
export interface LiveState {
  readonly ended: boolean;
  /** The runs that are in progress. */
  readonly runs: readonly (RunProgress & { readonly name: string })[];
}

const message = (event: string, data: unknown): string => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
