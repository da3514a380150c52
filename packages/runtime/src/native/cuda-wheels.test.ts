import { readFileSync } from 'node:fs';
import { root } from '@dn-detr/testing/readme';
import { expect, it } from 'vitest';
import { tensorflowGpu } from './wheel.ts';

const wheels = [tensorflowGpu, ...(tensorflowGpu.cuda ?? [])];

it('pins one wheel of each library by version, hash and size', () => {
  expect(new Set(wheels.map(({ distribution }) => distribution)).size).toBe(wheels.length);
  for (const { distribution, version, sha256, bytes, unpackedBytes } of wheels) {
    expect(sha256, distribution).toMatch(/^[0-9a-f]{64}$/);
    expect(version, distribution).toMatch(/^\d+(\.\d+){2,3}$/);
    // A wheel is a zip file of these libraries.
    expect(bytes / unpackedBytes, distribution).toBeGreaterThan(0.3);
  }
  expect(
    tensorflowGpu.cuda?.map(({ part, distribution }) => `nvidia-${part.replace('_', '-')}-cu12` === distribution),
  ).toEqual(tensorflowGpu.cuda?.map(() => true));
});

it('docs/gpu.md lists the wheels that are downloaded', () => {
  const text = readFileSync(`${root}/docs/gpu.md`, 'utf8').replace(/ +/g, ' ');
  const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
  const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(2)} GB`;
  for (const { distribution, version, bytes, unpackedBytes } of wheels) {
    expect(text).toContain(`| \`${distribution}\` ${version} | ${megabytes(bytes)} | ${gigabytes(unpackedBytes)} |`);
  }
  const sum = (key: 'bytes' | 'unpackedBytes'): number => wheels.reduce((total, wheel) => total + wheel[key], 0);
  expect(text).toContain(`| together | ${gigabytes(sum('bytes'))} | ${gigabytes(sum('unpackedBytes'))} |`);
});
