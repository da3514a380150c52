/** Times the sampling of deformable attention as an op and composed of other ops, alternating with PyTorch's. */
import { type LevelSize, sampleDeformably, withoutKernels } from '@dn-detr/core/nn';
import { UserError } from '@dn-detr/train';
import { dispose, randomUniform, type Tensor, valueAndGrads } from '@tensorflow/tfjs-core';
import { median } from 'd3-array';
import { type PythonProcess, startPython } from './python-process.ts';

export interface MsdaCase {
  readonly name: string;
  readonly batch: number;
  /** d, the width of all heads together. */
  readonly width: number;
  readonly levels: readonly LevelSize[];
  /** Q, the number of queries; the number of tokens without it. */
  readonly queries?: number;
}

/** Milliseconds of the op and of its gradients. */
export interface MsdaTimes {
  readonly forward: number;
  readonly backward: number;
}

export interface MsdaBench {
  readonly name: string;
  readonly ours: MsdaTimes;
  /** The form that other backends run, and this one without native ops. */
  readonly composed: MsdaTimes;
  readonly pytorch?: MsdaTimes;
}

const [heads, points] = [8, 4];

/** Sizes of the feature maps of an image at these strides. */
const levelsOf = (height: number, width: number, strides: readonly number[]): LevelSize[] =>
  strides.map((stride) => ({ height: Math.ceil(height / stride), width: Math.ceil(width / stride) }));

export const msdaCases: readonly MsdaCase[] = [
  { image: '320×240', batch: 4, levels: levelsOf(240, 320, [8, 16, 32]) },
  { image: '800×1333', batch: 1, levels: levelsOf(800, 1333, [8, 16, 32, 64]) },
].flatMap(({ image, ...sizes }) =>
  [128, 256].flatMap((width) => [
    { name: `encoder, ${sizes.batch} × ${image}, width ${width}`, width, ...sizes },
    { name: `decoder, ${sizes.batch} × ${image}, width ${width}`, width, queries: 300, ...sizes },
  ]),
);

const rounds = 5;
const runsPerRound = 8;
/** A side that has taken this long for one case is not timed further. */
const enoughMs = 4000;

type Samples = Record<keyof MsdaTimes, readonly number[]>;

/** PyTorch in a separate Python process. */
export class TorchMsda {
  readonly version: string;
  readonly #python: PythonProcess;

  private constructor(python: PythonProcess) {
    this.#python = python;
    this.version = python.version;
  }

  /** Starts Python; undefined if the interpreter does not exist or has no PyTorch. */
  static async start(command: string): Promise<TorchMsda | undefined> {
    const python = await startPython(command, new URL('./msda-torch.py', import.meta.url));
    return python && new TorchMsda(python);
  }

  /** @throws UserError if the process stops by itself */
  async time({ name, levels, ...sizes }: MsdaCase, threads: number, runs: number): Promise<Samples> {
    const shapes = levels.map(({ height, width }) => [height, width]);
    const request = { queries: tokensOf(levels), ...sizes, levels: shapes, heads, points, threads, runs };
    this.#python.process.stdin?.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.#python.lines.next();
    if (done) throw new UserError(`PyTorch ${this.version} stopped in the case '${name}'`);
    return JSON.parse(value);
  }

  close(): void {
    this.#python.process.kill();
  }
}

/**
 * Runs all cases on the current backend.
 *
 * @param threads number of threads for PyTorch, which should be the backend's
 * @param onCase called before each case
 */
export async function benchMsda(
  cases: readonly MsdaCase[],
  torch: TorchMsda | undefined,
  threads: number,
  onCase: (name: string) => void = () => {},
): Promise<MsdaBench[]> {
  const results: MsdaBench[] = [];
  for (const sizes of cases) {
    onCase(sizes.name);
    const own = new OwnMsda(sizes);
    const sides: Record<'ours' | 'composed' | 'pytorch', (runs: number) => Samples | Promise<Samples>> = {
      ours: (runs) => own.time(runs),
      composed: (runs) => withoutKernels(() => own.time(runs)),
      pytorch: (runs) => (torch as TorchMsda).time(sizes, threads, runs),
    };
    const names = (['ours', 'composed', 'pytorch'] as const).filter((name) => name !== 'pytorch' || torch);
    const samples = new Map(names.map((name) => [name, [] as Samples[]]));
    for (let round = 0; round < rounds; round++) {
      for (const name of names) {
        const before = samples.get(name) ?? [];
        if (totalMs(before) > enoughMs) continue;
        // One run warms up: while the others ran, its memory and threads went cold.
        await sides[name](1);
        before.push(await sides[name](totalMs(before) > enoughMs / runsPerRound ? 1 : runsPerRound));
      }
    }
    own.dispose();
    const of = (name: keyof typeof sides): MsdaTimes => mediansOf(samples.get(name) ?? []);
    results.push({
      name: sizes.name,
      ours: of('ours'),
      composed: of('composed'),
      ...(torch && { pytorch: of('pytorch') }),
    });
  }
  return results;
}

const totalMs = (samples: readonly Samples[]): number =>
  samples.flatMap(({ forward, backward }) => [...forward, ...backward]).reduce((sum, ms) => sum + ms, 0);

function mediansOf(samples: readonly Samples[]): MsdaTimes {
  const of = (kind: keyof MsdaTimes): number => median(samples.flatMap((sample) => sample[kind])) as number;
  return { forward: of('forward'), backward: of('backward') };
}

const tokensOf = (levels: readonly LevelSize[]): number =>
  levels.reduce((sum, { height, width }) => sum + height * width, 0);

/** Our side, op by op: both kernels take so long that a captured graph would save nothing. */
class OwnMsda {
  readonly #levels: readonly LevelSize[];
  readonly #inputs: [value: Tensor, locations: Tensor, weights: Tensor];
  readonly #dy: Tensor;

  constructor({ batch, width, levels, queries = tokensOf(levels) }: MsdaCase) {
    const samples = [batch, queries, heads, levels.length, points];
    const random = (shape: number[], seed: number): Tensor => randomUniform(shape, 0, 1, 'float32', seed);
    this.#levels = levels;
    this.#inputs = [
      random([batch, tokensOf(levels), heads, width / heads], 1),
      random([...samples, 2], 2),
      random(samples, 3),
    ];
    this.#dy = random([batch, queries, width], 4);
  }

  time(runs: number): Samples {
    const times = { forward: [] as number[], backward: [] as number[] };
    for (let run = 0; run < runs; run++) {
      let middle = 0;
      const sample = (...[value, locations, weights]: Tensor[]): Tensor => {
        const out = sampleDeformably({ value, levels: this.#levels, locations, weights } as never);
        middle = performance.now();
        return out;
      };
      const started = performance.now();
      const { value, grads } = valueAndGrads(sample)(this.#inputs, this.#dy);
      times.forward.push(middle - started);
      times.backward.push(performance.now() - middle);
      dispose([value, ...grads]);
    }
    return times;
  }

  dispose(): void {
    dispose([...this.#inputs, this.#dy]);
  }
}
