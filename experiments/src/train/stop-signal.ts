/** Asking a run to stop after the step at hand: Ctrl-C, a plain kill, or a parent process that is gone. */

/** Aborts on the first such request; a second Ctrl-C ends the process at once. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort(signal));
  process.once('disconnect', () => controller.abort('the parent process is gone'));
  return controller.signal;
}
