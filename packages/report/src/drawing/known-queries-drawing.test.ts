import { prepareKnownQueries, seededNoise } from '@dn-detr/dn';
import { ofClass, xmlDocument } from '@dn-detr/testing/drawn';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { QueryImage } from './known-queries.ts';
import { knownQueriesDrawing } from './known-queries-drawing.ts';
import { svgFile } from './svg.ts';

const size = { width: 64, height: 64 };
const blank = { ...size, data: new Uint8Array(64 * 64 * 3).fill(245) };

function imagesOf(
  counts: readonly number[],
  options: Parameters<typeof prepareKnownQueries>[2] = {},
): readonly QueryImage[] {
  const targets = counts.map((count, image) => ({
    labels: Array.from({ length: count }, (_, n) => (image + n) % 3),
    boxes: Array.from({ length: count }, (_, n) => [0.3 + 0.02 * (n % 20), 0.4, 0.2, 0.3]).flat(),
  }));
  const queries = prepareKnownQueries(targets, seededNoise(1), options, { numClasses: 3, matchingQueries: 4 });
  return targets.map((target, index) => ({ name: `${index}`, canvas: blank, size, target, queries, index }));
}

it('draws the picture in the README of dn', async () => {
  // The batch of its example; `npx vitest run packages/report -u` redraws it.
  const targets = [
    { labels: [0, 2, 3], boxes: [0.3, 0.5, 0.3, 0.8, 0.72, 0.68, 0.36, 0.44, 0.62, 0.22, 0.14, 0.12] },
    { labels: [0, 1], boxes: [0.52, 0.42, 0.28, 0.68, 0.55, 0.66, 0.66, 0.5] },
  ];
  const names = ['person', 'bicycle', 'dog', 'frisbee', 'bench'];
  const model = { numClasses: 5, matchingQueries: 8 };
  const queries = prepareKnownQueries(targets, seededNoise('run 1, step 30'), {}, model);
  const [, target] = targets as [(typeof targets)[0], (typeof targets)[0]];
  const image = { name: 'image 1', canvas: blank, size, target, queries, index: 1 };
  const file = svgFile(await knownQueriesDrawing(image, 1, (label) => names[label] as string));
  await expect(file).toMatchFileSnapshot('../../../dn/docs/known-queries.svg');
});

it('is XML without NaN, whatever the objects and groups', async () => {
  const layouts = fc.record({
    groups: fc.integer({ min: 0, max: 20 }),
    kind: fc.constantFrom('dn' as const, 'contrastive' as const),
    maskPadding: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(12), { minLength: 1, maxLength: 3 }), layouts, async (counts, layout) => {
      for (const image of imagesOf(counts, layout)) {
        const file = svgFile(await knownQueriesDrawing(image, 1, String));
        expect(file).not.toMatch(/NaN|undefined|Infinity/);
        expect(xmlDocument(file).querySelectorAll('g.truth').length).toBeGreaterThanOrEqual(image.target.labels.length);
      }
    }),
    { numRuns: 20 },
  );
});

it('escapes and shortens the names of classes', async () => {
  const [image] = imagesOf([1], { groups: 1, labelNoise: 0 }) as [QueryImage];
  const svg = await knownQueriesDrawing(image, 1, () => `<b> & "${'long'.repeat(30)}"`);
  const tags = [...xmlDocument(svgFile(svg)).querySelectorAll('g.tag text')].map(({ textContent }) => textContent);
  expect(tags).toHaveLength(1);
  expect(tags[0]).toMatch(/^1 <b> & "long.*…$/);
});

it('leaves out names that would cover other names', async () => {
  const [image] = imagesOf([100], { groups: 1, labelNoise: 0 }) as [QueryImage];
  const tags = ofClass(await knownQueriesDrawing(image, 1, String), 'g', 'tag');
  expect(tags.length).toBeGreaterThan(3);
  expect(tags.length).toBeLessThan(100);
});
