import { imageMask } from '@dn-detr/dn';
import { knownQueriesDrawing, maskDrawing, type QueryImage, slotsOf, svgFile } from '@dn-detr/report/drawing';
import { html } from '@dn-detr/report/markup';
import { elements, ofClass } from '@dn-detr/testing/drawn';
import { smallConfig } from '@dn-detr/testing/small-run';
import { buildModel, type DottedValues, knownQueriesAt, loadersOf, openRunData, withKnownSlots } from '@dn-detr/train';
import { describe, expect, it } from 'vitest';
import { queriesOfStep } from './queries.ts';
import { queriesInspection } from './queries-page.ts';

async function step(values: DottedValues, at: number, count = 4) {
  const config = smallConfig(values);
  const data = await openRunData(config);
  return { config, data, ...(await queriesOfStep(config, data, at, count)) };
}

/** Settings with as many groups as fit, which are many. */
const dino: DottedValues = {
  ...{ 'model.name': 'dino', 'model.width': 32, 'model.featureLevels': 2 },
  ...{ 'denoising.groups': null, 'denoising.slotBucket': null },
};

const first = (images: readonly QueryImage[]): QueryImage => images[0] as QueryImage;

/** The mask that a drawing shows `[T, T]`: padded columns and blocked rectangles. */
function maskDrawn(image: QueryImage): number[] {
  const { total } = image.queries.layout;
  const svg = maskDrawing(image.queries, image.index, 400, 'hatch');
  const mask = new Array<number>(total * total).fill(0);
  for (const kind of ['padding', 'blocked']) {
    for (const { x, y, width, height } of ofClass(svg, 'rect', kind)) {
      for (let i = Number(y); i < Number(y) + Number(height); i++) {
        mask.fill(1, i * total + Number(x), i * total + Number(x) + Number(width));
      }
    }
  }
  return mask;
}

describe('queriesOfStep', () => {
  it('returns the micro-batches of the step, and the known queries of training', async () => {
    const { config, data, images, batch, epoch } = await step({ 'optimizer.accumulate': 2 }, 3, 8);
    expect([images.length, batch, epoch]).toEqual([8, 8, 1]);
    const model = buildModel(config, 2);
    const incoming = loadersOf(config, model.detector.backbone, []).training(data.train).from(0);
    // Two steps of two micro-batches come before.
    for (let i = 0; i < 4; i++) await incoming.next();
    for (const micro of [0, 1]) {
      const { value } = await incoming.next();
      if (!value) throw new Error('no batch');
      const expected = knownQueriesAt(value, model, withKnownSlots(config, data.train), { step: 2, micro });
      const own = images.slice(4 * micro, 4 * micro + 4);
      expect(own.map(({ name }) => name)).toEqual(value.sources.map(({ name }) => name));
      expect(own.map(({ target }) => target)).toEqual(value.targets);
      for (const { queries } of own) expect(queries).toEqual(expected);
    }
    await incoming.return(undefined);
  });

  it('shows the pixels that the model sees', async () => {
    // Without augmentation these are the image's own.
    const { data, images } = await step({ overfit: 2, 'data.canvas': { width: 48, height: 32 } }, 1);
    const image = first(images);
    const source = data.train.find(({ name }) => name === image.name);
    const pixels = await source?.read();
    expect(image.size).toEqual({ width: 32, height: 32 });
    const rows = Array.from({ length: 32 }, (_, y) => image.canvas.data.subarray(3 * 48 * y, 3 * (48 * y + 32)));
    expect(Buffer.concat(rows).equals(Buffer.from(pixels?.data as Uint8Array))).toBe(true);
  });

  it.each([
    [{ 'model.name': 'detr' }, /^detr trains without known queries: expected a model with denoising/],
    [
      { 'denoising.groups': 0 },
      /^denoising.groups=0 trains without known queries: expected denoising.groups of 1 or more$/,
    ],
  ])('refuses a model without known queries: %j', async (values, message) => {
    await expect(step(values, 1)).rejects.toThrow(message);
  });
});

describe('the picture of known queries', () => {
  it.each([
    {},
    { 'denoising.isolate': 'known' },
    { 'denoising.isolate': 'nothing' },
    { 'denoising.maskPadding': false },
    { 'denoising.groups': 3, 'denoising.slotBucket': 1 },
    { 'denoising.kind': 'contrastive' },
    dino,
  ] as DottedValues[])('shows the mask of the step: %j', async (values) => {
    const { images } = await step(values, 2);
    expect(images).toHaveLength(4);
    for (const image of images) {
      expect(maskDrawn(image)).toEqual(Array.from(imageMask(image.queries, image.index)));
    }
  });

  it('has a box for each known query and each true one, in both parts, and a slot for padding', async () => {
    const { images } = await step({}, 1);
    expect(images).toHaveLength(4);
    for (const image of images) {
      const svg = await knownQueriesDrawing(image, 1, (label) => `class ${label}`);
      const slots = slotsOf(image);
      const real = slots.filter(({ object }) => object >= 0);
      expect(real.length).toBe(2 * image.target.labels.length);
      expect(ofClass(svg, 'g', 'known')).toHaveLength(2 * real.length);
      expect(ofClass(svg, 'g', 'truth')).toHaveLength((1 + 2) * image.target.labels.length);
      expect(ofClass(svg, 'g', 'slot')).toHaveLength(slots.length);
    }
  });

  it('distinguishes the negatives of contrastive denoising, and explains them on the page', async () => {
    const { config, images, ...rest } = await step({ 'denoising.kind': 'contrastive' }, 1);
    expect(images).toHaveLength(4);
    for (const image of images) {
      const svg = await knownQueriesDrawing(image, 1, String);
      const count = 2 * image.target.labels.length;
      expect(slotsOf(image).filter(({ negative }) => negative)).toHaveLength(count);
      // In the picture of all groups, and in that of its own group.
      for (const kind of ['known', 'negative']) expect(ofClass(svg, 'g', kind)).toHaveLength(2 * count);
      expect(svg.text).toMatch(/>negative</);
      expect(svg.text).not.toMatch(/NaN|undefined|(width|height)="-/);
    }
    const { page, about } = await queriesInspection({ ...rest, images }, 1, config, ['disc', 'square']);
    const objects = first(images).target.labels.length;
    expect(page.lede.text).toMatch(/less than 1 times half the box.*Those of a\s+negative query, drawn dashed/s);
    expect(page.sections[0]?.content.text).toContain(
      `${4 * objects} known queries, of which ${2 * objects} are negative,`,
    );
    expect(about).toMatchObject({ images: [{ negatives: 2 * objects }, {}, {}, {}] });
  });

  it('names groups by their numbers only if these do not overlap', async () => {
    const { images, denoising } = await step(dino, 1, 1);
    expect([denoising.slotBucket, denoising.groups]).toEqual([3, 33]);
    const svg = (await knownQueriesDrawing(first(images), 1, String)).text;
    expect(svg.match(/>known</g)).toHaveLength(2);
    expect(svg).not.toMatch(/>12</);
    expect(svg.match(/>and 18 more groups</g)).toHaveLength(1);
    const few = await step({ ...dino, 'denoising.groups': 12, 'denoising.kind': 'dn' }, 1, 1);
    const named = (await knownQueriesDrawing(first(few.images), 1, String)).text;
    expect(named.match(/>12</g)).toHaveLength(2);
  });

  it('draws a known query at its noised box', async () => {
    const { images } = await step({ 'data.canvas': { width: 64, height: 32 } }, 1);
    const image = first(images);
    const svg = await knownQueriesDrawing(image, 1, String);
    const drawn = elements(svg.text.slice(svg.text.indexOf('class="known"')), 'rect')[0];
    const [cx, cy, w, h] = image.queries.boxes.subarray(4 * (slotsOf(image)[0]?.at as number));
    // The canvas of 64 × 32 is drawn 430 pixels wide; the image is its left half.
    const scale = 430 / 2;
    expect(Number(drawn?.x)).toBeCloseTo(((cx as number) - (w as number) / 2) * scale, 1);
    expect(Number(drawn?.y)).toBeCloseTo(((cy as number) - (h as number) / 2) * scale, 1);
    expect(Number(drawn?.width)).toBeCloseTo((w as number) * scale, 1);
    expect(Number(drawn?.height)).toBeCloseTo((h as number) * scale, 1);
  });

  it('marks exactly the flipped labels', async () => {
    const { images } = await step({ 'denoising.labelNoise': 1 }, 1);
    const image = first(images);
    const { labels, objects } = image.queries;
    const flipped = slotsOf(image).filter(({ flippedTo }) => flippedTo !== undefined);
    expect(flipped.length).toBeGreaterThan(0);
    for (const { at, flippedTo } of slotsOf(image)) {
      const differs = (objects[at] as number) >= 0 && labels[at] !== image.target.labels[objects[at] as number];
      expect(flippedTo).toBe(differs ? labels[at] : undefined);
    }
    const svg = (await knownQueriesDrawing(image, 1, String)).text;
    expect(svg.match(/fill="#111" stroke="#/g)).toHaveLength(flipped.length);
  });
});

it('writes files with the colours of the light page', () => {
  const file = svgFile(html`<svg width="1" height="1"><rect fill="var(--text)"/><text>a${'\u0007'}b</text></svg>`);
  expect(file).toContain('<rect width="100%" height="100%" fill="#ffffff"/><rect fill="#1c2126"/><text>ab</text>');
});
