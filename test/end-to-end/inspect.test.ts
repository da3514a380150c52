/** Tests `inspect` on short runs from the command line. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { program } from '@dn-detr/experiments/testing/program';
import { htmlDocument, xmlDocument } from '@dn-detr/testing/drawn';
import { evaluationsOf, metricsOf } from '@dn-detr/testing/run-files';
import { smallOptions } from '@dn-detr/testing/small-options';
import { runFolder } from '@dn-detr/train';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const settings = smallOptions({ length: { unit: 'steps', count: 12 }, 'evaluation.every': 4 });

let root: string;
const start = process.cwd();
const best = path.join('dn', 'checkpoints', 'best.safetensors');
beforeAll(async () => {
  root = mkdtempSync(path.join(os.tmpdir(), 'dn-detr-inspect-'));
  process.chdir(root);
  for (const [model, folder, own] of [
    ['dn-detr', 'dn', []],
    ['detr', 'detr', []],
    ['dn-deformable-detr', 'deformable', ['--set', 'model.width=32', '--set', 'model.featureLevels=2']],
  ] as const) {
    const trained = await program('train', ...settings, '--model', model, ...own, '--out', folder);
    expect(trained).toMatchObject({ code: 0 });
  }
}, 120_000);
afterAll(() => {
  process.chdir(start);
  rmSync(root, { recursive: true, force: true });
});

/** Throws unless each SVG is well-formed without CSS variables, and each page has all its pictures. */
function expectFiles(folder: string, page: string, pictures: readonly string[]): void {
  expect(readdirSync(folder).sort()).toEqual([page, page.replace('html', 'json'), ...pictures].sort());
  for (const name of pictures) {
    const text = readFileSync(path.join(folder, name), 'utf8');
    expect(xmlDocument(text).documentElement.tagName).toBe('svg');
    expect(text).not.toMatch(/var\(|NaN|undefined|Infinity/);
    expect([...text.matchAll(/href="([^#][^"]{8})/g)].map(([, address]) => address)).not.toContainEqual(
      expect.stringMatching(/^(?!data:imag)/),
    );
  }
  const document = htmlDocument(readFileSync(path.join(folder, page), 'utf8'));
  expect(document.querySelectorAll('figure > div > svg')).toHaveLength(pictures.length);
  expect(document.body.textContent).not.toMatch(/NaN|undefined|Infinity/);
  const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const use of document.querySelectorAll('use')) expect(ids).toContain(use.getAttribute('href')?.slice(1));
}

describe('inspect queries', () => {
  it('shows the known queries that the run was trained with', async () => {
    const trained = metricsOf('dn').map(({ knownQueries }) => knownQueries);
    for (const step of [1, 5]) {
      const args = ['--step', `${step}`, '--out', 'queries', '--json'];
      const { code, stdout } = await program('inspect', 'queries', ...settings, ...args);
      expect(code).toBe(0);
      const { images, files } = JSON.parse(stdout) as { images: Described[]; files: string[] };
      expectFiles('queries', 'queries.html', files.slice(1));
      const real = images.map(({ layout: { known }, padded }) => known - padded);
      expect(images.map(({ objects }) => 2 * objects)).toEqual(real);
      expect(real.reduce((sum, count) => sum + count, 0)).toBe(trained[step - 1]);
    }
  });

  it('prints the files, and requires a model with known queries', async () => {
    const { code, stdout } = await program(
      'inspect',
      'queries',
      ...smallOptions(),
      '--images',
      '1',
      '--out',
      'queries',
    );
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'queries/queries.html\nqueries/queries-1.svg\n' });
    // The earlier pictures have been deleted.
    expectFiles('queries', 'queries.html', ['queries-1.svg']);
    const detr = await program('inspect', 'queries', ...smallOptions({ 'model.name': 'detr' }), '--out', 'none');
    expect(detr).toMatchObject({ code: 1, stderr: expect.stringMatching(/--set model.name=dn-detr/) });
    const zero = await program('inspect', 'queries', '--step', '0', '--out', 'none');
    expect(zero).toMatchObject({ code: 2, stdout: '' });
  });
});

describe('inspect attention', () => {
  it('follows a query through the layers, over images and known queries', async () => {
    const args = ['--checkpoint', best, '--known', '--images', '2', '--out', 'attention', '--json'];
    const { code, stdout } = await program('inspect', 'attention', ...args);
    expect(code).toBe(0);
    const { images, files } = JSON.parse(stdout);
    const pictures = [1, 2].flatMap((n) => ['cross', 'self', 'groups'].map((part) => `attention-${n}-${part}.svg`));
    expect(files).toEqual(['attention.html', ...pictures]);
    expectFiles('attention', 'attention.html', pictures);
    for (const image of images) {
      expect(image.largestBlockedWeights).toEqual({ matchingToKnown: 0, betweenGroups: 0, onPadding: 0 });
      expect(image.layers).toHaveLength(2);
      // Anchors are refined layer by layer: each is the box predicted by the previous layer.
      expect(image.layers[1].anchor).toEqual(image.layers[0].bbox);
    }
  });

  it('draws where deformable attention samples', async () => {
    const checkpoint = path.join('deformable', 'checkpoints', 'best.safetensors');
    const args = ['--checkpoint', checkpoint, '--known', '--images', '1', '--out', 'sampled', '--json'];
    const { code, stdout } = await program('inspect', 'attention', ...args);
    expect(code).toBe(0);
    const { images, files } = JSON.parse(stdout);
    expectFiles('sampled', 'attention.html', files.slice(1));
    const [{ layers, levels, largestBlockedWeights }] = images;
    expect(largestBlockedWeights).toEqual({ matchingToKnown: 0, betweenGroups: 0, onPadding: 0 });
    expect(levels).toHaveLength(2);
    expect(layers[0].weightOfLevels).toHaveLength(2);
    expect(layers[1].anchor).toEqual(layers[0].bbox);
    expect(readFileSync(path.join('sampled', 'attention.html'), 'utf8')).toContain('deformable cross-attention');
  });

  it('draws models without anchors, on image files', async () => {
    const file = path.join(runFolder('detr').samples.folder, '1.jpg');
    const checkpoint = path.join('detr', 'checkpoints', 'last.safetensors');
    const args = ['--checkpoint', checkpoint, '--query', '7', '--out', 'files', '--json'];
    const { code, stdout } = await program('inspect', 'attention', file, ...args);
    expect(code).toBe(0);
    const [image] = JSON.parse(stdout).images;
    expect(image).toMatchObject({ query: 7, pictures: ['attention-1-cross.svg', 'attention-1-self.svg'] });
    expect(image.layers[0]).not.toHaveProperty('anchor');
    expect(readFileSync(path.join('files', 'attention.html'), 'utf8')).toContain('detr has no anchors');
  });

  it.each([
    [['--query', '8'], 1, /there is no query 8: the model has 8, from 0 to 7/],
    [['a.png', '--known'], 2, /--known makes queries from annotated objects/],
    [['a.png', '--split', 'val'], 2, /expected either image files or --data/],
    [['a.png'], 1, /there is no a.png/],
    [['--query', 'x'], 2, /expected a whole number/],
  ])('%j: exit code %i', async (args, code, message) => {
    const result = await program('inspect', 'attention', ...args, '--checkpoint', best, '--out', 'wrong');
    expect(result).toMatchObject({ code, stdout: '' });
    if (args[1] !== 'x') expect(result.stderr).toMatch(message);
  });

  it('says so if there is no object to make known queries from', async () => {
    mkdirSync(path.join('empty', 'images', 'val'), { recursive: true });
    mkdirSync(path.join('empty', 'images', 'train'), { recursive: true });
    mkdirSync(path.join('empty', 'labels', 'train'), { recursive: true });
    const names = '[disc, square, triangle]';
    writeFileSync(path.join('empty', 'data.yaml'), `train: images/train\nval: images/val\nnames: ${names}\n`);
    const pixel = Buffer.from(
      'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC',
      'base64',
    );
    for (const split of ['train', 'val']) writeFileSync(path.join('empty', 'images', split, `${split}.png`), pixel);
    writeFileSync(path.join('empty', 'labels', 'train', 'train.txt'), '0 0.5 0.5 0.5 0.5\n');
    const args = ['--checkpoint', best, '--data', 'empty', '--known', '--out', 'unmade'];
    const result = await program('inspect', 'attention', ...args);
    expect(result).toMatchObject({ code: 1, stdout: '' });
    expect(result.stderr).toMatch(/empty has no images with an object in its val split/);
    expect(existsSync('unmade')).toBe(false);
  });
});

describe('inspect matching', () => {
  it('counts the changes that the instability measures', async () => {
    const { code, stdout } = await program('inspect', 'matching', 'dn', 'detr', '--out', 'matching', '--json');
    expect(code).toBe(0);
    const { images } = JSON.parse(stdout) as { images: Matched[] };
    expectFiles(
      'matching',
      'matching.html',
      images.map((_, i) => `matching-${i + 1}.svg`),
    );
    // The run follows all four validation images, which all have objects.
    expect(images).toHaveLength(4);
    const objects = images.reduce((sum, image) => sum + image.objects, 0);
    for (const [run, folder] of ['dn', 'detr'].entries()) {
      const evaluations = evaluationsOf(folder);
      expect(evaluations.map(({ step }) => step)).toEqual([4, 8, 12]);
      const grids = images.map(({ runs }) => runs[run]?.training as Matched['runs'][number]['training']);
      // Instability counts queries: two for an object that moves to a free query, and two for an exchange, which is two changes here.
      const queries = grids.reduce((sum, grid) => sum + changedQueries(grid.queries), 0);
      const instability = evaluations.slice(1).reduce((sum, line) => sum + (line.instability as number), 0);
      expect(queries / 2).toBeCloseTo(instability * objects, 6);
      const changes = grids.reduce((sum, grid) => sum + grid.changes, 0);
      expect(changes).toBeGreaterThanOrEqual(queries / 2);
      expect(changes).toBeLessThanOrEqual(queries);
      expect(images.map(({ runs }) => runs[run]?.run)).toEqual(
        new Array(4).fill(`${folder === 'dn' ? 'dn-detr' : 'detr'}, seed 0`),
      );
    }
  });

  it('says what is missing', async () => {
    const none = await program('inspect', 'matching', 'nowhere', '--out', 'wrong');
    expect(none).toMatchObject({
      code: 1,
      stderr: 'error: nowhere does not exist: expected the folder of a run or a comparison\n',
    });
    rmSync(runFolder('detr').samples.folder, { recursive: true });
    const without = await program('inspect', 'matching', 'detr', '--out', 'wrong');
    expect(without).toMatchObject({ code: 1, stdout: '' });
    expect(without.stderr).toMatch(/detr has no samples: train, compare and ablate write them/);
    const partly = await program('inspect', 'matching', 'dn', 'detr', '--out', 'partly');
    expect(partly).toMatchObject({ code: 0, stderr: expect.stringMatching(/detr has no samples and is left out\n$/) });
  });
});

interface Described {
  readonly objects: number;
  readonly padded: number;
  readonly layout: { readonly known: number };
}

interface Matched {
  readonly objects: number;
  readonly runs: readonly {
    readonly run: string;
    readonly training: { readonly changes: number; readonly queries: readonly (readonly number[])[] };
  }[];
}

/** Number of times that a query’s object, or lack of one, changes. */
function changedQueries(grid: Matched['runs'][number]['training']['queries']): number {
  const answers = (column: number) => new Map(grid.map((row, m) => [row[column] as number, m]));
  const columns = Array.from({ length: (grid[0]?.length ?? 1) - 1 }, (_, i) => [answers(i), answers(i + 1)] as const);
  return columns.reduce((sum, [before, after]) => {
    const queries = new Set([...before.keys(), ...after.keys()]);
    return sum + [...queries].filter((query) => before.get(query) !== after.get(query)).length;
  }, 0);
}
