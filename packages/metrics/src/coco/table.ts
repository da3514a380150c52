/** Formats the figures like pycocotools. */
import { type CocoFigures, figureNames, selections } from './figures.ts';
import { iouThresholds } from './protocol.ts';

/** The twelve lines that `COCOeval.summarize` prints, character for character. */
export function formatFigures(figures: CocoFigures): string {
  const lines = figureNames.map((name) => {
    const { kind, iou, area, maxDetections } = selections[name];
    const title = kind === 'precision' ? 'Average Precision  (AP)' : 'Average Recall     (AR)';
    const [first, last] = iou === undefined ? [0, iouThresholds.length - 1] : [iou, iou];
    const range = [...new Set([first, last])].map((t) => (iouThresholds[t] as number).toFixed(2)).join(':');
    const limits = `area=${area.padStart(6)} | maxDets=${String(maxDetections).padStart(3)}`;
    return ` ${title} @[ IoU=${range.padEnd(9)} | ${limits} ] = ${threeDigits(figures[name])}`;
  });
  return lines.join('\n');
}

/** Rounds like Python: a number half-way between two rounds to the even one, where `toFixed` rounds up. */
function threeDigits(value: number): string {
  // Only odd sixteenths lie half-way, and they and their multiples by 1000 are exact in float64.
  if (!Number.isInteger(16 * value) || Number.isInteger(8 * value)) return value.toFixed(3);
  const below = Math.floor(1000 * value);
  return ((below % 2 === 0 ? below : below + 1) / 1000).toFixed(3);
}
