import { describe, expect, it } from 'vitest';
import { type CocoFigures, figureNames } from './figures.ts';
import { formatFigures } from './table.ts';

/** The output of pycocotools 2.0.11's `COCOeval.summarize` for these figures. */
const stats = [0.3115640975862292, 0.0625, 0.1875, 0.3125, 0, -1, 1, 0.9995, 0.0005, 0.9375, 0.45, 0.1];
const printed = `\
 Average Precision  (AP) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = 0.312
 Average Precision  (AP) @[ IoU=0.50      | area=   all | maxDets=100 ] = 0.062
 Average Precision  (AP) @[ IoU=0.75      | area=   all | maxDets=100 ] = 0.188
 Average Precision  (AP) @[ IoU=0.50:0.95 | area= small | maxDets=100 ] = 0.312
 Average Precision  (AP) @[ IoU=0.50:0.95 | area=medium | maxDets=100 ] = 0.000
 Average Precision  (AP) @[ IoU=0.50:0.95 | area= large | maxDets=100 ] = -1.000
 Average Recall     (AR) @[ IoU=0.50:0.95 | area=   all | maxDets=  1 ] = 1.000
 Average Recall     (AR) @[ IoU=0.50:0.95 | area=   all | maxDets= 10 ] = 1.000
 Average Recall     (AR) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = 0.001
 Average Recall     (AR) @[ IoU=0.50:0.95 | area= small | maxDets=100 ] = 0.938
 Average Recall     (AR) @[ IoU=0.50:0.95 | area=medium | maxDets=100 ] = 0.450
 Average Recall     (AR) @[ IoU=0.50:0.95 | area= large | maxDets=100 ] = 0.100`;

describe('formatFigures', () => {
  it('prints the output of pycocotools, with numbers rounded as in Python', () => {
    const figures = Object.fromEntries(figureNames.map((name, i) => [name, stats[i]])) as CocoFigures;
    expect(formatFigures(figures)).toBe(printed);
  });
});
