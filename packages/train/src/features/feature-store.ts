/** Features of images from a frozen backbone: computed once for each way an image is seen, and kept. */
import type { Backbone, NamedTensors } from '@dn-detr/core';
import type { ImageView, LoadContent, Size } from '@dn-detr/data';
import { type Captured, capture } from '@dn-detr/runtime';
import { type Tensor4D, tensor4d } from '@tensorflow/tfjs-core';
import { free } from '../free.ts';
import type { Features } from '../model-batch.ts';
import { replayed } from '../replayed.ts';
import type { FeatureFiles, ImageFeatures } from './feature-files.ts';

export interface FeatureStoreOptions {
  readonly backbone: Backbone;
  /** The backbone's weights by name; the store disposes them. */
  readonly weights: NamedTensors;
  /** Largest size of the features in memory, in bytes; the first ones that are computed stay. */
  readonly memoryBytes: number;
  readonly files?: FeatureFiles | undefined;
}

type Input = { weights: NamedTensors; images: Tensor4D };

/** Computes features, or finds those that were computed before, in memory or on disk. */
export class FeatureStore {
  readonly #options: FeatureStoreOptions;
  readonly #backbone: Captured<Input, Tensor4D[]>;
  readonly #kept = new Map<string, ImageFeatures>();
  readonly #seconds: number[] = [];
  #bytes = 0;

  constructor(options: FeatureStoreOptions) {
    this.#options = options;
    const { backbone } = options;
    this.#backbone = capture(({ weights, images }: Input) => backbone.forward(weights, images), { name: 'backbone' });
  }

  /**
   * Loads the features of a batch. Images are computed one by one, so that the result depends on neither the batch nor
   * the order; images whose features are available are not read.
   */
  readonly load: LoadContent<Features> = async (items, canvas, pixels) => {
    const found = await Promise.all(items.map((item, n) => this.#prepare(item, canvas, () => pixels(n))));
    return () => joined(found.map((get) => get()));
  };

  /** Seconds to compute each image's features, without reading the image; the first also includes tracing. */
  get seconds(): readonly number[] {
    return this.#seconds;
  }

  dispose(): void {
    this.#backbone.dispose();
    this.#kept.clear();
    free(this.#options.weights);
  }

  async #prepare(
    item: ImageView,
    canvas: Size,
    pixels: () => Promise<(out: Float32Array) => void>,
  ): Promise<() => ImageFeatures> {
    const { files } = this.#options;
    const { source, view } = item;
    const seen = JSON.stringify([source.id, source.name, canvas.width, canvas.height, view]);
    const kept = this.#kept.get(seen);
    if (kept !== undefined) return () => kept;
    const file = await files?.fileOf(item, seen);
    const stored = file === undefined ? undefined : await files?.read(file);
    if (stored !== undefined) {
      this.#keep(seen, stored);
      return () => stored;
    }
    const write = await pixels();
    return () => {
      // The image may be in an earlier batch that was loaded at the same time as this one.
      const known = this.#kept.get(seen);
      if (known !== undefined) return known;
      const features = this.#compute(canvas, write);
      this.#keep(seen, features);
      if (file !== undefined) files?.write(file, features);
      return features;
    };
  }

  #compute({ width, height }: Size, write: (out: Float32Array) => void): ImageFeatures {
    const began = performance.now();
    const pixels = new Float32Array(height * width * 3);
    write(pixels);
    const images = tensor4d(pixels, [1, height, width, 3]);
    const levels = replayed(this.#backbone, { weights: this.#options.weights, images });
    const features = levels.map((level) => ({ shape: level.shape.slice(1), values: level.dataSync<'float32'>() }));
    free(images, levels);
    this.#seconds.push((performance.now() - began) / 1000);
    return features;
  }

  #keep(seen: string, features: ImageFeatures): void {
    const bytes = features.reduce((sum, { values }) => sum + values.byteLength, 0);
    if (this.#kept.has(seen) || this.#bytes + bytes > this.#options.memoryBytes) return;
    this.#bytes += bytes;
    this.#kept.set(seen, features);
  }
}

/** Joins the features of B images, level by level, to `[B, h, w, C]`. */
function joined(images: readonly ImageFeatures[]): Features {
  const [first = []] = images;
  return {
    levels: first.map(({ shape, values: { length } }, level) => {
      const values = new Float32Array(images.length * length);
      for (const [b, features] of images.entries()) {
        values.set((features[level] as ImageFeatures[number]).values, b * length);
      }
      const [height, width, channels] = shape as [number, number, number];
      return { shape: [images.length, height, width, channels] as const, values };
    }),
  };
}
