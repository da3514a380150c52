/** Colour jitter: brightness, contrast, saturation and hue, as one linear change of colours. */
import type { Random } from '../random.ts';

/** Maximum changes, as in torchvision's `ColorJitter`. */
export interface ColorJitter {
  /** Brightness factors are drawn from 1 − x to 1 + x, but not below 0. @defaultValue 0 */
  readonly brightness?: number;
  /** Contrast factors are drawn in the same way. @defaultValue 0 */
  readonly contrast?: number;
  /** Saturation factors are drawn in the same way. @defaultValue 0 */
  readonly saturation?: number;
  /** Hues are turned by −x to x of the colour circle, with x at most 0.5. @defaultValue 0 */
  readonly hue?: number;
}

/** New = matrix × old + pivot × (mean grey of the image), for each pixel. */
export interface ColorChange {
  /** Matrix `[3, 3]`, whose rows give the new red, green and blue. */
  readonly matrix: readonly number[];
  readonly pivot: number;
}

/** Rec. 601 weights, as in torchvision's grey. */
const luma = [0.299, 0.587, 0.114] as const;

/**
 * Draws changes of brightness, contrast, saturation and hue, applied in this order. Where torchvision turns the hue in
 * HSV and rounds after every step, this turns it about the grey axis and keeps the luma, so that all four are one
 * matrix.
 */
export function drawColorChange(jitter: ColorJitter, random: Random): ColorChange {
  const factor = (most = 0): number => Math.max(1 - most, 0) + random() * (1 + most - Math.max(1 - most, 0));
  const brightness = factor(jitter.brightness);
  const contrast = factor(jitter.contrast);
  const saturation = factor(jitter.saturation);
  const angle = 2 * Math.PI * (jitter.hue ?? 0) * (2 * random() - 1);
  const colors = product(hueMatrix(angle), saturationMatrix(saturation));
  return {
    matrix: colors.map((value) => value * brightness * contrast),
    // Both matrices leave greys unchanged.
    pivot: brightness * (1 - contrast),
  };
}

/** The matrix of x·s + (1 − s)·grey. */
const saturationMatrix = (s: number): number[] =>
  [0, 1, 2].flatMap((row) => luma.map((weight, column) => (row === column ? s : 0) + (1 - s) * weight));

/** Converts red, green and blue to luma and two chroma axes (YIQ). */
const toYiq = [...luma, 0.595716, -0.274453, -0.321263, 0.211456, -0.522591, 0.311135];
const fromYiq = [1, 0.9563, 0.621, 1, -0.2721, -0.6474, 1, -1.107, 1.7046];

function hueMatrix(angle: number): number[] {
  if (angle === 0) return [1, 0, 0, 0, 1, 0, 0, 0, 1];
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return product(fromYiq, product([1, 0, 0, 0, cos, -sin, 0, sin, cos], toYiq));
}

function product(a: readonly number[], b: readonly number[]): number[] {
  return Array.from({ length: 9 }, (_, i) => {
    const [row, column] = [3 * Math.floor(i / 3), i % 3];
    return [0, 1, 2].reduce((sum, k) => sum + (a[row + k] as number) * (b[3 * k + column] as number), 0);
  });
}

/**
 * The mean grey of an image.
 *
 * @param pixels `[height, width, 3]`
 */
export function meanGrey(pixels: Uint8Array): number {
  let [red, green, blue] = [0, 0, 0];
  for (let i = 0; i < pixels.length; i += 3) {
    red += pixels[i] as number;
    green += pixels[i + 1] as number;
    blue += pixels[i + 2] as number;
  }
  return (luma[0] * red + luma[1] * green + luma[2] * blue) / (pixels.length / 3);
}
