import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomStream } from '../random.ts';
import { shapeClasses, shapeOutlines } from './classes.ts';
import { contrast, distanceToMixtures, randomColor, standingOut, variation } from './colors.ts';
import { fill } from './draw.ts';
import { extentOf, moved, type Outline, turned } from './outline.ts';

function drawn(outline: Outline, width = 40, height = 40) {
  const image = { width, height, data: new Uint8Array(3 * width * height) };
  fill(image, outline, [255, 255, 255]);
  return image;
}

/** Area in pixels; every channel is the same. */
const area = (outline: Outline): number => drawn(outline).data.reduce((sum, value) => sum + value / 255, 0) / 3;

/** Areas of outlines with radius 1. */
const areas = {
  disc: Math.PI,
  square: 4,
  triangle: (3 * Math.sqrt(3)) / 4,
  ring: Math.PI * (1 - 0.55 ** 2),
  cross: 4 * 0.33 * (2 - 0.33),
  star: 5 * 0.45 * Math.sin(Math.PI / 5),
};

describe('fill', () => {
  it.each(shapeClasses)('covers the area of a %s at any position and angle', (name) => {
    const place = fc.record({
      x: fc.double({ min: 15, max: 25, noNaN: true }),
      y: fc.double({ min: 15, max: 25, noNaN: true }),
      radius: fc.double({ min: 5, max: 10, noNaN: true }),
      angle: fc.double({ min: 0, max: 7, noNaN: true }),
    });
    fc.assert(
      fc.property(place, ({ x, y, radius, angle }) => {
        const outline = moved(turned(shapeOutlines[name], angle), radius, x, y);
        const expected = areas[name] * radius * radius;
        // A horizontal edge may be an eighth of a pixel off; a square has two of length 2 × radius.
        expect(Math.abs(area(outline) - expected)).toBeLessThan(0.5 * radius + 0.5);
      }),
    );
  });

  it('clips at the edges', () => {
    const disc = moved(shapeOutlines.disc, 10, 0, 20);
    expect(area(disc)).toBeCloseTo((Math.PI * 100) / 2, -0.5);
    expect(area(moved(shapeOutlines.disc, 10, 20, 40))).toBeCloseTo((Math.PI * 100) / 2, -0.5);
    expect(area(moved(shapeOutlines.star, 5, -20, 60))).toBe(0);
  });

  it('blends with the background at the edge', () => {
    const image = drawn(moved(shapeOutlines.square, 5, 20.25, 20.5));
    // From 15.25 to 25.25, and from 15.5 to 25.5.
    const at = (x: number, y: number) => image.data[3 * (40 * y + x)];
    expect([at(14, 20), at(15, 20), at(16, 20), at(24, 20), at(25, 20), at(26, 20)]).toEqual([0, 191, 255, 255, 64, 0]);
    expect([at(20, 14), at(20, 15), at(20, 16), at(20, 25), at(20, 26)]).toEqual([0, 128, 255, 128, 0]);
    expect(extentOf(moved(shapeOutlines.square, 5, 20.25, 20.5))).toEqual({
      left: 15.25,
      top: 15.5,
      right: 25.25,
      bottom: 25.5,
    });
  });
});

describe('standingOut', () => {
  it('keeps its distance from every mixture of the background colours', () => {
    fc.assert(
      fc.property(fc.integer(), fc.array(fc.integer(), { maxLength: 3 }), (seed, others) => {
        const random = randomStream(seed);
        const base = randomColor(random);
        const background = [base, variation(base, 55, random)] as const;
        const color = standingOut(
          background,
          others.map((other) => randomColor(randomStream(other))),
          random,
        );
        expect(distanceToMixtures(color, background)).toBeGreaterThanOrEqual(contrast);
        for (const t of [0, 0.3, 1]) {
          const mixture = background[0].map((value, c) => value + t * ((background[1][c] as number) - value));
          expect(Math.hypot(...color.map((value, c) => value - (mixture[c] as number)))).toBeGreaterThanOrEqual(
            contrast,
          );
        }
      }),
    );
  });
});
