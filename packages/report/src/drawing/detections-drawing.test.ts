import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type FileImage, looseImages, picture } from '@dn-detr/data';
import fc from 'fast-check';
import { JSDOM } from 'jsdom';
import { describe, expect, it } from 'vitest';
import { colors, detectionsDrawing, enlargement, inkOn, type Labelled } from './detections-drawing.ts';

const detection = (values: Partial<Labelled> = {}): Labelled => ({
  label: 0,
  category: 'disc',
  score: 0.873,
  bbox: [20, 30, 40, 20],
  ...values,
});

/** @throws if it is not well-formed */
function elementsOf(drawing: string) {
  const { document } = new JSDOM(drawing, { contentType: 'image/svg+xml' }).window;
  const number = (element: Element, name: string) => Number(element.getAttribute(name));
  const rects = [...document.querySelectorAll('rect')].map((rect) => ({
    x: number(rect, 'x'),
    y: number(rect, 'y'),
    width: number(rect, 'width'),
    height: number(rect, 'height'),
    stroke: rect.getAttribute('stroke'),
    fill: rect.getAttribute('fill'),
  }));
  return {
    size: { width: number(document.documentElement, 'width'), height: number(document.documentElement, 'height') },
    boxes: rects.filter(({ stroke }) => stroke !== null && stroke !== '#000'),
    labels: rects.filter(({ fill }) => fill !== null),
    texts: [...document.querySelectorAll('text')].map(({ textContent }) => textContent),
  };
}

describe('detectionsDrawing', () => {
  it('draws the box at its place in the enlarged image, with class and score above it', () => {
    const { size, boxes, labels, texts } = elementsOf(detectionsDrawing({ width: 100, height: 80 }, [detection()]));
    expect(size).toEqual({ width: 600, height: 480 });
    // Moved by half a pixel, so that a line of width three fills complete pixels.
    expect(boxes).toEqual([{ x: 120.5, y: 180.5, width: 240, height: 120, stroke: colors[0], fill: null }]);
    expect(texts).toEqual(['disc 0.87']);
    const [label] = labels;
    expect(label?.fill).toBe(colors[0]);
    expect((label?.y ?? 0) + (label?.height ?? 0)).toBeLessThanOrEqual(180);
    expect((label?.y ?? 0) + (label?.height ?? 0)).toBeGreaterThan(170);
  });

  it('draws higher scores later, and all labels over all boxes', () => {
    const drawing = detectionsDrawing({ width: 640, height: 480 }, [
      detection({ category: 'sure', score: 0.9 }),
      detection({ category: 'unsure', score: 0.2, label: 1 }),
    ]);
    const { texts, boxes } = elementsOf(drawing);
    expect(texts).toEqual(['unsure 0.20', 'sure 0.90']);
    expect(boxes.map(({ stroke }) => stroke)).toEqual([colors[1], colors[0]]);
    expect(drawing.lastIndexOf('stroke=')).toBeLessThan(drawing.indexOf('<text'));
  });

  it.each([
    ['a <b> & "c"', 'a <b> & "c" 0.87'],
    ['</text><script>x()</script>', '</text><script>x()</script> 0.87'],
    ['zero\u0000, bell\u0007, \ud800', 'zero\ufffd, bell\ufffd, \ufffd 0.87'],
    ['赤血球', '赤血球 0.87'],
  ])('writes %j as text', (category, text) => {
    const drawing = detectionsDrawing({ width: 640, height: 480 }, [detection({ category })]);
    const { texts, boxes, labels } = elementsOf(drawing);
    expect(texts).toEqual([text]);
    expect([boxes.length, labels.length]).toEqual([1, 1]);
    expect(drawing).not.toContain('<script');
  });

  it('leaves room for wide characters, and shortens long names but not scores', () => {
    const widthOf = (category: string) => {
      const found = elementsOf(detectionsDrawing({ width: 640, height: 480 }, [detection({ category })]));
      return { width: found.labels[0]?.width, text: found.texts[0] };
    };
    expect(widthOf('血球').width).toBe(widthOf('abcd').width);
    expect(widthOf('e\u0301tat').width).toBe(widthOf('etat').width);
    expect(widthOf('x'.repeat(500)).text).toBe(`${'x'.repeat(31)}… 0.87`);
  });

  it('stays inside the picture, wherever a box is', () => {
    const bbox = fc.tuple(
      fc.double({ min: -500, max: 2500, noNaN: true }),
      fc.double({ min: -500, max: 2500, noNaN: true }),
      fc.double({ min: 0, max: 3000, noNaN: true }),
      fc.double({ min: 0, max: 3000, noNaN: true }),
    );
    const size = fc.record({ width: fc.integer({ min: 100, max: 2000 }), height: fc.integer({ min: 100, max: 2000 }) });
    fc.assert(
      fc.property(size, bbox, fc.string({ unit: 'grapheme' }), (image, bbox, category) => {
        const found = elementsOf(detectionsDrawing(image, [detection({ bbox, category })]));
        expect(found.boxes).toHaveLength(1);
        const n = enlargement(image);
        for (const { x, y, width, height } of [...found.boxes, ...found.labels]) {
          for (const value of [x, y, width, height]) expect(value).toBeGreaterThanOrEqual(0);
          expect(x + width).toBeLessThanOrEqual(image.width * n + 0.02);
          expect(y + height).toBeLessThanOrEqual(image.height * n + 0.02);
        }
      }),
      { numRuns: 60 },
    );
  });

  it.each([255, 0])('is visible on an image of grey %d', async (background) => {
    const image = { width: 640, height: 480, data: new Uint8Array(3 * 640 * 480).fill(background) };
    const drawing = detectionsDrawing(image, [detection({ bbox: [100, 100, 200, 200], label: 3 })]);
    const pixelAt = await pixels(await picture(image, { drawing, enlarged: 1, format: 'png' }));
    const yellow = [0xf0, 0xe4, 0x42];
    expect(pixelAt(100, 200)).toEqual(yellow);
    expect(pixelAt(200, 300)).toEqual(yellow);
    expect(pixelAt(200, 200)).toEqual([background, background, background]);
    // The rim makes a light line visible on a light image.
    expect(Math.max(...pixelAt(102, 200))).toBeLessThan(128);
    expect(pixelAt(100, 93)).toEqual(yellow);
  });
});

/** Red, green and blue of a pixel in a picture's bytes. */
async function pixels(bytes: Uint8Array): Promise<(x: number, y: number) => number[]> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'dn-detr-drawing-'));
  try {
    writeFileSync(path.join(folder, 'picture.png'), bytes);
    const [image] = (await looseImages([folder])).images as [FileImage];
    const { data, width } = await image.read();
    return (x, y) => [...data.subarray(3 * (width * y + x), 3 * (width * y + x) + 3)];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('colours', () => {
  it('have a contrast of 4.5 or more with black or white text', () => {
    expect([inkOn('#ffffff'), inkOn('#000000'), inkOn('#0072b2')]).toEqual(['#000', '#fff', '#fff']);
    const luminance = (color: string) => {
      const [r, g, b] = [1, 3, 5]
        .map((at) => Number.parseInt(color.slice(at, at + 2), 16) / 255)
        .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)) as [
        number,
        number,
        number,
      ];
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    for (const color of colors) {
      const [light, dark] = [luminance(color), inkOn(color) === '#fff' ? 1 : 0].sort((a, b) => b - a) as [
        number,
        number,
      ];
      expect((light + 0.05) / (dark + 0.05), color).toBeGreaterThanOrEqual(4.5);
    }
  });
});

describe('enlargement', () => {
  it.each([
    [64, 64, 10],
    [320, 240, 2],
    [400, 300, 1],
    [4000, 3000, 1],
    [1, 1, 640],
  ])('of an image of %d × %d is %d', (width, height, times) => {
    expect(enlargement({ width, height })).toBe(times);
  });
});
