import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { failingDisk } from '@dn-detr/testing/failing-disk';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { crc32c } from './crc32c.ts';
import { encodeEvent } from './event.ts';
import { openEventFile } from './event-file.ts';

let folder: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'dn-detr events '));
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

const files = (): string[] => fs.readdirSync(folder).sort();

/** The data of every complete record, with checksums verified, and the number of bytes left over after the last one. */
function readRecords(bytes: Buffer): { records: Buffer[]; rest: number } {
  const records: Buffer[] = [];
  let at = 0;
  for (;;) {
    if (at + 12 > bytes.length) return { records, rest: bytes.length - at };
    const end = at + 12 + Number(bytes.readBigUInt64LE(at));
    if (end + 4 > bytes.length) return { records, rest: bytes.length - at };
    const data = bytes.subarray(at + 12, end);
    expect(unmask(bytes.readUInt32LE(at + 8))).toBe(crc32c(bytes.subarray(at, at + 8)));
    expect(unmask(bytes.readUInt32LE(end))).toBe(crc32c(data));
    records.push(data);
    at = end + 4;
  }
}

function unmask(masked: number): number {
  const rotated = (masked - 0xa282ead8) >>> 0;
  return ((rotated >>> 17) | (rotated << 15)) >>> 0;
}

const records = (name: string): Buffer[] => {
  const { records, rest } = readRecords(fs.readFileSync(path.join(folder, name)));
  expect(rest).toBe(0);
  return records;
};

const scalarOf = (step: number, wallTime: number, tag: string, simpleValue: number): Buffer =>
  Buffer.from(encodeEvent({ wallTime: wallTime / 1000, step, summary: { value: [{ tag, simpleValue }] } }));

describe('openEventFile', () => {
  it('writes version and start at once, and values when flushed', () => {
    const events = openEventFile(folder, 5);
    const [name] = files() as [string];
    expect(name).toBe(`events.out.tfevents.${/\d{10}/.exec(name)}.${os.hostname()}.${process.pid}`);
    const [version, start] = records(name) as [Buffer, Buffer];
    expect(version.includes('brain.Event:2')).toBe(true);
    // Step 5 and SessionLog.START, after the tag and the eight bytes of the time.
    expect(start.subarray(9).toString('hex')).toBe('10053a020801');
    events.scalars(5, 1000, { loss: 2 });
    expect(records(name)).toHaveLength(2);
    events.flush();
    events.flush();
    events.scalars(6, 2500, { loss: Number.NaN });
    events.close();
    expect(records(name).slice(2)).toEqual([scalarOf(5, 1000, 'loss', 2), scalarOf(6, 2500, 'loss', Number.NaN)]);
  });

  it('gives every file a name that sorts after existing ones, whatever the clock says', () => {
    fs.writeFileSync(path.join(folder, 'events.out.tfevents.4102444800.other-host.1'), '');
    for (let step = 1; step <= 12; step++) openEventFile(folder, step).close();
    const startSteps = files().map((name) => records(name)[1]?.at(10));
    expect(startSteps).toEqual([undefined, ...Array.from({ length: 12 }, (_, i) => i + 1)]);
  });

  it('is readable up to the last complete record wherever it is cut off', () => {
    const events = openEventFile(folder, 1);
    for (let step = 1; step <= 3; step++) events.scalars(step, step, { loss: step });
    events.close();
    const bytes = fs.readFileSync(path.join(folder, files()[0] as string));
    const all = readRecords(bytes).records;
    expect(all).toHaveLength(5);
    let whole = 0;
    for (let length = 0; length <= bytes.length; length++) {
      const { records } = readRecords(bytes.subarray(0, length));
      expect(records).toEqual(all.slice(0, records.length));
      expect(records.length).toBeGreaterThanOrEqual(whole);
      whole = records.length;
    }
    expect(whole).toBe(5);
  });

  it('reports a full disk, and continues where it stopped once there is room', () => {
    // Opening and the first record are two calls.
    const disk = failingDisk(folder, 'full', 3);
    const events = openEventFile(folder, 1);
    const [name] = files() as [string];
    events.scalars(1, 1, { loss: 1 });
    try {
      expect(() => events.flush()).toThrow(new RegExp(`${name} cannot be written: the disk is full`));
      const cut = readRecords(fs.readFileSync(path.join(folder, name)));
      expect(cut.records).toHaveLength(2);
      expect(cut.rest).toBeGreaterThan(0);
      events.scalars(2, 2, { loss: 2 });
      expect(() => events.flush()).toThrow('the disk is full');
    } finally {
      disk.restore();
    }
    events.close();
    expect(records(name).slice(2)).toEqual([scalarOf(1, 1, 'loss', 1), scalarOf(2, 2, 'loss', 2)]);
  });

  it('closes its file when it can never write', () => {
    // The file can be opened, but nothing can be written to it.
    const full = failingDisk(folder, 'full', 2);
    try {
      expect(() => openEventFile(folder, 1)).toThrow(/the disk is full/);
      expect(full.open).toBe(0);
    } finally {
      full.restore();
    }
    const later = failingDisk(folder, 'full', 3);
    try {
      const events = openEventFile(folder, 1);
      events.scalars(1, 1, { loss: 1 });
      expect(later.open).toBe(1);
      expect(() => events.close()).toThrow(/the disk is full/);
      expect(later.open).toBe(0);
    } finally {
      later.restore();
    }
  });

  it('names a folder in which it cannot be created', () => {
    const file = path.join(folder, 'file');
    fs.writeFileSync(file, '');
    expect(() => openEventFile(file, 1)).toThrow(`${file} cannot be written: a part of its path is a file`);
  });
});
