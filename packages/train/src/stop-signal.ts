/** Requests to stop a run after the current step: Ctrl-C, a plain kill, or a parent process that has gone. */

/** A signal that aborts on the first such request; only a second Ctrl-C ends the process at once. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  process.once('SIGINT', () => controller.abort('SIGINT'));
  // Where a process group is asked to end, SIGTERM arrives again from each parent that passes it on.
  process.on('SIGTERM', () => controller.abort('SIGTERM'));
  process.once('disconnect', () => controller.abort('the parent process is gone'));
  return controller.signal;
}
