/**
 * The data of `bench coco-eval`: a synthetic annotation file in COCO's format, and detections as a model would make
 * them.
 */
import { hashedUniform } from './reference-parameters.ts';

export interface EvaluationSizes {
  readonly images: number;
  /** Number of detections per image. */
  readonly detections: number;
  readonly numClasses: number;
}

export interface CocoDetection {
  readonly image_id: number;
  readonly category_id: number;
  readonly bbox: readonly number[];
  readonly score: number;
}

type Box = readonly [x: number, y: number, width: number, height: number];

const [imageWidth, imageHeight] = [640, 480];
/** Mean number; COCO's val2017 has 7.3 objects per image. */
const objectsPerImage = 7.4;
/** Category ids with gaps, as in COCO. */
const idOf = (label: number): number => label + 1 + Math.floor(label / 8);

/**
 * Makes the data. Every other detection lies near an object and usually has its class; the others are anywhere. Scores
 * have three decimals, so that many are equal.
 */
export function evaluationData({ images, detections, numClasses }: EvaluationSizes): {
  truth: object & { readonly annotations: readonly object[] };
  results: CocoDetection[];
} {
  const annotations: { id: number; image_id: number; category_id: number; bbox: Box; area: number; iscrowd: 0 | 1 }[] =
    [];
  const results: CocoDetection[] = [];
  for (let image_id = 1; image_id <= images; image_id++) {
    const uniform = uniformNumbers(image_id);
    const label = () => Math.floor(numClasses * uniform() ** 2);
    const anyBox = (): Box => {
      const width = imageWidth * 0.02 * 40 ** uniform();
      const height = imageHeight * 0.02 * 40 ** uniform();
      return [uniform() * (imageWidth - width), uniform() * (imageHeight - height), width, height];
    };
    const objects = Array.from({ length: Math.floor(uniform() * (2 * objectsPerImage + 1)) }, () => ({
      label: label(),
      box: anyBox(),
    }));
    for (const { label, box } of objects) {
      annotations.push({
        id: annotations.length + 1,
        image_id,
        category_id: idOf(label),
        bbox: rounded(box),
        // The area of a mask.
        area: rounded([0.6 * box[2] * box[3], 0, 0, 0])[0],
        iscrowd: uniform() < 0.02 ? 1 : 0,
      });
    }
    for (let n = 0; n < detections; n++) {
      const object = uniform() < 0.5 ? objects[Math.floor(uniform() * objects.length)] : undefined;
      const box =
        object === undefined ? anyBox() : (object.box.map((v) => v + 12 * (uniform() - 0.5)) as unknown as Box);
      results.push({
        image_id,
        category_id: idOf(object !== undefined && uniform() < 0.8 ? object.label : label()),
        bbox: rounded([box[0], box[1], Math.max(1, box[2]), Math.max(1, box[3])]),
        score: Math.round(1000 * (object === undefined ? 0.6 : 1) * uniform()) / 1000,
      });
    }
  }
  const truth = {
    images: Array.from({ length: images }, (_, i) => ({ id: i + 1, width: imageWidth, height: imageHeight })),
    categories: Array.from({ length: numClasses }, (_, k) => ({ id: idOf(k), name: `class ${k}` })),
    annotations,
  };
  return { truth, results };
}

const rounded = (box: Box): Box => box.map((value) => Math.round(100 * value) / 100) as unknown as Box;

/** Numbers in 0..1 that depend only on the seed. */
function uniformNumbers(seed: number): () => number {
  const size = 2048;
  let block: Float32Array = new Float32Array();
  let next = 0;
  return () => {
    if (next % size === 0) block = hashedUniform(size, seed + 1e6 * (next / size));
    return ((block[next++ % size] as number) + 1) / 2;
  };
}
