/** `eval --checkpoint` and `predict`, with a small model trained on a folder of images. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { imageNet, type Normalization } from '@dn-detr/core';
import { readSafetensors, writeSafetensors } from '@dn-detr/core/weights';
import { type DatasetImage, exportCoco, looseImages, shapesDataset } from '@dn-detr/data';
import { smallBackend, smallConfig } from '@dn-detr/testing/small-run';
import { tiffFile } from '@dn-detr/testing/tiff-file';
import { type EvaluationLine, runFolder, runTraining } from '@dn-detr/train';
import { readJson, readJsonLines } from '@dn-detr/train/files';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Predictions } from '../predict/predictions.ts';
import { detect, readTrained } from '../predict/trained.ts';
import { program } from '../testing/program.ts';

const root = mkdtempSync(path.join(os.tmpdir(), 'dn-detr-checkpoint-'));
const inRoot = (...parts: string[]) => path.join(root, ...parts);
const run = runFolder(inRoot('run'));
const annotations = inRoot('data', 'annotations', 'instances_val.json');
const valImage = (n: number) => inRoot('data', 'val', `0000${10 + n}.png`);

beforeAll(async () => {
  const config = smallConfig({
    'length.count': 30,
    'evaluation.every': 30,
    'checkpoint.every': 30,
    'optimizer.learningRate': 5e-3,
    'optimizer.backboneLearningRate': 5e-3,
    'optimizer.clipNorm': 1,
    'data.source': inRoot('data'),
    'data.shapes.val': 12,
  });
  await exportCoco(shapesDataset(config.data.shapes), inRoot('data'));
  const backend = await smallBackend();
  const { signal } = new AbortController();
  await runTraining({ config, folder: run.path, resume: false, backend, say: () => {}, signal });
});
afterAll(() => rmSync(root, { recursive: true }));

const evaluated = (...args: string[]) => program('eval', ...args);
const predicted = (...args: string[]) => program('predict', '--checkpoint', run.best, ...args);
const failed = (message: RegExp) => ({ code: 1, stdout: '', stderr: expect.stringMatching(message) });
const figuresOf = ({ stdout }: { stdout: string }) => JSON.parse(stdout);

describe('eval --checkpoint', () => {
  it("computes the figures of the run's own evaluation", async () => {
    const [line] = readJsonLines<EvaluationLine>(run.evaluations) as [EvaluationLine];
    expect(line.step).toBe(30);
    expect(line.AP).toBeGreaterThan(0);
    const before = tf.memory().numTensors;
    const { stdout, stderr } = await evaluated('--checkpoint', run.best, '--json');
    expect(tf.memory().numTensors).toBe(before);
    expect(stderr).toBe('');
    const figures = JSON.parse(stdout);
    expect(figures).toMatchObject({ checkpoint: run.best, data: inRoot('data'), split: 'val', images: 12 });
    for (const name of ['AP', 'AP50', 'AP75', 'APs', 'AR1', 'AR100'] as const) {
      expect(figures[name], name).toBeCloseTo(line[name], 6);
    }
    for (const [label, { name, AP }] of line.perClass.entries()) {
      expect(figures.perClass[label]).toMatchObject({ name, AP: expect.closeTo(AP, 6) });
    }
  });

  it('writes detections for which eval --dt computes the same figures', async () => {
    const out = inRoot('results', 'detections.json');
    const own = figuresOf(await evaluated('--checkpoint', run.last, '--out', out, '--json'));
    const files = figuresOf(await evaluated('--gt', annotations, '--dt', out, '--json'));
    expect(own.AP).toBeGreaterThan(0);
    expect(own.stats).toEqual(files.stats.map((value: number) => expect.closeTo(value, 9)));
    // Its own file may be overwritten, but no other file.
    await evaluated('--checkpoint', run.last, '--out', out);
    const before = readFileSync(annotations, 'utf8');
    expect(await evaluated('--checkpoint', run.last, '--out', annotations)).toEqual(
      failed(/instances_val\.json exists and is not a list of detections/),
    );
    expect(readFileSync(annotations, 'utf8')).toBe(before);
    expect(await evaluated('--checkpoint', run.last, '--out', root)).toEqual(failed(/ cannot be written \(EISDIR/));
  });

  it("prints pycocotools' lines and a table of the classes", async () => {
    const { stdout } = await evaluated('--checkpoint', run.best, '--split', 'train');
    const lines = stdout.split('\n');
    expect(lines[0]).toBe(`${run.best} on ${inRoot('data')}, train (10 images)`);
    expect(lines[2]).toMatch(
      /^ Average Precision {2}\(AP\) @\[ IoU=0\.50:0\.95 \| area= {3}all \| maxDets=100 \] = 0\.\d{3}$/,
    );
    expect(stdout).toMatch(/│ square +│ +\d\.\d{3} │/);
  });

  it('accepts other data, and finds the same objects in the same images', async () => {
    const own = figuresOf(await evaluated('--checkpoint', run.best, '--json'));
    const drawn = figuresOf(await evaluated('--checkpoint', run.best, '--data', 'shapes', '--json'));
    expect(drawn).toEqual({ ...own, data: 'shapes' });
  });

  it('matches classes by name if their order differs', async () => {
    const own = figuresOf(await evaluated('--checkpoint', run.best, '--json'));
    const turned = withCategories('turned', ([disc, square]) => [
      { id: 7, name: square as string },
      { id: 9, name: disc as string },
    ]);
    const out = inRoot('turned.json');
    const args = ['--checkpoint', run.best, '--data', turned, '--json'];
    const found = figuresOf(await evaluated(...args, '--out', out));
    expect(found.stats).toEqual(own.stats.map((value: number) => expect.closeTo(value, 9)));
    const [disc, square] = own.perClass;
    expect(disc.AP).not.toBeCloseTo(square.AP, 6);
    expect(found.perClass).toMatchObject([
      { id: 9, name: 'disc', AP: expect.closeTo(disc.AP, 9) },
      { id: 7, name: 'square', AP: expect.closeTo(square.AP, 9) },
    ]);
    const gt = path.join(turned, 'annotations', 'instances_val.json');
    const files = figuresOf(await evaluated('--gt', gt, '--dt', out, '--json'));
    expect(files.stats).toEqual(own.stats.map((value: number) => expect.closeTo(value, 9)));
  });

  it('refuses data of other classes, and splits without images', async () => {
    const other = withCategories('other', ([disc]) => [
      { id: 1, name: disc as string },
      { id: 2, name: 'ring' },
    ]);
    expect(await evaluated('--checkpoint', run.best, '--data', other)).toEqual(
      failed(
        /other classes than the model .*\n {2}the data: disc, ring\n {2}the model: disc, square\n.*not in the data: square\n.*: ring/,
      ),
    );
    expect(await evaluated('--checkpoint', run.best, '--split', 'test')).toEqual(
      failed(/has no images in its test split: it has train and val \(--split NAME\)/),
    );
    expect(await evaluated('--checkpoint', run.best, '--data', inRoot('nowhere'))).toEqual(
      failed(/there is no folder .*nowhere/),
    );
  });

  it.each([
    [[], 'expected --checkpoint, or both --gt and --dt'],
    [['--gt', annotations], 'expected --checkpoint, or both --gt and --dt'],
    [['--gt', annotations, '--dt', 'x', '--checkpoint', 'y'], "'--checkpoint <file>' cannot be used with option '--gt"],
    [['--gt', annotations, '--dt', 'x', '--split', 'val'], "'--split <name>' cannot be used with option '--gt"],
    [['--checkpoint', 'y', '--split', 'validation'], 'Allowed choices are train, val, test'],
    [['--data', 'shapes'], 'expected --checkpoint, or both --gt and --dt'],
  ])('is used wrongly with %j', async (args, message) => {
    expect(await evaluated(...args)).toEqual({ code: 2, stdout: '', stderr: expect.stringContaining(message) });
  });
});

/** Writes the data set's annotations with other categories into a separate folder with the same images. */
function withCategories(folder: string, make: (names: readonly string[]) => { id: number; name: string }[]): string {
  mkdirSync(inRoot(folder, 'annotations'), { recursive: true });
  for (const split of ['train', 'val']) {
    const file = `instances_${split}.json`;
    const truth = readJson<{
      categories: { name: string }[];
      images: { file_name: string }[];
      annotations: { category_id: number }[];
    }>(inRoot('data', 'annotations', file));
    const names = truth.categories.map(({ name }) => name);
    const categories = make(names);
    const idOf = (name: string) => categories.find((category) => category.name === name)?.id ?? categories[1]?.id;
    const content = {
      ...truth,
      categories,
      annotations: truth.annotations.map((entry) => ({
        ...entry,
        category_id: idOf(names[entry.category_id - 1] as string),
      })),
    };
    writeFileSync(inRoot(folder, 'annotations', file), JSON.stringify(content));
    mkdirSync(inRoot(folder, split));
    for (const { file_name } of truth.images) {
      writeFileSync(inRoot(folder, split, file_name), readFileSync(inRoot('data', split, file_name)));
    }
  }
  return inRoot(folder);
}

describe('predict', () => {
  it('writes a picture of each image, and the same detections as evaluation', async () => {
    const out = inRoot('seen');
    const before = tf.memory().numTensors;
    const { code, stdout, stderr } = await predicted(inRoot('data', 'val'), '--threshold', '0', '--out', out, '--json');
    expect(tf.memory().numTensors).toBe(before);
    expect(stderr.replace(/^note: no font.*\n/, '')).toBe('');
    expect(code).toBe(0);
    const predictions: Predictions = JSON.parse(stdout);
    expect(readFileSync(path.join(out, 'detections.json'), 'utf8')).toBe(stdout);
    expect(predictions).toMatchObject({
      checkpoint: run.best,
      threshold: 0,
      classes: ['disc', 'square'],
      unreadable: [],
    });
    expect(predictions.images).toHaveLength(12);
    const pictures = predictions.images.map(({ picture }) => picture);
    expect(readdirSync(out).sort()).toEqual([...pictures, 'detections.json'].sort());

    const results = inRoot('all.json');
    await evaluated('--checkpoint', run.best, '--out', results);
    const all = readJson<{ image_id: number; category_id: number; bbox: number[]; score: number }[]>(results);
    for (const [n, { file, width, height, detections }] of predictions.images.entries()) {
      expect({ file, width, height }).toEqual({ file: valImage(n + 1), width: 32, height: 32 });
      const expected = all.filter(({ image_id }) => image_id === 11 + n);
      expect(detections.map(({ score }) => score)).toEqual(expected.map(({ score }) => expect.closeTo(score, 5)));
      for (const [d, { category, bbox }] of detections.entries()) {
        expect(category).toBe(['disc', 'square'][(expected[d]?.category_id ?? 0) - 1]);
        expect(bbox).toEqual(expected[d]?.bbox.map((value) => expect.closeTo(value, 2)));
      }
    }
    // 32 pixels are enlarged to 640.
    const { images } = await looseImages([path.join(out, pictures[0] as string)]);
    expect(images[0]).toMatchObject({ width: 640, height: 640 });
  });

  it('leaves out detections below the threshold, and suggests a lower threshold', async () => {
    const out = inRoot('thresholds');
    const all: Predictions = JSON.parse(
      (await predicted(valImage(1), '--threshold', '0', '--out', out, '--json')).stdout,
    );
    const scores = all.images[0]?.detections.map(({ score }) => score) as number[];
    const middle = scores[4] as number;
    const { stdout } = await predicted(valImage(1), '--threshold', String(middle - 1e-6), '--out', out);
    const some = readJson<Predictions>(path.join(out, 'detections.json'));
    expect(some.images[0]?.detections.map(({ score }) => score)).toEqual(scores.filter((score) => score >= middle));
    expect(stdout).toMatch(/000011\.png *│ .*(disc|square).* │ 000011\.png/);
    expect(stdout).toMatch(
      new RegExp(`^${some.images[0]?.detections.length} detections with a score .* in 1 image$`, 'm'),
    );
    const none = await predicted(valImage(1), '--threshold', '1', '--out', out);
    expect(none.stdout).toMatch(/000011\.png *│ - /);
    expect(none.stderr).toMatch(/the highest score is 0\.\d+: --threshold 0\.\d+ would show some detections/);
  });

  it('names images that it cannot read, processes the others, and exits with 1', async () => {
    const good = readFileSync(valImage(2));
    const [text, cut] = [inRoot('text.png'), inRoot('cut.png')];
    writeFileSync(text, 'no image');
    writeFileSync(cut, good.subarray(0, good.length / 2));
    const out = inRoot('partly');
    const { code, stdout, stderr } = await predicted(
      text,
      cut,
      valImage(2),
      ...['--out', out, '--threshold', '0', '--json'],
    );
    expect(code).toBe(1);
    const { images, unreadable }: Predictions = JSON.parse(stdout);
    expect(images.map(({ file }) => file)).toEqual([valImage(2)]);
    expect(unreadable.map(({ file }) => file)).toEqual([text, cut]);
    for (const { message } of unreadable) {
      expect(message).toMatch(/(text|cut)\.png cannot be read as an image \(.*\)$/);
      expect(stderr).toContain(`error: ${message}\n`);
    }
    expect(readdirSync(out).sort()).toEqual(['000012.png', 'detections.json']);
    const alone = await predicted(valImage(2), '--out', inRoot('alone'), '--threshold', '0', '--json');
    // The other images of a batch affect only the last bits.
    const [one, other] = [images[0], (JSON.parse(alone.stdout) as Predictions).images[0]];
    expect(one?.detections.map(({ score }) => score)).toEqual(
      other?.detections.map(({ score }) => expect.closeTo(score, 4)),
    );
  });

  it('accepts images with names of the maximum length, and with names that are equal when shortened', async () => {
    const out = inRoot('long');
    const stem = 'é'.repeat(124);
    const files = [inRoot('one', `${stem}xy.png`), inRoot('two', `${stem}xy.png`), inRoot('two', `${stem}xyz.q`)];
    for (const [n, file] of files.entries()) {
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, readFileSync(valImage(n + 1)));
    }
    expect(files.map((file) => Buffer.byteLength(path.basename(file)))).toEqual([254, 254, 253]);
    const { stdout } = await predicted(...files, '--threshold', '0', '--out', out, '--json');
    const pictures = (JSON.parse(stdout) as Predictions).images.map(({ picture }) => picture);
    expect(pictures).toEqual([`${stem}xy.png`, `${stem}x-2.png`, `${stem}xyz.png`]);
    expect(readdirSync(out).sort()).toEqual([...pictures, 'detections.json'].sort());
  });

  it('decodes images as the run did: with its bands and its limit of pixels', async () => {
    const bands = 5;
    const data = Uint8Array.from({ length: 32 * 32 * bands }, (_, i) => (i * 7) % 256);
    const five = inRoot('five.tif');
    writeFileSync(five, tiffFile({ width: 32, height: 32, channels: bands, data }));
    const refused = failed(/\nerror: there are no images to detect objects in\n$/);
    expect(await predicted(five, '--out', inRoot('five'))).toEqual(refused);

    await predicted(five, '--out', inRoot('chosen'), '--bands', '5,3,1');
    expect(readdirSync(inRoot('chosen'))).toContain('five.png');

    const { tensors, metadata } = readSafetensors(readFileSync(run.best));
    const config = JSON.parse(metadata.config as string);
    const trainedWith = (name: string, settings: object): string => {
      const changed = { ...config, data: { ...config.data, ...settings } };
      writeFileSync(inRoot(name), writeSafetensors(tensors, { ...metadata, config: JSON.stringify(changed) }));
      return inRoot(name);
    };
    const withBands = trainedWith('bands.safetensors', { bands: [5, 3, 1] });
    await program('predict', '--checkpoint', withBands, five, '--out', inRoot('five'));
    expect(readdirSync(inRoot('five'))).toContain('five.png');
    const limited = trainedWith('limited.safetensors', { maxPixels: 1000 });
    const images = [valImage(1), valImage(2)];
    expect(await program('predict', '--checkpoint', limited, ...images, '--out', inRoot('none'))).toEqual(refused);
    // The form that earlier versions wrote.
    const earlier = trainedWith('earlier.safetensors', { bands: undefined, maxPixels: undefined });
    const { stdout } = await program('predict', '--checkpoint', earlier, valImage(1), '--out', inRoot('old'));
    expect(stdout).toContain('in 1 image');
  });

  it('writes nothing if there are no images', async () => {
    const out = inRoot('nothing');
    expect(await predicted(inRoot('nowhere.png'), '--out', out)).toEqual(
      failed(/^error: .*nowhere\.png.*\nerror: there are no images to detect objects in\n$/),
    );
    expect(existsSync(out)).toBe(false);
  });

  it.each([['1.5'], ['half'], ['']])('is used wrongly with the threshold %j', async (threshold) => {
    const { code, stderr } = await predicted('x.png', '--out', 'y', '--threshold', threshold);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('expected a number from 0 to 1') });
  });
});

describe('detect', () => {
  it('keeps results with their images if batches are in another order', async () => {
    const trained = readTrained(run.best);
    const { config } = trained;
    // On canvases of no fixed size, landscape images come first.
    const free = { ...trained, config: { ...config, data: { ...config.data, canvas: { multipleOf: 8 } } } };
    const image = (id: number, width: number, height: number) => {
      const [drawn] = shapesDataset({ size: { width, height }, seed: id, classes: 2, train: 1, val: 1 }).val;
      return { ...(drawn as DatasetImage), id };
    };
    const images = [image(1, 24, 32), image(2, 32, 24), image(3, 24, 32)];
    const counts: number[] = [];
    const results = await detect(free, images, (done) => counts.push(done));
    expect(results.map(({ image }) => image)).toEqual(images);
    // Some are read again to fill the batch.
    expect([...new Set(counts)].sort()).toEqual([1, 2, 3]);
    for (const [n, { detections }] of results.entries()) {
      const [alone] = await detect(free, [images[n] as DatasetImage], () => {});
      expect(Array.from(alone?.detections.scores ?? [])).toEqual(
        Array.from(detections.scores, (score) => expect.closeTo(score, 4)),
      );
    }
  });

  it('normalises images as stated in the checkpoint, or else as the backbone does', async () => {
    const trained = readTrained(run.best);
    expect(trained.normalization).toEqual(imageNet);
    const { val } = shapesDataset({ size: 32, classes: 2, train: 1, val: 1 });
    const scoresOf = async (normalization: Normalization | undefined) => {
      const [result] = await detect({ ...trained, normalization }, val, () => {});
      return Array.from(result?.detections.scores ?? []);
    };
    const own = await scoresOf(imageNet);
    expect(own.length).toBeGreaterThan(0);
    expect(await scoresOf(undefined)).toEqual(own);
    expect(await scoresOf({ mean: [0.1, 0.1, 0.1], std: [0.1, 0.1, 0.1] })).not.toEqual(own);
  });

  it('fits the canvas to the longer side of the given images, or of the framed ones', async () => {
    const trained = readTrained(run.best);
    const { config } = trained;
    const forPhotos = { ...trained, config: { ...config, data: { ...config.data, canvas: { longSide: 32 } } } };
    const image = (width: number, height: number) => {
      const [drawn] = shapesDataset({ size: { width, height }, classes: 2, train: 1, val: 1 }).val;
      return drawn as DatasetImage;
    };
    const [wide, tall] = [image(64, 48), image(48, 64)];
    const scoresOf = async (one: DatasetImage, framed?: readonly DatasetImage[]) => {
      const [result] = await detect(forPhotos, [one], () => {}, framed);
      return Array.from(result?.detections.scores ?? []);
    };
    const fixed = (canvas: object) =>
      ({ ...trained, config: { ...config, data: { ...config.data, canvas } } }) as typeof trained;
    const [own] = await detect(fixed({ width: 24, height: 32 }), [tall], () => {});
    expect(await scoresOf(tall)).toEqual(Array.from(own?.detections.scores ?? []));
    const [padded] = await detect(fixed({ width: 32, height: 32 }), [tall], () => {});
    expect(await scoresOf(tall, [wide, tall])).toEqual(Array.from(padded?.detections.scores ?? []));
  });
});
