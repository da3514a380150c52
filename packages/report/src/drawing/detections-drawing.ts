/** Draws detections as an overlay for their image: boxes, and labels with class and score. */

/** A detection with the name of its class. */
export interface NamedDetection {
  readonly category: string;
  /** Score in 0..1. */
  readonly score: number;
  /** x, y, width, height in pixels of the upright image. */
  readonly bbox: readonly [number, number, number, number];
}

/** A detection with its label, which determines its colour; there are fewer colours than classes may need. */
export interface Labelled extends NamedDetection {
  /** Label in 0..K−1. */
  readonly label: number;
}

/** Colours of Okabe and Ito, "Color universal design" (2008), without black, and grey. */
export const colors = ['#56b4e9', '#e69f00', '#009e73', '#f0e442', '#cc79a7', '#d55e00', '#0072b2', '#bbbbbb'] as const;

/** Pixels of the longer side to which small images are enlarged, by whole factors, so that labels have room. */
const comfortable = 640;

/** Maximum number of columns of a class's name; a longer one would hide too much. */
const longestName = 32;

/** The whole factor by which an image is enlarged; 1 unless it is small. */
export const enlargement = ({ width, height }: { width: number; height: number }): number =>
  Math.max(1, Math.floor(comfortable / Math.max(width, height)));

/**
 * Draws detections as an SVG, as large as the image times `enlargement(image)`. Detections with higher scores lie over others,
 * labels over boxes. Lines have a dark rim, so that they are visible on any background.
 *
 * @param image - Size of the image in pixels.
 */
export function detectionsDrawing(
  image: { readonly width: number; readonly height: number },
  detections: readonly Labelled[],
): string {
  const enlarged = enlargement(image);
  const [width, height] = [image.width * enlarged, image.height * enlarged];
  const side = Math.max(width, height);
  const line = Math.max(2, Math.round(side / 220));
  // A score must fit even in a narrow picture.
  const font = Math.min(Math.max(14, Math.round(side / 40)), Math.max(6, Math.floor(width / 5)));
  const frame: Frame = { width, height, enlarged, line, font };
  const surestLast = [...detections].sort((a, b) => a.score - b.score);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">`,
    `<g fill="none" stroke-linejoin="round">`,
    ...surestLast.map((detection) => boxElements(detection, frame)),
    '</g>',
    `<g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="${frame.font}">`,
    ...surestLast.map((detection) => labelElements(detection, frame)),
    '</g>',
    '</svg>',
  ].join('\n');
}

/** The picture, in pixels after enlargement. */
interface Frame {
  readonly width: number;
  readonly height: number;
  readonly enlarged: number;
  /** Width of a box's line. */
  readonly line: number;
  readonly font: number;
}

const colorOf = ({ label }: Labelled): string => colors[label % colors.length] as string;

/** Corners in the picture, moved inwards so that the full line is visible and its edges lie between pixels. */
function corners({ bbox: [x, y, w, h] }: Labelled, { width, height, enlarged, line }: Frame) {
  const inside = (value: number, size: number) =>
    Math.floor(Math.min(Math.max(value * enlarged, line), size - line)) + (line % 2) / 2;
  const [left, top] = [inside(x, width), inside(y, height)];
  return { left, top, right: Math.max(left, inside(x + w, width)), bottom: Math.max(top, inside(y + h, height)) };
}

function boxElements(detection: Labelled, frame: Frame): string {
  const { left, top, right, bottom } = corners(detection, frame);
  const place = `x="${px(left)}" y="${px(top)}" width="${px(right - left)}" height="${px(bottom - top)}"`;
  const rimmed = frame.line + 2 * Math.max(1, Math.round(frame.line / 3));
  return (
    `<rect ${place} stroke="#000" stroke-opacity="0.75" stroke-width="${rimmed}"/>` +
    `<rect ${place} stroke="${colorOf(detection)}" stroke-width="${frame.line}"/>`
  );
}

/** Draws the label above the box if there is room, otherwise inside it. */
function labelElements(detection: Labelled, frame: Frame): string {
  const { left, top } = corners(detection, frame);
  const { font, line, width, height } = frame;
  const padding = Math.round(font / 4);
  const advance = 0.602 * font;
  const score = detection.score.toFixed(2);
  const room = (width - 2 * padding) / advance - score.length - 1;
  const name = shortened(detection.category, Math.min(room, longestName));
  const text = `${name} ${score}`;
  const labelWidth = Math.ceil(cells(text) * advance) + 2 * padding;
  const labelHeight = font + padding;
  const x = Math.max(0, Math.min(left - line, width - labelWidth));
  const above = top - line - labelHeight;
  const y = above >= 0 ? above : Math.min(Math.max(0, top - line), Math.max(0, height - labelHeight));
  const color = colorOf(detection);
  return (
    `<rect x="${px(x)}" y="${px(y)}" width="${labelWidth}" height="${labelHeight}" fill="${color}"/>` +
    `<text x="${px(x + padding)}" y="${px(y + 0.86 * font + padding / 2)}" fill="${inkOn(color)}">${escaped(text)}</text>`
  );
}

const px = (value: number): string => String(Math.round(value * 100) / 100);

/** Black or white, whichever has more contrast to the colour (as defined in WCAG 2). */
export function inkOn(color: string): '#000' | '#fff' {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  const luminance = 0.2126 * r + 0.7152 * g + 0.0722 * b;
  return (luminance + 0.05) / 0.05 >= 1.05 / (luminance + 0.05) ? '#000' : '#fff';
}

const segmenter = new Intl.Segmenter();
const characters = (text: string): string[] => Array.from(segmenter.segment(text), ({ segment }) => segment);

/** Columns of a character in a monospaced font: East Asian characters and emoji take two. */
const cellsOf = (character: string): number =>
  /\p{Emoji_Presentation}|[ᄀ-ᅟ⺀-꓏가-힣豈-﫿︰-﹏＀-｠]/u.test(character) ? 2 : 1;
const cells = (text: string): number => characters(text).reduce((sum, character) => sum + cellsOf(character), 0);

/** Shortens a text to a number of columns, with an ellipsis if something is left out. */
function shortened(text: string, columns: number): string {
  if (cells(text) <= columns) return text;
  let kept = '';
  for (const character of characters(text)) {
    if (cells(kept + character) + 1 > columns) break;
    kept += character;
  }
  return `${kept}…`;
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Escapes a text for XML; characters that XML does not allow become the replacement character. */
const escaped = (text: string): string =>
  text
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML does not allow
    .replace(/[\u0000-\u001f\u007f\ufffe\uffff]|\p{Surrogate}/gu, '\ufffd')
    .replace(/[&<>"]/g, (character) => entities[character] as string);
