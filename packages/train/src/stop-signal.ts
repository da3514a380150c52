/** Asking a run to stop after the step at hand: Ctrl-C, a plain kill, or a parent process that is gone. */

/** Aborts on the first such request; only a second Ctrl-C ends the process at once. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  process.once('SIGINT', () => controller.abort('SIGINT'));
  // Where a whole group of processes is asked to end, it comes again from each parent that passes it on.
  process.on('SIGTERM', () => controller.abort('SIGTERM'));
  process.once('disconnect', () => controller.abort('the parent process is gone'));
  return controller.signal;
}
