/** The value of a loss over named parameters, and its flat gradients. */
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
 * The result of a loss function: the loss and, optionally, nested tensors to pass on, such as predictions and loss
 * terms, and values computed on the host, as a `HostValue` of `@dn-detr/runtime`.
 */
export type LossOutput<Aux extends TensorContainer> = { loss: Scalar; aux?: Aux };

/** A loss with its gradients by parameter group. */
export type LossAndGradients<Aux extends TensorContainer> = {
  /** The loss, a scalar. */
  loss: Scalar;
  /** One flat gradient per group, of the size of the group's buffer; zero where the loss does not use a parameter. */
  grads: Tensor1D[];
  /** The `aux` that the loss function returned, without gradient. */
  aux: Aux;
};

/**
 * Runs a loss function on the named pieces of flat parameters and differentiates it.
 *
 * It is pure, so it can be part of a captured step: it reads no value, makes no variable and keeps no state. Gradients
 * are taken with respect to the pieces and joined by one concatenation per group.
 *
 * @param flats one `[size]` tensor per group of the layout
 * @throws ParameterError if the flats do not fit, the loss is not a scalar, or it depends on no parameter
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
      // The scope of the forward pass frees everything but the loss. Keep clones, because keeping a tensor that belongs
      // to someone else, such as a piece of the batch, would change its owner.
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
      // Use `fill`, which is one op on a small constant; `zeros` would upload an array from the host.
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

/** The same nested arrays and plain objects with every tensor replaced; other values, such as host values, are kept. */
function mapTensors<T extends TensorContainer>(tree: T, change: (tensor: Tensor) => Tensor): T;
function mapTensors(tree: unknown, change: (tensor: Tensor) => Tensor): unknown {
  if (tree instanceof Tensor) return change(tree);
  if (Array.isArray(tree)) return tree.map((item) => mapTensors(item, change));
  if (typeof tree !== 'object' || tree === null) return tree;
  const prototype = Object.getPrototypeOf(tree);
  if (prototype !== Object.prototype && prototype !== null) return tree;
  return Object.fromEntries(Object.entries(tree).map(([key, item]) => [key, mapTensors(item, change)]));
}
