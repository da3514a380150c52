/**
 * Reverse-mode differentiation over tfjs's own tape that frees memory as it proceeds.
 *
 * `tf.grads` keeps everything that ops have saved, every intermediate gradient and every temporary of a hand-written
 * gradient until the end, which takes several times the memory of the forward pass. Here each op's tensors are freed as
 * soon as its gradient has been computed. Nothing is left behind when the function throws, either.
 */
import { add, dispose, engine, ones, type Scalar, type Tensor, tidy } from '@tensorflow/tfjs-core';

/** An op on the tape. */
interface TapeNode {
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly outputs: readonly Tensor[];
  /** Tensors that the gradient reads, owned by the tape. */
  readonly saved?: readonly Tensor[];
  readonly gradient?: (dys: (Tensor | null)[]) => Record<string, () => Tensor>;
}

/** The private parts of tfjs 4.22's engine that are used here. */
interface TapeEngine {
  readonly state: { activeTape: TapeNode[] | null; readonly gradientDepth: number };
  startTape(): void;
  endTape(): void;
}

/**
 * Computes the value of `f` and its gradient with respect to each of `xs`, undefined where `f` does not depend on it.
 * The caller disposes of them.
 */
export function backpropagate(
  f: () => Scalar,
  xs: readonly Tensor[],
): { value: Scalar; grads: (Tensor | undefined)[] } {
  const { state } = tapeEngine();
  if (state.gradientDepth > 0) throw new Error('a loss cannot be differentiated inside another gradient');
  const { value, tape } = record(f);
  try {
    return { value, grads: tidy(() => gradientsOf(value, xs, tape)) as (Tensor | undefined)[] };
  } finally {
    release(tape);
    state.activeTape = null;
  }
}

const tapeEngine = (): TapeEngine => engine() as unknown as TapeEngine;

function record(f: () => Scalar): { value: Scalar; tape: TapeNode[] } {
  const recorder = tapeEngine();
  recorder.startTape();
  try {
    return { value: tidy(f), tape: recorder.state.activeTape ?? [] };
  } catch (error) {
    release(recorder.state.activeTape ?? []);
    recorder.state.activeTape = null;
    throw error;
  } finally {
    recorder.endTape();
  }
}

function release(tape: readonly TapeNode[]): void {
  for (const { saved } of tape) dispose([...(saved ?? [])]);
}

function gradientsOf(y: Tensor, xs: readonly Tensor[], tape: readonly TapeNode[]): (Tensor | undefined)[] {
  const wanted = new Set(xs.map(({ id }) => id));
  const dependent = dependentTensors(wanted, tape);
  const gradients = new Map<number, Tensor>([[y.id, ones(y.shape)]]);
  for (const node of [...tape].reverse()) {
    const dys = node.outputs.map(({ id }) => gradients.get(id));
    const inputs = Object.entries(node.inputs).filter(([, { id }]) => dependent.has(id));
    if (inputs.length > 0 && dys.some((dy) => dy !== undefined)) {
      const found = tidy(() => {
        const gradient = node.gradient?.(dys.map((dy) => dy ?? null));
        if (gradient === undefined) throw new Error('an op of the loss has no gradient');
        return inputs.map(([name]) => gradient[name]?.() as Tensor);
      });
      inputs.forEach(([, { id }], i) => {
        accumulate(gradients, id, found[i] as Tensor);
      });
    }
    // Nothing earlier on the tape needs these outputs.
    node.outputs.forEach(({ id }, i) => {
      if (wanted.has(id)) return;
      dys[i]?.dispose();
      gradients.delete(id);
    });
    dispose([...(node.saved ?? [])]);
  }
  return xs.map(({ id }) => gradients.get(id));
}

/** The ids of the wanted tensors and of all tensors on the tape that are computed from them. */
function dependentTensors(wanted: ReadonlySet<number>, tape: readonly TapeNode[]): ReadonlySet<number> {
  const dependent = new Set(wanted);
  for (const { inputs, outputs } of tape) {
    if (!Object.values(inputs).some(({ id }) => dependent.has(id))) continue;
    for (const { id } of outputs) dependent.add(id);
  }
  return dependent;
}

function accumulate(gradients: Map<number, Tensor>, id: number, gradient: Tensor): void {
  const known = gradients.get(id);
  if (known === undefined) {
    gradients.set(id, gradient);
    return;
  }
  gradients.set(id, add(known, gradient));
  dispose([known, gradient]);
}
