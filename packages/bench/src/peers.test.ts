import { expect, it } from 'vitest';
import { benchPeers } from './peers.ts';

it('alternates the sides, and compares medians of the runs', async () => {
  const turns: string[] = [];
  const side = (name: string, ms: readonly number[], peaks: readonly number[]) => {
    let run = -1;
    return () => {
      turns.push(name);
      run++;
      return Promise.resolve({ ms: ms[run] as number, peakRssMiB: peaks[run] as number });
    };
  };
  const ours = side('ours', [30, 10, 11], [600, 500, 400]);
  const theirs = side('theirs', [20, 22, 90], [1000, 1100, 900]);
  const pytorch = async () => ({ ...(await theirs()), msMin: 1, version: '2.0', parameters: 7 });
  expect(await benchPeers(3, ours, pytorch)).toEqual({
    version: '2.0',
    parameters: 7,
    ours: {
      ms: 11,
      peakRssMiB: 500,
      runs: [
        { ms: 30, peakRssMiB: 600 },
        { ms: 10, peakRssMiB: 500 },
        { ms: 11, peakRssMiB: 400 },
      ],
    },
    pytorch: {
      ms: 22,
      peakRssMiB: 1000,
      runs: [
        { ms: 20, peakRssMiB: 1000 },
        { ms: 22, peakRssMiB: 1100 },
        { ms: 90, peakRssMiB: 900 },
      ],
    },
    ratio: { ms: 0.5, peakRssMiB: 0.5 },
  });
  expect(turns).toEqual(['ours', 'theirs', 'ours', 'theirs', 'ours', 'theirs']);
});
