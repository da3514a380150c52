import { afterEach, beforeEach, expect, it } from 'vitest';
import { stopSignal } from './stop-signal.ts';

const names = ['SIGINT', 'SIGTERM'] as const;
let before: Record<(typeof names)[number], NodeJS.SignalsListener[]>;
beforeEach(() => {
  before = { SIGINT: process.listeners('SIGINT'), SIGTERM: process.listeners('SIGTERM') };
});
const added = (name: (typeof names)[number]) =>
  process.listeners(name).filter((listener) => !before[name].includes(listener));
afterEach(() => {
  for (const name of names) for (const listener of added(name)) process.off(name, listener);
});

it.each(names)('aborts on %s', (name) => {
  const signal = stopSignal();
  expect(signal.aborted).toBe(false);
  process.emit(name);
  expect(signal.aborted).toBe(true);
});

it('lets a second Ctrl-C end the process, but not a second plain kill', () => {
  stopSignal();
  for (const name of names) process.emit(name);
  // Without a listener a signal ends the process.
  expect(added('SIGINT')).toHaveLength(0);
  expect(added('SIGTERM')).toHaveLength(1);
});
