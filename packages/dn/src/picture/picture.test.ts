import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DenoisingOptions } from '../options.ts';
import { prepareKnownQueries } from '../queries.ts';
import { seededNoise } from '../random.ts';
import { batches, layouts, manyObjects, models, numClasses } from '../testing/batches.ts';
import { blockedRectangles } from './mask-panel.ts';
import { drawKnownQueries, type PictureOptions } from './picture.ts';

const model = { numClasses, matchingQueries: 4 };

function draw(counts: readonly number[], changes: DenoisingOptions = {}, picture: PictureOptions = {}): string {
  const targets = counts.map(manyObjects);
  const queries = prepareKnownQueries(targets, seededNoise(1), { ...changes, groups: changes.groups ?? 2 }, model);
  return drawKnownQueries(queries, targets, picture);
}

const occurrences = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].length;

/** The frames of the names at boxes, which alone have round corners. */
const tagsOf = (svg: string) =>
  [...svg.matchAll(/<rect ([^>]*rx="2"[^>]*)>/g)].map(([, attributes]) => {
    const [x, y, width, height] = ['x', 'y', 'width', 'height'].map((name) =>
      Number(new RegExp(`\\b${name}="([^"]*)"`).exec(attributes as string)?.[1]),
    );
    return { x, y, width, height } as Record<'x' | 'y' | 'width' | 'height', number>;
  });

/** Throws unless every element that is opened is closed, in order. */
function expectBalanced(svg: string): void {
  const open: string[] = [];
  for (const [, closing, name, empty] of svg.matchAll(/<(\/?)([a-z]+)(?:\s[^<>]*?)?(\/?)>/g)) {
    if (closing) expect(open.pop()).toBe(name);
    else if (!empty) open.push(name as string);
  }
  expect(open).toEqual([]);
}

describe('drawKnownQueries', () => {
  it('draws the picture of the README', async () => {
    // The batch of the README's example; `npx vitest run packages/dn -u` draws it anew.
    const targets = [
      { labels: [0, 2, 3], boxes: [0.3, 0.5, 0.3, 0.8, 0.72, 0.68, 0.36, 0.44, 0.62, 0.22, 0.14, 0.12] },
      { labels: [0, 1], boxes: [0.52, 0.42, 0.28, 0.68, 0.55, 0.66, 0.66, 0.5] },
    ];
    const queries = prepareKnownQueries(
      targets,
      seededNoise('run 1, step 30'),
      {},
      { numClasses: 5, matchingQueries: 8 },
    );
    const classNames = ['person', 'bicycle', 'dog', 'frisbee', 'bench'];
    await expect(drawKnownQueries(queries, targets, { classNames })).toMatchFileSnapshot(
      '../../docs/known-queries.svg',
    );
  });

  it('is well formed for every batch and layout', () => {
    fc.assert(
      fc.property(batches, layouts, models, fc.boolean(), (targets, layout, fits, maskPadding) => {
        const queries = prepareKnownQueries(targets, seededNoise(1), { ...layout, maskPadding }, fits);
        const svg = drawKnownQueries(queries, targets);
        expectBalanced(svg);
        expect(svg).not.toMatch(/NaN|undefined|Infinity/);
        expect(occurrences(svg, />image \d</g)).toBe(targets.length);
      }),
      { numRuns: 30 },
    );
  });

  it('marks flips by both names, escaped', () => {
    const picture = { classNames: Array.from({ length: numClasses }, (_, c) => `<${c}> & "co"`) };
    const flipped = draw([1], { labelNoise: 1, excludeOwnClass: true }, picture);
    expect(occurrences(flipped, />&lt;2&gt; &amp; &quot;co&quot; → &lt;\d&gt; &amp; &quot;co&quot;</g)).toBe(2);
    expect(draw([1], { labelNoise: 0 }, picture)).not.toContain('→');
  });

  it('strips what XML cannot hold', () => {
    expect(draw([1], { labelNoise: 0 }, { classNames: ['', '', 'a\u0000b\u001b\ud800c'] })).toContain('>abc<');
  });

  it('cuts long names to the panel', () => {
    const classNames = Array.from({ length: numClasses }, (_, c) => `${c}`.repeat(40));
    const svg = draw([1], { labelNoise: 0, groups: 1 }, { classNames });
    expect(svg).toContain(`>${'2'.repeat(29)}…<`);
    for (const { x, width } of tagsOf(svg)) expect(x + width).toBeLessThanOrEqual(172);
  });

  it('leaves out names that would cover others', () => {
    const tags = tagsOf(draw([100], { groups: 1 }));
    expect(tags.length).toBeGreaterThan(10);
    expect(tags.length).toBeLessThan(100);
    for (const [i, a] of tags.entries()) {
      for (const b of tags.slice(i + 1)) {
        // Numbers in a picture are rounded to 0.01.
        const besides = Math.max(b.x - a.x - a.width, a.x - b.x - b.width);
        const below = Math.max(b.y - a.y - a.height, a.y - b.y - b.height);
        expect(Math.max(besides, below)).toBeGreaterThan(-0.02);
      }
    }
  });

  it('says how many objects it is about', () => {
    expect(draw([1], { groups: 1 })).toContain('>1 object; K = 1 = 1 group × 1 slot<');
    const cut = draw([200], { maxKnownQueries: 100, kind: 'contrastive' });
    expect(cut).toContain('>50 of 200 objects; K = 100 = 1 group × 2 × 50 slots<');
  });

  it('explains what is blocked where something is', () => {
    expect(draw([2])).toContain('>blocked<');
    expect(draw([2], { isolate: 'nothing' })).not.toContain('>blocked<');
  });

  it('refuses targets that the queries cannot come from', () => {
    const queries = prepareKnownQueries([manyObjects(1), manyObjects(3)], seededNoise(1), { groups: 2 }, model);
    const drawOf = (counts: readonly number[]) => () => drawKnownQueries(queries, counts.map(manyObjects));
    expect(drawOf([1])).toThrow('targets are of 1 images, but the queries of 2: expected those they came from');
    expect(drawOf([1, 2])).toThrow('image 1: targets with 2 labels and 8 box numbers are not those');
  });

  it('hatches padding, in the mask only where it is hidden', () => {
    const hatched = (changes = {}) => occurrences(draw([1, 3], changes), /url\(#dn-padding\)/g);
    // Image 0 has 2 × 2 empty slots: in the strip of a group, along two axes, and in the mask; then the legend.
    expect(hatched()).toBe(4 + 8 + 4 + 1);
    expect(hatched({ maskPadding: false })).toBe(4 + 8 + 1);
    expect(draw([1, 3], { maskPadding: false })).toContain('padding (visible)');
  });

  it('says how many groups it leaves out', () => {
    expect(draw([1], { groups: 6 })).not.toContain('more groups');
    expect(draw([1], { groups: 20 })).toContain('and 15 more groups');
  });

  it('draws the images asked for alone', () => {
    expect(draw([1, 2, 3], {}, { images: [2] })).toMatch(/>image 2</);
    expect(draw([1, 2, 3], {}, { images: [2] })).not.toMatch(/>image 1</);
    expect(() => draw([1], {}, { images: [1] })).toThrow('there is no image 1 in a batch of 1');
  });

  it('has nothing to show but the matching queries where there are no objects', () => {
    const svg = draw([0]);
    expect(svg).toContain('>0 objects; K = 0<');
    expect(svg).not.toContain('>group');
  });
});

describe('blockedRectangles', () => {
  it('covers what is blocked, and that once', () => {
    const masks = fc.integer({ min: 1, max: 8 }).chain((total) =>
      fc.record({
        total: fc.constant(total),
        mask: fc.uint8Array({ minLength: total * total, maxLength: total * total, max: 1 }),
      }),
    );
    fc.assert(
      fc.property(masks, ({ total, mask }) => {
        const painted = new Uint8Array(total * total);
        for (const { i, j, rows, columns } of blockedRectangles(mask, total)) {
          for (let row = i; row < i + rows; row++) {
            for (let column = j; column < j + columns; column++) {
              painted[row * total + column] = (painted[row * total + column] as number) + 1;
            }
          }
        }
        expect(painted).toEqual(mask);
      }),
    );
  });
});
