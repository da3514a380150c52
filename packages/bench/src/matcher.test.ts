import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { benchMatrix } from './matcher.ts';
import { type CostMatrix, readMatrices } from './matcher-matrices.ts';
import { type Peer, Scipy } from './matcher-peers.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'bench-matcher-'));
afterAll(() => rmSync(folder, { recursive: true }));

const tiny: CostMatrix = { kind: 'file', name: 'tiny.json', rows: 2, cols: 1, cost: Float64Array.of(3, -1e6) };

/** A solver that takes a millisecond. */
const finding = (name: Peer['name'], total: number): Peer => ({
  name,
  time: async (_, runs) => ({ ms: Array(runs).fill(1), total }),
});

describe('benchMatrix', () => {
  it('compares totals relative to the largest cost, and leaves out solvers that find another total or fail', async () => {
    const failing: Peer = { name: 'scipy', time: () => Promise.reject(new Error('scipy stopped')) };
    const peers = [finding('ours', 0), finding('munkres', 1e-9), finding('munkresJs', 1e-5), failing];
    expect(await benchMatrix(tiny, peers)).toEqual({
      rows: 2,
      cols: 1,
      kind: 'file',
      name: 'tiny.json',
      ms: { ours: 1, munkres: 1 },
      leftOut: { munkresJs: 'finds a total of 0.00001 for tiny.json, not 0', scipy: 'scipy stopped' },
    });
  });
});

describe('Scipy', () => {
  it('is started again after it took too long', async () => {
    // An interpreter that answers only from its second start on.
    const command = path.join(folder, 'python');
    const body = `
      const fs = require('node:fs');
      const isSecond = fs.existsSync(__filename + '.started');
      fs.writeFileSync(__filename + '.started', '');
      console.log('{"version":"1.0"}');
      require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
        if (isSecond && 'runs' in JSON.parse(line)) console.log('{"ms":[1],"total":2}');
      });`;
    writeFileSync(command, `#!${process.execPath}\n${body}`, { mode: 0o755 });
    const scipy = (await Scipy.start(command)) as Scipy;
    expect(scipy.version).toBe('1.0');
    expect(await scipy.time(tiny, 1, 100)).toBeUndefined();
    expect(await scipy.time(tiny, 1, 10_000)).toEqual({ ms: [1], total: 2 });
    scipy.close();
  });

  it('is undefined without an interpreter', async () => {
    expect(await Scipy.start(path.join(folder, 'missing'))).toBeUndefined();
  });
});

describe('readMatrices', () => {
  it('reads the matrices in a folder, and reports what is wrong with one', () => {
    expect(() => readMatrices(folder)).toThrow(
      `${folder} contains no matrices: expected *.json {rows, cols, cost: [...]}`,
    );
    const missing = path.join(folder, 'missing');
    expect(() => readMatrices(missing)).toThrow('the folder of matrices cannot be read: ENOENT');
    writeFileSync(path.join(folder, 'a.json'), '{"rows": 2, "cols": 1, "cost": [3, 4]}');
    expect(readMatrices(folder)).toEqual([
      { kind: 'file', name: 'a.json', rows: 2, cols: 1, cost: Float64Array.of(3, 4) },
    ]);
    writeFileSync(path.join(folder, 'b.json'), '{"rows": 2, "cols": 2, "cost": [3, 4]}');
    expect(() => readMatrices(folder)).toThrow('b.json: cost is not a list of 2 x 2 numbers');
  });
});
