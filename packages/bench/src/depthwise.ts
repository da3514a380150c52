/**
 * Times depthwise convolutions as a training step runs them, alternating with PyTorch's, because machines are noisy.
 */
import { depthwiseConv2d } from '@dn-detr/core/nn';
import { capture } from '@dn-detr/runtime';
import { UserError } from '@dn-detr/train';
import { dispose, type Rank, randomUniform, type Tensor, type Tensor4D, valueAndGrads } from '@tensorflow/tfjs-core';
import { median } from 'd3-array';
import type { DepthwiseShape } from './depthwise-shapes.ts';
import { type PythonProcess, startPython } from './python-process.ts';

/** Milliseconds of the forward pass, and of the forward pass with the gradients of image and kernel. */
export interface DepthwiseTimes {
  readonly forward: number;
  readonly both: number;
}

const layouts = ['contiguous', 'channels_last'] as const;

export type TorchLayout = (typeof layouts)[number];

export interface DepthwiseRow extends DepthwiseShape {
  /** Number of times it occurs in the network. */
  readonly count: number;
  /** Times of both sides; PyTorch's are those of the layout that is faster forward and backward. */
  readonly ms: { readonly ours: DepthwiseTimes; readonly torch: DepthwiseTimes | null };
  /** Memory layout of PyTorch's images: `contiguous` is NCHW, `channels_last` is NHWC. */
  readonly layout: TorchLayout | null;
  /** Speed relative to PyTorch; 2 is twice as fast. */
  readonly ratio: DepthwiseTimes | null;
}

export interface DepthwiseBench {
  readonly batch: number;
  readonly threads: number;
  /** PyTorch's version; null where Python has none */
  readonly version: string | null;
  readonly rows: readonly DepthwiseRow[];
  /** Sum over all convolutions of the network, each counted as often as it occurs. */
  readonly total: Pick<DepthwiseRow, 'ms' | 'ratio'>;
}

type Samples = Record<keyof DepthwiseTimes, readonly number[]>;

const rounds = 4;
const runsPerRound = 5;

/** PyTorch in a separate Python process. */
export class TorchDepthwise {
  readonly version: string;
  readonly #python: PythonProcess;

  private constructor(python: PythonProcess) {
    this.#python = python;
    this.version = python.version;
  }

  /** Starts Python; undefined if the interpreter does not exist or has no PyTorch. */
  static async start(command: string): Promise<TorchDepthwise | undefined> {
    const python = await startPython(command, new URL('./depthwise-torch.py', import.meta.url));
    return python && new TorchDepthwise(python);
  }

  /** @throws UserError if the process stops by itself */
  async time(
    shape: DepthwiseShape,
    options: { batch: number; threads: number; runs: number },
  ): Promise<Record<TorchLayout, Samples>> {
    const { process, lines } = this.#python;
    process.stdin?.write(`${JSON.stringify({ ...shape, ...options })}\n`);
    const { value, done } = await lines.next();
    if (done) throw new UserError(`PyTorch ${this.version} stopped while it convolved ${nameOf(shape)}`);
    return JSON.parse(value);
  }

  close(): void {
    this.#python.process.kill();
  }
}

/** A description such as `3×3, stride 2, 96 channels of 120×160`. */
export const nameOf = ({ size, stride, channels, height, width }: DepthwiseShape): string =>
  `${size}×${size}, stride ${stride}, ${channels} channels of ${height}×${width}`;

/**
 * Runs all convolutions on the current backend, captured where it can capture.
 *
 * @param threads number of threads for PyTorch, which should be the backend's
 * @param onShape called before each convolution
 */
export async function benchDepthwise(
  shapes: readonly (DepthwiseShape & { readonly count: number })[],
  torch: TorchDepthwise | undefined,
  { batch, threads }: { readonly batch: number; readonly threads: number },
  onShape: (shape: DepthwiseShape) => void = () => {},
): Promise<DepthwiseBench> {
  const rows: DepthwiseRow[] = [];
  for (const shape of shapes) {
    onShape(shape);
    const ours = new OurDepthwise(shape, batch);
    const samples: Samples[] = [];
    const theirs: Record<TorchLayout, Samples>[] = [];
    for (let round = 0; round < rounds; round++) {
      samples.push(ours.time(runsPerRound));
      if (torch) theirs.push(await torch.time(shape, { batch, threads, runs: runsPerRound }));
    }
    ours.dispose();
    const { layout, times } = fasterOf(theirs) ?? { layout: null, times: null };
    const ms = { ours: mediansOf(samples), torch: times };
    rows.push({ ...shape, ms, layout, ratio: ratioOf(ms) });
  }
  const sumOf = (side: 'ours' | 'torch'): DepthwiseTimes => {
    const sum = (kind: keyof DepthwiseTimes) =>
      rows.reduce((total, { count, ms }) => total + count * (ms[side]?.[kind] ?? 0), 0);
    return { forward: sum('forward'), both: sum('both') };
  };
  const ms = { ours: sumOf('ours'), torch: torch ? sumOf('torch') : null };
  return { batch, threads, version: torch?.version ?? null, rows, total: { ms, ratio: ratioOf(ms) } };
}

class OurDepthwise {
  readonly #tensors: { x: Tensor4D; w: Tensor4D; dy: Tensor4D };
  readonly #forward;
  readonly #both;

  constructor({ size, stride, channels, height, width }: DepthwiseShape, batch: number) {
    const [rows, columns] = [height, width].map((length) => Math.ceil(length / stride)) as [number, number];
    this.#tensors = {
      x: randomUniform<Rank.R4>([batch, height, width, channels], 0, 1, 'float32', 1),
      w: randomUniform<Rank.R4>([size, size, 1, channels], 0, 1, 'float32', 2),
      dy: randomUniform<Rank.R4>([batch, rows, columns, channels], 0, 1, 'float32', 3),
    };
    const convolve = (x: Tensor, w: Tensor): Tensor => depthwiseConv2d(x as Tensor4D, w as Tensor4D, stride);
    type Input = { x: Tensor4D; w: Tensor4D; dy: Tensor4D };
    this.#forward = capture(({ x, w }: Pick<Input, 'x' | 'w'>) => ({ y: convolve(x, w) }));
    this.#both = capture(({ x, w, dy }: Input) => {
      const { value, grads } = valueAndGrads(convolve)([x, w], dy);
      return { value, grads };
    });
    // Traces, then lets TensorFlow optimise the graphs.
    this.time(3);
  }

  /** @param runs number of timed runs, after one that warms up, as for PyTorch */
  time(runs: number): Samples {
    const { x, w, dy } = this.#tensors;
    const time = (step: () => Parameters<typeof dispose>[0]): number[] => {
      dispose(step());
      return Array.from({ length: runs }, () => {
        const started = performance.now();
        const result = step();
        const ms = performance.now() - started;
        dispose(result);
        return ms;
      });
    };
    return { forward: time(() => this.#forward({ x, w })), both: time(() => this.#both({ x, w, dy })) };
  }

  dispose(): void {
    this.#forward.dispose();
    this.#both.dispose();
    dispose(this.#tensors);
  }
}

function mediansOf(samples: readonly Samples[]): DepthwiseTimes {
  const of = (kind: keyof DepthwiseTimes): number => median(samples.flatMap((sample) => sample[kind])) as number;
  return { forward: of('forward'), both: of('both') };
}

/** The faster layout and its times; undefined where nothing was measured. */
function fasterOf(
  samples: readonly Record<TorchLayout, Samples>[],
): { layout: TorchLayout; times: DepthwiseTimes } | undefined {
  if (samples.length === 0) return undefined;
  const candidates = layouts.map((layout) => ({ layout, times: mediansOf(samples.map((sample) => sample[layout])) }));
  return candidates.reduce((best, next) => (next.times.both < best.times.both ? next : best));
}

const ratioOf = ({ ours, torch }: DepthwiseRow['ms']): DepthwiseTimes | null =>
  torch && { forward: torch.forward / ours.forward, both: torch.both / ours.both };
