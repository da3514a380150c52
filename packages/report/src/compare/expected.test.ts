import { describe, expect, it } from 'vitest';
import { expectedOf, expectedWords } from './expected.ts';

const run = (seconds: number, memoryMiB = 1000, cores = 1.5) => ({ seconds, memoryMiB, cores });
const machine = { cores: 2, memoryMiB: 3000 };

describe('what runs take together', () => {
  it('is their sum if they run one after the other', () => {
    expect(expectedOf([run(100), run(50, 1200)], 1, machine)).toEqual({ seconds: 150, memoryMiB: 1200 });
  });

  it('is not halved by two runs at a time that wait for each other', () => {
    expect(expectedOf([run(100), run(100)], 2, machine)).toEqual({ seconds: 150, memoryMiB: 2000 });
    expect(expectedOf([run(100), run(100)], 2, { ...machine, cores: 8 }).seconds).toBe(100);
  });

  it('is at least the time of the longest run', () => {
    expect(expectedOf([run(100), run(10), run(10)], 3, { cores: 16, memoryMiB: 9000 }).seconds).toBe(100);
  });

  it('is refused if there is too little memory', () => {
    expect(() => expectedOf([run(1), run(1), run(1), run(1)], 4, machine)).toThrow(
      '4 runs at a time would need 3.9 GiB of memory, and there are 2.9 GiB: take 3 at a time (--processes 3)',
    );
    expect(() => expectedOf([run(1, 4000)], 1, machine)).toThrow(
      '1 run at a time would need 3.9 GiB of memory, and there are 2.9 GiB: set data.canvas, model.queries or batchSize',
    );
  });

  it('is rounded to two digits', () => {
    expect(expectedWords({ seconds: 487.3, memoryMiB: 1130 })).toBe('about 490 s with 1.1 GiB of memory');
    expect(expectedWords({ seconds: 12345, memoryMiB: 1130 })).toBe('about 3 h 20 min with 1.1 GiB of memory');
  });
});
