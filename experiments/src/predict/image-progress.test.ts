import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { MemoryStream } from '../testing/memory-stream.ts';
import { withProgress } from './image-progress.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const pass = async (progress: (done: number) => void): Promise<string> => {
  for (const done of [1, 2, 3]) {
    vi.advanceTimersByTime(10_000);
    progress(done);
  }
  return 'what it found';
};

it('writes a line every 15 seconds if there is no terminal', async () => {
  const err = new MemoryStream();
  expect(await withProgress(err, 'detecting', 3, pass)).toBe('what it found');
  expect(err.text).toBe('detecting: 2 of 3 images\n');
});

it('shows a bar on a terminal, and removes it however the pass ends', async () => {
  const err = new MemoryStream(80);
  expect(await withProgress(err, 'drawing', 3, pass)).toBe('what it found');
  expect(err.text).toMatch(/drawing █+░+ 2\/3 images, ETA/);
  const failed = new MemoryStream(80);
  const failing = withProgress(failed, 'drawing', 3, () => Promise.reject(new Error('no image')));
  await expect(failing).rejects.toThrow('no image');
  for (const { text } of [err, failed])
    expect(text.lastIndexOf('\x1b[?25h')).toBeGreaterThan(text.lastIndexOf('\x1b[?25l'));
});
