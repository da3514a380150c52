import { describe, expect, it } from 'vitest';
import { busyWords, type Plan, planWords } from './plan-words.ts';

const lengths = (count: number, unit: 'steps' | 'epochs' | 'minutes', models = 3): Plan['lengths'] =>
  Array.from({ length: models }, () => ({ unit, count }));
const words = (plan: Partial<Plan>) =>
  planWords({ noun: 'model', lengths: lengths(30, 'minutes'), seeds: 3, processes: 1, folder: 'runs/quick', ...plan });

describe('the plan', () => {
  it.each([
    [{}, '3 models × 3 seeds × 30 min ≈ 4 h 30 min, one at a time, in runs/quick'],
    [{ processes: 4 }, '3 models × 3 seeds × 30 min ≈ 90 min, 4 at a time, in runs/quick'],
    [{ lengths: lengths(2400, 'steps') }, '3 models × 3 seeds × 2,400 steps, one at a time, in runs/quick'],
    [{ lengths: lengths(1, 'epochs', 1), seeds: 1, processes: 2 }, '1 model × 1 seed × 1 epoch, in runs/quick'],
    [{ noun: 'cell', seeds: 2, processes: 9 }, '3 cells × 2 seeds × 30 min ≈ 30 min, 6 at a time, in runs/quick'],
    [
      { lengths: [...lengths(2, 'steps', 1), ...lengths(3, 'steps', 1)] },
      '2 models × 3 seeds of different lengths, one at a time, in runs/quick',
    ],
    [
      { lengths: lengths(500, 'steps'), expected: { seconds: 480, memoryMiB: 1100 } },
      '3 models × 3 seeds × 500 steps, one at a time, in runs/quick: about 480 s with 1.1 GiB of memory',
    ],
    [
      { seeds: 1, expected: { seconds: 6300, memoryMiB: 1100 } },
      '3 models × 1 seed × 30 min, one at a time, in runs/quick: about 105 min with 1.1 GiB of memory',
    ],
  ])('is reported: %j', (plan, expected) => expect(words(plan)).toBe(expected));
});

it('a busy machine is reported', () => {
  expect(busyWords(2, 2)).toBeUndefined();
  expect(busyWords(4.71, 2)).toBe(
    'the machine is busy with other work (load 4.7 on 2 cores): times will not be comparable',
  );
});
