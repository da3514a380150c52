import type { RunProgress } from '@dn-detr/train';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { duration, progressDisplay } from './progress-display.ts';
import { MemoryStream } from './testing/memory-stream.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const state = (progress: number): RunProgress => ({
  progress,
  step: 100 * progress,
  loss: 2,
  imagesPerSecond: 50,
  memoryMiB: 100,
});

describe('progress of runs', () => {
  it('writes occasional lines if there is no terminal', () => {
    const err = new MemoryStream();
    const display = progressDisplay(err);
    display.update('detr seed 0', state(0.1));
    vi.advanceTimersByTime(14_999);
    display.update('detr seed 0', state(0.2));
    display.update('dn-detr seed 0', { ...state(0.5), AP50: 0.25 });
    vi.advanceTimersByTime(1);
    display.update('detr seed 0', state(0.3));
    display.say('a sentence');
    // The last line is never left out.
    display.update('detr seed 0', state(1));
    display.stop();
    expect(err.text.split('\n')).toEqual([
      'detr seed 0: 10 %, step 10, loss 2.000, 50 img/s, 100 MiB',
      'dn-detr seed 0: 50 %, step 50, loss 2.000, AP50 0.250, 50 img/s, 100 MiB',
      // A fifth took 15 s.
      'detr seed 0: 30 %, step 30, loss 2.000, 50 img/s, 100 MiB, 53 s left',
      'a sentence',
      'detr seed 0: 100 %, step 100, loss 2.000, 50 img/s, 100 MiB, 0 s left',
      '',
    ]);
  });

  it('shows a bar for each run on a terminal', () => {
    const err = new MemoryStream(120);
    const display = progressDisplay(err);
    display.update('detr seed 0', state(0.1));
    display.update('dn-detr seed 0', state(0.5));
    display.say('a sentence');
    vi.advanceTimersByTime(1000);
    display.stop();
    expect(err.text).toMatch(/detr seed 0 +==-{18} +10% +step 10, loss 2\.000, 50 img\/s, 100 MiB +ETA/);
    expect(err.text).toMatch(/dn-detr seed 0 +={10}-{10} +50% +step 50,/);
    expect(err.text).toContain('a sentence\n');
  });
});

it.each([
  [3900, '1 h 5 min'],
  [3599.6, '1 h 0 min'],
  [200, '3 min 20 s'],
  [12.4, '12 s'],
  [-1, '0 s'],
])('%f seconds are %s', (seconds, words) => expect(duration(seconds)).toBe(words));
