/** Tests the errors of the training commands. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { program } from '@dn-detr/experiments/testing/program';
import { smallConfig } from '@dn-detr/testing/small-run';
import { writeJson } from '@dn-detr/train/files';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

let root: string;
const start = process.cwd();
beforeAll(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'dn-detr-usage-'));
  process.chdir(root);
  vi.stubEnv('DN_DETR_BACKEND', 'cpu');
  writeJson('small.json', { config: smallConfig() });
  writeFileSync('file', '');
  mkdirSync('odd');
  writeJson(path.join('odd', 'config.json'), { config: {} });
});
afterAll(() => {
  vi.unstubAllEnvs();
  process.chdir(start);
  rmSync(root, { recursive: true, force: true });
});

describe('wrong usage', () => {
  it.each<[string[], RegExp]>([
    [['train', '--frobnicate'], /unknown option '--frobnicate'/],
    [['train', 'extra'], /too many arguments/],
    [['train', '--steps', '-3'], /--steps <count>.* expected a number above 0/],
    [['train', '--steps', '5', '--minutes', '3'], /--steps and --minutes: a run has one length/],
    [['train', '--seed', '1.5'], /--seed <number>.* expected a whole number from 0/],
    [['train', '--model', 'detr2'], /--model <name>.*detr, dab-detr, dn-detr-vanilla, dn-detr/],
    [['train', '--recipe', 'slow'], /there is no recipe 'slow': expected quick, /],
    [
      ['train', '--set', 'optimiser.learningrate=1'],
      /there is no setting 'optimiser.learningrate': did you mean optimizer.learningRate\?/,
    ],
    [['train', '--set', 'batchSize=many'], /batchSize is "many": expected number/],
    [['train', '--set', 'batchSize'], /expected key=value/],
    [['train', '--config', 'small.json', '--recipe', 'quick'], /leave out --recipe and --data/],
    [
      ['train', '--config', 'small.json', '--dry-run', '--serve', '0'],
      /--dry-run saves nothing that could be shown: leave out --serve/,
    ],
    [['compare', '--seeds', '0'], /--seeds .* expected at least one seed/],
    [['compare', '--seeds', '1,1'], /--seeds .* expected a count such as 3, or different whole numbers/],
    [['compare', '--models', 'detr,detr2'], /there is no model 'detr2': expected detr, /],
    [['compare', '--models', 'detr,detr'], /names a model twice: detr, detr/],
    [['compare', '--models', 'detr+batchsize=2'], /there is no setting 'batchsize': did you mean batchSize\?/],
    [['report', 'small.json'], /required option '--out <file>'/],
  ])('%j exits with 2 and says what was expected', async (args, message) => {
    const { code, stdout, stderr } = await program(...args);
    expect({ code, stdout, stderr }).toEqual({ code: 2, stdout: '', stderr: expect.stringMatching(message) });
    expect(stderr).toMatch(/\(--help lists commands and options\)\n$/);
    expect(existsSync('runs')).toBe(false);
  });
});

describe('what cannot be done', () => {
  it.each<[string[], RegExp]>([
    [['train', '--data', 'nowhere'], /there is no folder .*nowhere/],
    [['train', '--config', 'nowhere.json'], /nowhere.json does not exist/],
    [['train', '--config', 'file'], /file is not readable: .*JSON/],
    [['train', '--config', 'small.json', '--set', 'model.heads=3', '--out', 'three'], /model.width is 16 with 3 heads/],
    [
      ['train', '--config', 'small.json', '--out', 'file/run'],
      /file.run cannot be written: a part of its path is a file/,
    ],
    [
      ['compare', '--models', 'detr', '--out', 'file/runs'],
      /file.runs cannot be written: a part of its path is a file/,
    ],
    [['report', 'nowhere', '--out', 'report.html'], /nowhere does not exist: expected the folder of a run/],
    [['report', '.', '--out', 'report.html'], /contains no run: expected a config.json/],
    [
      ['report', 'odd', '--out', 'report.html'],
      /config.json is not the config.json of a run: it has no data, parameters, /,
    ],
  ])('%j exits with 1 and says why', async (args, message) => {
    const { code, stdout, stderr } = await program(...args);
    expect({ code, stdout, stderr }).toEqual({ code: 1, stdout: '', stderr: expect.stringMatching(message) });
    expect(stderr).toMatch(/^error: /m);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});

describe('--help', () => {
  it.each(['train', 'compare', 'report'])('shows examples for %s', async (command) => {
    const { code, stdout, stderr } = await program(command, '--help');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(`Usage: npm start -- ${command} [options]`);
    expect(stdout).toMatch(new RegExp(`^Examples:\n(?:  npm start.*\n)*  npm start -- ${command} `, 'm'));
  });
});
