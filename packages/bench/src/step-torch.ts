/** Training steps of original repositories in PyTorch, for `bench step`. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Objects } from '@dn-detr/boxes';
import { seededNoise } from '@dn-detr/dn';
import { UserError } from '@dn-detr/train';
import { type PythonProcess, startPython } from './python-process.ts';
import type { Original, StepConfig } from './step-configs.ts';
import { detectorOf, drawTargets, knownQueriesOf, type StepArray, type StepInputs } from './step-runner.ts';

/** Where the originals are, and what runs them. */
export interface OriginalsOptions {
  /** command of an interpreter with PyTorch, torchvision and scipy */
  readonly python: string;
  /** folder with a checkout of each, by its name */
  readonly originals: string;
  /** that PyTorch takes, which should be those that the backend has */
  readonly threads: number;
}

const modelFiles: Readonly<Record<Original, string>> = {
  DINO: 'models/dino/dino.py',
  'DN-DETR': 'models/dn_dab_deformable_detr/dab_deformable_detr.py',
};

export const repositoryOf = (original: Original): string => `https://github.com/IDEA-Research/${original}`;

/**
 * @returns the folder of the checkout
 * @throws UserError if there is none
 */
export function checkoutOf(original: Original, originals: string): string {
  const folder = path.resolve(originals, original);
  if (existsSync(path.join(folder, modelFiles[original]))) return folder;
  throw new UserError(
    `${folder} is no checkout of ${repositoryOf(original)}: git clone ${repositoryOf(original)} ${folder}`,
  );
}

/** The original's model in training, in a Python of its own. */
export class TorchStep {
  readonly version: string;
  readonly #python: PythonProcess;

  private constructor(python: PythonProcess) {
    this.#python = python;
    this.version = python.version;
  }

  /**
   * @param inputs that all steps begin at, as ours
   * @throws UserError if Python, PyTorch or the checkout is not there, or PyTorch does not get along with it
   */
  static async start(
    config: StepConfig & { readonly original: Original },
    inputs: StepInputs,
    { python, originals, threads }: OriginalsOptions,
  ): Promise<TorchStep> {
    const folder = checkoutOf(config.original, originals);
    const started = await startPython(python, new URL('./step-torch.py', import.meta.url));
    if (started === undefined) {
      throw new UserError(
        `no PyTorch with torchvision and scipy in ${python}: pip install torch torchvision scipy, or name an interpreter with --python`,
      );
    }
    const torch = new TorchStep(started);
    const known = knownQueriesOf(config, detectorOf(config), drawTargets(config, 0), seededNoise(0)).layout.known;
    const encoded = 'levels' in inputs ? { levels: inputs.levels.map(encode) } : { images: encode(inputs.images) };
    try {
      await torch.#ask({ ...config, ...encoded, folder, threads, known });
    } catch (error) {
      torch.close();
      throw error;
    }
    return torch;
  }

  /**
   * Milliseconds of steps with these objects, of each image of each step.
   *
   * @throws UserError if PyTorch fails in one
   */
  async time(batches: readonly (readonly Objects[])[]): Promise<readonly number[]> {
    const listed = (objects: Objects) => ({ labels: Array.from(objects.labels), boxes: Array.from(objects.boxes) });
    const { ms } = await this.#ask<{ ms: readonly number[] }>({ targets: batches.map((batch) => batch.map(listed)) });
    return ms;
  }

  close(): void {
    this.#python.process.kill();
  }

  async #ask<Answer extends object>(request: object): Promise<Answer> {
    this.#python.process.stdin?.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.#python.lines.next();
    const answer: Answer | { readonly error: string } = done ? { error: 'Python stopped' } : JSON.parse(value);
    if ('error' in answer) throw new UserError(`the original failed in PyTorch ${this.version}: ${answer.error}`);
    return answer;
  }
}

const encode = ({ shape, values }: StepArray) => ({
  shape,
  values: Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64'),
});
