/** Runs a model over images as at inference: detections, and the query matched to each object. */
import type { Objects } from '@dn-detr/boxes';
import type { NamedTensors } from '@dn-detr/core';
import type { Detections } from '@dn-detr/core/models';
import {
  type DatasetImage,
  type EvaluationBatch,
  type EvaluationBatchesOptions,
  evaluationBatches,
  type Images,
} from '@dn-detr/data';
import { matchLayers } from '@dn-detr/matcher';
import type { ImageDetections, QueryMatches } from '@dn-detr/metrics';
import { type Captured, capture } from '@dn-detr/runtime';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import { free } from './free.ts';
import { batchTensors, type Features, forward } from './model-batch.ts';
import type { Model } from './models/model.ts';
import { replayed } from './replayed.ts';
import type { BatchInput } from './step.ts';

/** A model's output for N images, in the order in which they were loaded, which is always the same. */
export interface Inferred {
  readonly images: readonly DatasetImage[];
  /** The objects that predictions are matched with; boxes cxcywh in 0..1. */
  readonly targets: readonly Objects[];
  /** Detections with boxes as x, y, width, height in pixels of the upright image. */
  readonly detections: readonly ImageDetections[];
  /** The matched object of each query, `[L, N, Q]`. */
  readonly matches: QueryMatches;
  /** Initial anchors of the queries, `[N, Q, 4]`, cxcywh in 0..1; undefined for models without anchors. */
  readonly anchors: Float32Array | undefined;
}

type Input = { parameters: NamedTensors; batch: BatchInput['batch'] };
type Output = { logits: Tensor4D; boxes: Tensor4D; anchors?: Tensor4D };

/** Runs a model over fixed images, as at inference. */
export class Evaluator {
  readonly #model: Model;
  readonly #images: readonly DatasetImage[];
  readonly #loading: EvaluationBatchesOptions<Images | Features>;
  readonly #forward: Captured<Input, Output>;

  constructor(model: Model, images: readonly DatasetImage[], loading: EvaluationBatchesOptions<Images | Features>) {
    this.#model = model;
    this.#images = images;
    this.#loading = loading;
    const inference = ({ parameters, batch }: Input): Output => {
      const { sets, anchors } = forward(model.detector, parameters, batch);
      const [{ logits, boxes }] = sets;
      return { logits, boxes, ...(anchors && { anchors }) };
    };
    this.#forward = capture(inference, { name: 'inference' });
  }

  /**
   * Runs the model over all images.
   *
   * @param parameters every parameter of the model by its name
   * @throws DataError if an image cannot be read
   */
  async run(parameters: NamedTensors): Promise<Inferred> {
    const { layers, queries } = this.#model.detector;
    const total = this.#images.length;
    const images: DatasetImage[] = [];
    const targets: Objects[] = [];
    const detections: ImageDetections[] = [];
    const objects = new Int32Array(layers * total * queries);
    let anchors: Float32Array | undefined;
    for await (const batch of evaluationBatches(this.#images, this.#loading)) {
      const inferred = this.#infer(parameters, batch);
      const rows = queries * batch.count;
      for (let layer = 0; layer < layers; layer++) {
        const from = layer * batch.targets.length * queries;
        objects.set(inferred.objects.subarray(from, from + rows), (layer * total + images.length) * queries);
      }
      if (inferred.anchors) {
        anchors ??= new Float32Array(total * queries * 4);
        anchors.set(inferred.anchors.subarray(0, 4 * rows), 4 * images.length * queries);
      }
      images.push(...batch.sources.slice(0, batch.count));
      targets.push(...batch.targets.slice(0, batch.count));
      detections.push(...inferred.detections);
    }
    const counts = targets.map(({ labels }) => labels.length);
    const matches = { layers, queries, objects, counts, images: images.map(({ id }) => id) };
    return { images, targets, detections, matches, anchors };
  }

  /** Frees the captured forward pass. */
  dispose(): void {
    this.#forward.dispose();
  }

  #infer(parameters: NamedTensors, batch: EvaluationBatch<Images | Features>) {
    const tensors = batchTensors(batch);
    const output = replayed(this.#forward, { parameters, batch: tensors });
    const logits = output.logits.dataSync<'float32'>();
    const boxes = output.boxes.dataSync<'float32'>();
    const anchors = output.anchors?.dataSync<'float32'>();
    const [layers, size, queries, numLogits] = output.logits.shape;
    const { numClasses } = this.#model.detector;
    free(tensors, output);

    const { objects } = matchLayers(
      { logits, boxes, layers, batch: size, queries, numLogits, numClasses },
      batch.targets,
      this.#model.objective.matching,
    );
    const lastLayer = {
      logits: logits.subarray((layers - 1) * size * queries * numLogits),
      boxes: boxes.subarray((layers - 1) * size * queries * 4),
    };
    const detections = this.#model.objective.detections(lastLayer, batch.sources).slice(0, batch.count).map(inCocoForm);
    return { detections, objects, anchors };
  }
}

/** Converts boxes from corners to x, y, width, height. */
function inCocoForm({ labels, scores, boxes }: Detections): ImageDetections {
  const own = Float64Array.from(boxes);
  for (let i = 0; i < own.length; i += 4) {
    own[i + 2] = (own[i + 2] as number) - (own[i] as number);
    own[i + 3] = (own[i + 3] as number) - (own[i + 1] as number);
  }
  return { labels, scores, boxes: own };
}
