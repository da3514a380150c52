/** A process of a pool: receives its task as a message, sends its progress, and ends with the outcome. */
import { useBackend } from '@dn-detr/runtime';
import { backendOptionsOf } from './backend-options.ts';
import type { Catalog } from './catalog.ts';
import type { RunConfig } from './config/schema.ts';
import { isExpected } from './expected-errors.ts';
import { progressEvents, type RunProgress } from './progress-events.ts';
import { type RunResult, runTraining } from './start.ts';
import { stopSignal } from './stop-signal.ts';

export interface WorkerTask {
  readonly config: RunConfig;
  readonly folder: string;
  readonly backend?: string;
}

export type WorkerMessage =
  | { readonly kind: 'progress'; readonly state: RunProgress }
  | { readonly kind: 'evaluated' }
  | { readonly kind: 'notice'; readonly text: string }
  | { readonly kind: 'done'; readonly result: RunResult }
  | { readonly kind: 'failed'; readonly message: string };

/** Milliseconds between progress messages. */
const interval = 250;

const send = (message: WorkerMessage): Promise<void> =>
  new Promise((resolve) => (process.connected ? process.send?.(message, () => resolve()) : resolve()));

async function work({ config, folder, backend: requested }: WorkerTask, catalog: Catalog | undefined): Promise<void> {
  const signal = stopSignal();
  let told = 0;
  try {
    const backend = await useBackend(requested, backendOptionsOf(config));
    const result = await runTraining({
      config,
      folder,
      resume: true,
      backend,
      ...(catalog && { catalog }),
      signal,
      say: (text) => void send({ kind: 'notice', text }),
      events: progressEvents(
        (state) => {
          const now = Date.now();
          if (now - told < interval && state.progress < 1) return;
          told = now;
          void send({ kind: 'progress', state });
        },
        () => void send({ kind: 'evaluated' }),
      ),
    });
    await send({ kind: 'done', result });
  } catch (error) {
    const message = isExpected(error) ? error.message : ((error as Error).stack ?? String(error));
    await send({ kind: 'failed', message });
    process.exitCode = 1;
  }
  if (process.connected) process.disconnect();
}

/**
 * Waits for the task of this process, trains it, and lets the process end.
 *
 * @param catalog the models, backbones and readers that configurations can name, if there are more than this package's
 */
export function serveRun(catalog?: Catalog): void {
  process.once('message', (task) => void work(task as WorkerTask, catalog));
}
