/** Images in drawings, and boxes over them. */
import { type RgbImage, thumbnail } from '@dn-detr/data';
import { type Html, html } from '../markup/html.ts';
import { px, shortened, text, textWidth } from './svg.ts';

/** Maximum number of pixels of a stored photo's longer side. */
const storedSide = 480;

/** An image to be drawn several times: stored once, in a drawing's `defs`. */
export interface Photo {
  readonly definition: Html;
  /** Draws the image so that it fills a panel of this size. */
  use(width: number, height: number): Html;
}

/**
 * Prepares an image that a drawing stores once and can use several times.
 *
 * @param id - An id that is unique on the page.
 */
export async function photo(id: string, image: RgbImage): Promise<Photo> {
  return storedPhoto(id, image, await thumbnail(image, storedSide));
}

/**
 * Like `photo`, for an image that is already stored as a JPEG.
 *
 * @param jpeg - The JPEG, which may be smaller than the image.
 */
export function storedPhoto(
  id: string,
  { width, height }: { readonly width: number; readonly height: number },
  jpeg: Uint8Array,
): Photo {
  const address = `data:image/jpeg;base64,${Buffer.from(jpeg).toString('base64')}`;
  // Small images are enlarged without smoothing, to show the pixels that the model sees.
  const rendering = Math.max(width, height) < storedSide / 2 ? 'pixelated' : 'auto';
  return {
    definition: html`<image id="${id}" width="${width}" height="${height}" preserveAspectRatio="none" href="${address}" style="image-rendering:${rendering}"/>`,
    use: (w, h) =>
      html`<use href="#${id}" transform="scale(${(w / width).toPrecision(6)} ${(h / height).toPrecision(6)})"/>`,
  };
}

/** The image in grey, as a background for coloured drawings. */
export function greyed({ data, width, height }: RgbImage): RgbImage {
  const grey = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i += 3) {
    const [r, g, b] = [data[i], data[i + 1], data[i + 2]] as [number, number, number];
    grey.fill(Math.round(0.299 * r + 0.587 * g + 0.114 * b), i, i + 3);
  }
  return { data: grey, width, height };
}

/** How a box is outlined. */
export interface BoxStyle {
  readonly color: string;
  readonly width?: number;
  readonly dashes?: string;
  readonly opacity?: number;
  /** The element's class, for programs that read the drawing. */
  readonly kind: string;
}

/**
 * Draws a box with a rim around its line, so that it is visible on any background.
 *
 * @param boxes - Boxes `[N, 4]`, cxcywh in 0..1 of the panel.
 * @param at - Index of the box to draw.
 * @param size - Size of the panel in pixels.
 */
export function boxOutline(
  boxes: ArrayLike<number>,
  at: number,
  size: { readonly width: number; readonly height: number },
  { color, width = 2, dashes, opacity = 1, kind }: BoxStyle,
): Html {
  const { x, y, width: w, height: h } = frameOf(boxes, at, size);
  const place = html`x="${px(x)}" y="${px(y)}" width="${px(w)}" height="${px(h)}"`;
  const dashed = dashes !== undefined && html` stroke-dasharray="${dashes}"`;
  return html`<g class="${kind}" fill="none" opacity="${px(opacity)}"><rect ${place} stroke="#000" stroke-opacity="0.6" stroke-width="${width + 1.6}"/><rect ${place} stroke="${color}" stroke-width="${width}"${dashed}/></g>`;
}

/** A box in pixels of the panel. */
export function frameOf(
  boxes: ArrayLike<number>,
  at: number,
  { width, height }: { readonly width: number; readonly height: number },
): { readonly x: number; readonly y: number; readonly width: number; readonly height: number } {
  const [cx, cy, w, h] = [0, 1, 2, 3].map((i) => boxes[4 * at + i] as number) as [number, number, number, number];
  // Corners of contrastive negatives may have crossed.
  return {
    x: (cx - Math.abs(w) / 2) * width,
    y: (cy - Math.abs(h) / 2) * height,
    width: Math.abs(w) * width,
    height: Math.abs(h) * height,
  };
}

export interface Tag {
  readonly words: string;
  /** The box that the tag belongs to, in pixels of the panel. */
  readonly frame: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
  readonly fill: string;
  readonly ink: string;
}

const tagSize = 10;
const tagHeight = tagSize + 3;

/** Draws short texts at their boxes, inside the panel; a text that would cover another one everywhere is left out. */
export function boxTags(tags: readonly Tag[], panel: { readonly width: number; readonly height: number }): Html {
  const taken: { x: number; y: number; width: number }[] = [];
  const drawn = tags.map(({ words, frame: { x: left, y: top, height }, fill, ink }) => {
    const shown = shortened(words, panel.width - 6, tagSize);
    const width = textWidth(shown, tagSize) + 8;
    const x = Math.max(0, Math.min(left, panel.width - width));
    const spots = [top - tagHeight, top + height, top, top + height - tagHeight];
    const y = spots
      .map((spot) => Math.max(0, Math.min(spot, panel.height - tagHeight)))
      .find((spot) =>
        taken.every(
          (other) => Math.abs(other.y - spot) >= tagHeight || other.x >= x + width || x >= other.x + other.width,
        ),
      );
    if (y === undefined) return undefined;
    taken.push({ x, y, width });
    return html`<g class="tag"><rect x="${px(x)}" y="${px(y)}" width="${px(width)}" height="${tagHeight}" rx="2" fill="${fill}"/>${text(x + width / 2, y + tagSize, shown, { anchor: 'middle', size: tagSize, bold: true, fill: ink })}</g>`;
  });
  return html`${drawn}`;
}
