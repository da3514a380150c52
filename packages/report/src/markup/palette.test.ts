import { describe, expect, it } from 'vitest';
import { background, seriesStyle, seriesVariables } from './palette.ts';

/** Of WCAG 2. */
function luminance(color: string): number {
  const [red, green, blue] = [1, 3, 5]
    .map((at) => Number.parseInt(color.slice(at, at + 2), 16) / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

describe.each(['light', 'dark'] as const)('series in %s', (scheme) => {
  const variables = new Map(
    [...seriesVariables(scheme).matchAll(/(--series-\d+): (#\w+);/g)].map(([, name, color]) => [name, color]),
  );

  it('have a contrast of 3 or more with the page', () => {
    expect(variables.size).toBe(6);
    for (const color of variables.values()) {
      const [dark, bright] = [luminance(color as string), luminance(background[scheme])].sort((a, b) => a - b) as [
        number,
        number,
      ];
      expect((bright + 0.05) / (dark + 0.05)).toBeGreaterThanOrEqual(3);
    }
  });

  it('have an existing colour', () => {
    for (let i = 0; i < 20; i++) expect(variables.has(seriesStyle(i).color.slice(4, -1))).toBe(true);
  });
});

it('distinguishes up to 42 models', () => {
  const styles = Array.from({ length: 42 }, (_, i) => JSON.stringify(seriesStyle(i)));
  expect(new Set(styles).size).toBe(42);
});
