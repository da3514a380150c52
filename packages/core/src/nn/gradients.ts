/** The value and the flat gradients of a loss over named parameters. */
import {
  concat1d,
  dispose,
  fill,
  keep,
  type Rank,
  reshape,
  type Scalar,
  Tensor,
  type Tensor1D,
  type TensorContainer,
  tidy,
} from '@tensorflow/tfjs-core';
import { backpropagate } from './backpropagation.ts';
import { ParameterError, type ParameterLayout } from './parameters.ts';

/**
 * Result of a loss function: the loss and, if wanted, any nested tensors to pass on (predictions, loss terms), and what
 * host code learned, as a `HostValue` of `@dn-detr/runtime`.
 */
export type LossOutput<Aux extends TensorContainer> = { loss: Scalar; aux?: Aux };

/** A loss with its gradients by parameter group. */
export type LossAndGradients<Aux extends TensorContainer> = {
  /** Value of the loss, a scalar. */
  loss: Scalar;
  /** One flat gradient per group, of the size of its buffer; zero where the loss does not use a parameter. */
  grads: Tensor1D[];
  /** The loss function's `aux`, without gradient. */
  aux: Aux;
};

/**
 * Runs a loss function on the named pieces of flat parameters and differentiates it.
 *
 * Pure, so it can stand inside a captured step: it reads no value, makes no variable and keeps no state. Gradients are
 * taken with respect to the pieces and joined by one concatenation per group.
 *
 * @param flats one `[size]` tensor per group of the layout
 * @throws ParameterError if the flats do not fit, the loss is no scalar, or it depends on no parameter
 */
export function valueAndFlatGrads<Name extends string, Aux extends TensorContainer = undefined>(
  layout: ParameterLayout<Name, string>,
  flats: readonly Tensor1D[],
  lossFunction: (parameters: Record<Name, Tensor>) => LossOutput<Aux>,
): LossAndGradients<Aux> {
  return tidy(() => {
    const pieces = layout.unflatten(flats);
    const placed = layout.parameters;
    let aux: Aux | undefined;
    const forward = (): Scalar => {
      const output = lossFunction(pieces);
      if (output.loss.rank !== 0) {
        throw new ParameterError(`the loss must be a scalar, got shape [${output.loss.shape}]: reduce it first`);
      }
      // The scope of the forward pass frees all but the loss. Clones, because keeping a tensor that is not ours, such
      // as a piece of the batch, would change whose it is.
      aux = mapTensors(output.aux as Aux, (tensor) => keep(tensor.clone()));
      return output.loss;
    };
    const { value, grads } = backpropagate(
      forward,
      placed.map(({ name }) => pieces[name]),
    );
    const released = mapTensors(aux as Aux, (kept) => {
      const owned = kept.clone();
      dispose(kept);
      return owned;
    });
    if (grads.every((gradient) => gradient === undefined)) {
      throw new ParameterError('the loss depends on none of the parameters: use the ones passed to the loss function');
    }
    const gradientOf = new Map<string, Tensor | undefined>(placed.map(({ name }, i) => [name, grads[i]]));
    const flatGrads = layout.groups.map(({ parameters }) =>
      // `fill`, not `zeros`: it is one op on a small constant, where `zeros` would upload a host array.
      concat1d(
        parameters.map(({ name, size }) => {
          const gradient = gradientOf.get(name);
          return gradient === undefined ? fill<Rank.R1>([size], 0) : reshape<Rank.R1>(gradient, [size]);
        }),
      ),
    );
    return { loss: value, grads: flatGrads, aux: released };
  });
}

/** The same nesting of arrays and plain objects with every tensor replaced; other values, such as host values, stay. */
function mapTensors<T extends TensorContainer>(tree: T, change: (tensor: Tensor) => Tensor): T;
function mapTensors(tree: unknown, change: (tensor: Tensor) => Tensor): unknown {
  if (tree instanceof Tensor) return change(tree);
  if (Array.isArray(tree)) return tree.map((item) => mapTensors(item, change));
  if (typeof tree !== 'object' || tree === null) return tree;
  const prototype = Object.getPrototypeOf(tree);
  if (prototype !== Object.prototype && prototype !== null) return tree;
  return Object.fromEntries(Object.entries(tree).map(([key, item]) => [key, mapTensors(item, change)]));
}
