import { describe, expect, it } from 'vitest';
import { canvasFor } from './fitted-canvas.ts';

const fitted = (...sizes: readonly (readonly [number, number])[]) =>
  canvasFor(
    sizes.map(([width, height]) => ({ width, height })),
    { width: 320, height: 320 },
  );

describe('the canvas of a chosen recipe', () => {
  it.each([
    ['wide images', [[640, 480]], { width: 320, height: 256 }],
    ['high images', [[480, 640]], { width: 256, height: 320 }],
    [
      'both',
      [
        [640, 480],
        [480, 640],
        [640, 480],
      ],
      { width: 320, height: 320 },
    ],
    ['small images, which are not enlarged', [[96, 64]], { width: 96, height: 64 }],
    ['an odd size', [[100, 50]], { width: 128, height: 64 }],
  ] as const)('fits %s', (_, sizes, canvas) => {
    expect(fitted(...sizes, ...sizes, ...sizes)).toEqual(canvas);
  });

  it('does not follow a single outlier among many', () => {
    const wide = Array.from({ length: 60 }, () => [640, 320] as const);
    expect(fitted(...wide, [320, 640])).toEqual({ width: 320, height: 160 });
  });

  it('is unchanged if the recipe has no fixed one', () => {
    expect(canvasFor([{ width: 64, height: 64 }], { multipleOf: 128 })).toEqual({ multipleOf: 128 });
    expect(canvasFor([{ width: 64, height: 64 }], undefined)).toBeUndefined();
  });
});
