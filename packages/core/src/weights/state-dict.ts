/** Finds the tensors of a model in the object that a trainer saved. */
import { CheckpointError } from './checkpoint-error.ts';
import type { SafeTensor } from './elements.ts';
import { isAveraged, recogniseNames } from './names/recognise.ts';
import { PthError } from './pth/byte-reader.ts';
import { PthTensor } from './pth/tensor.ts';

/** A dictionary with tensors by name, and its path. */
interface StateDict {
  /** Keys that lead to the dictionary, such as `ema.module`; empty for the saved object itself. */
  readonly path: string;
  readonly tensors: ReadonlyMap<string, PthTensor>;
}

/** The state_dict that was chosen, with its path. */
export interface FoundStateDict {
  readonly tensors: ReadonlyMap<string, SafeTensor>;
  readonly path: string;
  /** Paths of other weights of a known model in the file. */
  readonly others: readonly string[];
}

/** Preferred paths in this order, where `''` is the saved object itself; other keys follow in the file's order. */
const usualPaths = ['model', '', 'state_dict', 'model_state_dict'];
/** Largest depth of a state_dict: `{ ema: { module: … } }` is two levels down. */
const deepest = 2;

/**
 * Finds the state_dict in an object saved by `torch.save`. Of several dictionaries with tensors, the first with a known
 * model is taken, in the order `model`, the saved object itself, `state_dict`, `model_state_dict`, any other key, and
 * finally averages of the weights (`ema`, `model_ema`, …). If none has a known model, the one with the most tensors is
 * taken. Anything in it other than tensors, such as an epoch, is left out.
 *
 * @throws CheckpointError if there are no tensors by name, or one of them cannot be read
 */
export function findStateDict(saved: unknown): FoundStateDict {
  const candidates = stateDictsIn(saved, '', 0).map((candidate) => ({
    ...candidate,
    isKnown: recogniseNames([...candidate.tensors.keys()]) !== undefined,
  }));
  // Sorting is stable.
  candidates.sort(
    (a, b) =>
      Number(b.isKnown) - Number(a.isKnown) ||
      (a.isKnown ? 0 : b.tensors.size - a.tensors.size) ||
      Number(isAveraged(a.path)) - Number(isAveraged(b.path)) ||
      rankOf(a.path) - rankOf(b.path),
  );
  const [best, ...rest] = candidates;
  if (best === undefined) {
    const found = saved instanceof Map ? `a dictionary of ${[...saved.keys()].slice(0, 8).join(', ')}` : typeof saved;
    throw new CheckpointError(
      `expected tensors by name, a state_dict: at the top, or under keys such as 'model', 'state_dict' or 'ema'; ` +
        `found ${found}`,
    );
  }
  const others = rest.filter(({ isKnown }) => isKnown).map(({ path }) => path || 'the top');
  return { tensors: readAll(best.tensors), path: best.path, others };
}

function stateDictsIn(value: unknown, path: string, depth: number): StateDict[] {
  if (!(value instanceof Map)) return [];
  const tensors = new Map<string, PthTensor>();
  const below: StateDict[] = [];
  for (const [key, item] of value as ReadonlyMap<unknown, unknown>) {
    // The moments of an optimiser may have the names of the parameters.
    if (typeof key !== 'string' || /optim|sched/i.test(key)) continue;
    if (item instanceof PthTensor) tensors.set(key, item);
    else if (depth < deepest) below.push(...stateDictsIn(item, path === '' ? key : `${path}.${key}`, depth + 1));
  }
  return tensors.size === 0 ? below : [{ path, tensors }, ...below];
}

function rankOf(path: string): number {
  const [first = ''] = path.split('.');
  const rank = usualPaths.indexOf(first);
  return rank < 0 ? usualPaths.length : rank;
}

function readAll(tensors: ReadonlyMap<string, PthTensor>): ReadonlyMap<string, SafeTensor> {
  return new Map(
    [...tensors].map(([name, tensor]) => {
      try {
        return [name, tensor.read()];
      } catch (error) {
        if (error instanceof PthError) throw new CheckpointError(`'${name}': ${error.message}`);
        throw error;
      }
    }),
  );
}
