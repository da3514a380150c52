/** Training steps of original repositories in PyTorch, for `bench peers`. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { seededNoise } from '@dn-detr/dn';
import { UserError } from '@dn-detr/train';
import { type PythonProcess, startPython } from './python-process.ts';
import { batchesOf, type StepTimes, timesOf } from './step.ts';
import type { Original, StepConfig } from './step-configs.ts';
import { detectorOf, inputsOf, knownQueriesOf, type StepArray, trainedParametersOf } from './step-inputs.ts';

/** The originals' checkouts, and the Python that runs them. */
export interface OriginalsOptions {
  /** Command of an interpreter with PyTorch, torchvision and scipy. */
  readonly python: string;
  /** Folder with a checkout of each repository, under its name. */
  readonly originals: string;
  /** Number of threads for PyTorch. */
  readonly threads: number;
}

export interface TorchBench extends StepTimes {
  /** PyTorch's version. */
  readonly version: string;
  /** Number of trained parameters, the same as in our model. */
  readonly parameters: number;
  /** Peak resident memory of the process, in MiB. */
  readonly peakRssMiB: number;
}

/** The repository of IDEA-Research, and the file, of each model. */
const places: Readonly<Record<Original, readonly [repository: string, file: string]>> = {
  DINO: ['DINO', 'models/dino/dino.py'],
  'DN-DETR': ['DN-DETR', 'models/DN_DAB_DETR/DABDETR.py'],
  'DN-Deformable-DETR': ['DN-DETR', 'models/dn_dab_deformable_detr/dab_deformable_detr.py'],
};

export const repositoryOf = (original: Original): string => `https://github.com/IDEA-Research/${places[original][0]}`;

/**
 * Finds the checkout of an original.
 *
 * @returns the folder of the checkout
 * @throws UserError if there is no checkout
 */
export function checkoutOf(original: Original, originals: string): string {
  const [repository, file] = places[original];
  const folder = path.resolve(originals, repository);
  if (existsSync(path.join(folder, file))) return folder;
  throw new UserError(
    `${folder} is not a checkout of ${repositoryOf(original)}: git clone ${repositoryOf(original)} ${folder}`,
  );
}

/**
 * Times steps of the original in a separate Python process, from the same inputs and to the same targets as ours.
 *
 * @throws UserError if Python, PyTorch or the checkout is missing, the checkout does not work with PyTorch, or the
 *   original has another number of parameters
 */
export async function benchTorchStep(
  config: StepConfig & { readonly original: Original },
  steps: number,
  { python, originals, threads }: OriginalsOptions,
): Promise<TorchBench> {
  const { original } = config;
  const folder = checkoutOf(original, originals);
  const started = await startPython(python, new URL('./step-torch.py', import.meta.url));
  if (started === undefined) {
    throw new UserError(
      `there is no PyTorch with torchvision and scipy in ${python}: pip install torch torchvision scipy, or name an interpreter with --python`,
    );
  }
  try {
    const detector = detectorOf(config);
    const batches = batchesOf(config, steps);
    const known = knownQueriesOf(config, detector, batches[0] ?? [], seededNoise(0)).layout.known;
    const inputs = inputsOf(config, detector);
    const encoded = 'levels' in inputs ? { levels: inputs.levels.map(encode) } : { images: encode(inputs.images) };
    const { parameters } = await ask<{ parameters: number }>(started, {
      ...config,
      ...encoded,
      folder,
      threads,
      known,
    });
    const ours = trainedParametersOf(detector);
    if (parameters !== ours) throw new UserError(`the original trains ${parameters} parameters, but our model ${ours}`);
    const targets = batches.map((batch) =>
      batch.map(({ labels, boxes }) => ({ labels: Array.from(labels), boxes: Array.from(boxes) })),
    );
    const { ms, peakRssMiB } = await ask<{ ms: readonly number[]; peakRssMiB: number }>(started, { targets });
    return { ...timesOf(ms), version: started.version, parameters, peakRssMiB };
  } finally {
    started.process.kill();
  }
}

async function ask<Answer extends object>(
  { process, lines, version }: PythonProcess,
  request: object,
): Promise<Answer> {
  process.stdin?.write(`${JSON.stringify(request)}\n`);
  const { value, done } = await lines.next();
  const answer: Answer | { readonly error: string } = done ? { error: 'Python stopped' } : JSON.parse(value);
  if ('error' in answer) throw new UserError(`the original failed in PyTorch ${version}: ${answer.error}`);
  return answer;
}

const encode = ({ shape, values }: StepArray) => ({
  shape,
  values: Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64'),
});
