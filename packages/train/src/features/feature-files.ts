/**
 * Features on disk, one file for each image and each way it is seen, shared by all runs and processes that can use
 * them.
 */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { readSafetensors, type SafeTensor, writeSafetensors } from '@dn-detr/core/weights';
import { FileImage, type ImageView } from '@dn-detr/data';
import { cacheFolder } from '@dn-detr/runtime/wheel';
import { removeLeftovers, writeAtomically } from '../atomic-file.ts';
import { makeFolder } from '../json-files.ts';
import { UserError } from '../user-error.ts';

/** The features of one image: `[h, w, C]` for each level. */
export type ImageFeatures = readonly { readonly shape: readonly number[]; readonly values: Float32Array }[];

/** A folder of feature files in the user's cache. */
export class FeatureFiles {
  readonly #folder: string;
  readonly #say: (notice: string) => void;
  #writes = true;

  /**
   * @param origin everything that features depend on, other than the image and how it is seen
   * @param say called if nothing can be written, which does not end the run
   */
  constructor(origin: unknown, say: (notice: string) => void, cache: string = cacheFolder()) {
    this.#folder = path.join(cache, 'features', hashOf(JSON.stringify(origin)));
    this.#say = say;
    this.#try(() => {
      makeFolder(this.#folder);
      removeLeftovers(this.#folder);
    });
  }

  /**
   * The file for the features of an image.
   *
   * @param seen the part of the image that is seen, and on which canvas
   */
  async fileOf({ source }: ImageView, seen: string): Promise<string> {
    // Another image may have replaced the one that a file was computed from.
    const file = source instanceof FileImage ? await stat(source.path).catch(() => undefined) : undefined;
    return path.join(this.#folder, `${hashOf(`${seen} ${file?.size} ${file?.mtimeMs}`)}.safetensors`);
  }

  /**
   * Reads features.
   *
   * @returns undefined if there is no such file, or it is damaged
   */
  async read(file: string): Promise<ImageFeatures | undefined> {
    try {
      const { tensors, metadata } = readSafetensors(await readFile(file));
      const features = [...tensors.values()].map(({ shape, data }) => ({ shape, values: data as Float32Array }));
      return metadata.hash === hashOfFeatures(features) ? features : undefined;
    } catch {
      return undefined;
    }
  }

  /** Writes features. If that fails, nothing more is written and the user is told why. */
  write(file: string, features: ImageFeatures): void {
    const tensors = features.map(({ shape, values }, level): [string, SafeTensor] => [
      `level ${level}`,
      { dtype: 'F32', shape, data: values },
    ]);
    const bytes = writeSafetensors(new Map(tensors), { hash: hashOfFeatures(features) });
    // A file that was not forced to disk and is damaged by a crash is detected by its hash.
    this.#try(() => writeAtomically(file, bytes, { forced: false }));
  }

  #try(write: () => void): void {
    if (!this.#writes) return;
    try {
      write();
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      this.#writes = false;
      this.#say(`features are no longer kept on disk; the run continues without: ${error.message}`);
    }
  }
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32);

function hashOfFeatures(features: ImageFeatures): string {
  const hash = createHash('sha256');
  for (const { shape, values } of features) {
    hash.update(`${shape} `).update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  return hash.digest('hex');
}
