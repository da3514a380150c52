/** Compares the two class losses with `sigmoid_focal_loss` of DN-DETR and `loss_labels` of DETR. */
import { mergeTargets } from '@dn-detr/core';
import { crossEntropyRows, focalRows, softmaxLoss } from '@dn-detr/core/loss';
import { reshape, scalar, sum, type Tensor, type Tensor2D, tensor1d } from '@tensorflow/tfjs-core';
import type { Check } from '../check.ts';
import { type Fixture, storedName, tensorOf } from '../fixture.ts';
import { loadTensor, take, valueAndNamedGrads, withoutLeak } from '../gradients.ts';
import { countAt, numberAt, objectAt } from '../json.ts';

export const focalCeCheck: Check = {
  inputs: ['logits', 'onehot', 'classes', 'alpha', 'gamma', 'num_boxes', 'eos_coef', 'num_classes'],
  cases: ({ cases }) => [...cases.keys()],
  run: (fixture, caseName) =>
    withoutLeak(() => {
      const logits = loadTensor(fixture, caseName, 'logits');
      const rowsOf = fixture.tensors.has(storedName(caseName, 'onehot')) ? focalCase : crossEntropyCase;
      const loss = rowsOf(fixture, caseName, logits.shape);
      const { value, grads } = valueAndNamedGrads(({ logits }) => sum(loss(logits as Tensor)), { logits }, scalar(1));
      return { loss: take(value), grad_logits: take(grads.logits as Tensor) };
    }),
};

type RowLosses = (logits: Tensor) => Tensor;

/**
 * A row of the fixture may have several classes, so here each element becomes a row with a single class: its own, or no
 * object.
 */
function focalCase(fixture: Fixture, caseName: string, [, queries = 0]: number[]): RowLosses {
  const where = `cases.${caseName}`;
  const facts = objectAt(fixture.cases.get(caseName), where);
  const number = (field: string): number => numberAt(facts[field], `${where}.${field}`);
  const classes = Int32Array.from(tensorOf(fixture, caseName, 'onehot').data, (own) => 1 - own);
  const options = { alpha: number('alpha'), gamma: number('gamma') };
  // The reference averages over the queries and divides by the boxes.
  const weights = new Float32Array(classes.length).fill(1 / (queries * number('num_boxes')));
  return (logits) =>
    focalRows(reshape(logits, [classes.length, 1]) as Tensor2D, tensor1d(classes, 'int32'), tensor1d(weights), options);
}

function crossEntropyCase(fixture: Fixture, caseName: string, [batch = 0, , width = 0]: number[]): RowLosses {
  const where = `cases.${caseName}`;
  const facts = objectAt(fixture.cases.get(caseName), where);
  const noObject = countAt(facts.num_classes, `${where}.num_classes`);
  const classes = Int32Array.from(tensorOf(fixture, caseName, 'classes').data);
  const targets = {
    classes,
    boxes: new Float32Array(4 * classes.length),
    classWeights: new Float32Array(classes.length).fill(1),
    boxWeights: Float32Array.from(classes, (label) => (label === noObject ? 0 : 1)),
    normalizer: 1,
  };
  const terms = [softmaxLoss({ eosCoef: numberAt(facts.eos_coef, `${where}.eos_coef`), weight: 1 })];
  const { classWeights } = mergeTargets({ matching: targets }, { layers: 1, batch, terms });
  return (logits) =>
    crossEntropyRows(
      reshape(logits, [classes.length, width]) as Tensor2D,
      tensor1d(classes, 'int32'),
      tensor1d(classWeights),
    );
}
