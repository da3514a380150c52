/** The random part of the transforms: mirroring, crop, scale, colours. */
import { DataError } from '../error.ts';
import { requireKnown, requireNumber, shown } from '../option-checks.ts';
import type { Random } from '../random.ts';
import { type Framing, type FramingSettings, framedSize } from './framing.ts';
import type { ColorJitter } from './jitter.ts';
import { type Rectangle, type Size, type View, wholeView } from './view.ts';

/** DETR's crop: cuts a piece from the image as if its shorter side had been resized to one of `scales`. */
export interface RandomCrop {
  /** Probability that an image is cropped. @defaultValue 0.5 */
  readonly probability?: number;
  /** Shorter sides to draw from. With 1, `least` and `most` are in shorter sides of the image. @defaultValue `[1]` */
  readonly scales?: readonly number[];
  /**
   * Lower limit of the piece's width and height in pixels at that scale, each drawn independently; a piece never
   * exceeds the image.
   */
  readonly least: number;
  /** Upper limit of both, in pixels at that scale. */
  readonly most: number;
}

/** How training images are changed at random. */
export interface Augmentation {
  /** Probability that an image is mirrored. @defaultValue 0 */
  readonly flip?: number;
  /** Random crop; none without it. */
  readonly crop?: RandomCrop;
  /** Random colour changes; none without it. */
  readonly jitter?: ColorJitter;
}

/** Augmentation with all defaults filled in. */
export interface AugmentationSettings {
  readonly flip: number;
  readonly crop: Required<RandomCrop> | undefined;
  readonly jitter: ColorJitter | undefined;
}

/** @throws DataError if an option is unknown, has the wrong type or is out of range */
export function augmentationSettings(where: string, options: Augmentation = {}): AugmentationSettings {
  requireKnown(where, options, ['flip', 'crop', 'jitter']);
  const { flip = 0, crop, jitter } = options;
  requireNumber(`${where}.flip`, flip, 0, 1);
  if (jitter !== undefined) {
    requireKnown(`${where}.jitter`, jitter, ['brightness', 'contrast', 'saturation', 'hue']);
    for (const [name, value] of Object.entries(jitter)) {
      requireNumber(`${where}.jitter.${name}`, value, 0, name === 'hue' ? 0.5 : Number.MAX_VALUE);
    }
  }
  const changesColors = Object.values(jitter ?? {}).some((most) => most > 0);
  return { flip, jitter: changesColors ? jitter : undefined, crop: crop && cropSettings(`${where}.crop`, crop) };
}

function cropSettings(where: string, crop: RandomCrop): Required<RandomCrop> {
  requireKnown(where, crop, ['probability', 'scales', 'least', 'most']);
  const { probability = 0.5, scales = [1], least, most } = crop;
  requireNumber(`${where}.probability`, probability, 0, 1);
  if (!Array.isArray(scales) || scales.length === 0) {
    throw new DataError(`${where}.scales is ${shown(scales)}: expected a list of numbers`);
  }
  for (const scale of scales) requireNumber(`${where}.scales`, scale, 1, Number.MAX_VALUE);
  requireNumber(`${where}.most`, most, Number.MIN_VALUE, Number.MAX_VALUE);
  requireNumber(`${where}.least`, least, Number.MIN_VALUE, most);
  return { probability, scales, least, most };
}

/**
 * Draws the view of an image for a training step.
 *
 * @param working size to which the image is reduced first: pieces are cut at its integer pixels
 */
export function drawView(
  image: Size,
  working: Size,
  framing: FramingSettings,
  augmentation: AugmentationSettings,
  random: Random,
): View {
  const { flip, crop } = augmentation;
  const mirror = random() < flip;
  const piece = crop !== undefined && random() < crop.probability ? drawPiece(working, crop, random) : undefined;
  const scale = framing.scales.length === 0 ? undefined : oneOf(framing.scales, random);
  const size = framedSize(piece ?? image, framing, scale, Math.min(image.width, image.height));
  if (piece === undefined) return { ...wholeView(image, size), flip: mirror };
  const [across, down] = [image.width / working.width, image.height / working.height];
  const source = {
    x: across * piece.x,
    y: down * piece.y,
    width: across * piece.width,
    height: down * piece.height,
  };
  return { source, ...size, flip: mirror };
}

function drawPiece(image: Size, { scales, least, most }: Required<RandomCrop>, random: Random): Rectangle {
  const unit = Math.min(image.width, image.height) / oneOf(scales, random);
  const side = (whole: number): number => {
    const limit = Math.min(most, whole / unit);
    const drawn = least + random() * (limit - least);
    return least >= limit ? Math.min(Math.round(unit * least), whole) : Math.max(Math.round(unit * drawn), 1);
  };
  const width = side(image.width);
  const height = side(image.height);
  const x = Math.floor(random() * (image.width - width + 1));
  const y = Math.floor(random() * (image.height - height + 1));
  return { x, y, width, height };
}

const oneOf = (values: readonly number[], random: Random): number =>
  values[Math.floor(random() * values.length)] as number;

/**
 * DETR's transforms (`make_coco_transforms` in datasets/coco.py) for training and for evaluation, as options of
 * `trainingBatches` and `evaluationBatches`.
 */
export const detrTransforms = {
  training: {
    scale: [480, 512, 544, 576, 608, 640, 672, 704, 736, 768, 800],
    maxSize: 1333,
    augmentation: { flip: 0.5, crop: { probability: 0.5, scales: [400, 500, 600], least: 384, most: 600 } },
  },
  evaluation: { scale: 800, maxSize: 1333 },
} as const satisfies Record<string, Framing & { augmentation?: Augmentation }>;
