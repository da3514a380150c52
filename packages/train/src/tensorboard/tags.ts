/** The names under which TensorBoard shows a run's figures. */
import type { Figure } from '@dn-detr/core/loss';
import type { EvaluationLine } from '../log-lines.ts';
import type { StepRecord } from '../trainer.ts';

/** A step's figures and the loss terms of the last layer, by TensorBoard tag. */
export function stepTags(figures: Omit<StepRecord, 'terms'>, terms: StepRecord['terms']): Record<string, number> {
  const lastLayer = terms.filter(({ last }) => last);
  const groupOf = ({ set, known }: Figure) => (set === 'encoder' ? set : known ? 'known' : 'matching');
  return {
    ...Object.fromEntries(Object.entries(figures).map(([name, value]) => [`train/${name}`, value])),
    ...Object.fromEntries(lastLayer.map((figure) => [`${groupOf(figure)}/${figure.quantity}`, figure.value])),
  };
}

/** An evaluation's figures, including each class's AP, by TensorBoard tag. */
export function evaluationTags({
  step: _,
  epoch,
  seconds,
  loss: __,
  losses: ___,
  perClass,
  ...figures
}: EvaluationLine): Record<string, number> {
  const numbers = Object.entries(figures).filter((entry): entry is [string, number] => typeof entry[1] === 'number');
  return {
    epoch,
    seconds,
    ...Object.fromEntries(numbers.map(([name, value]) => [`val/${name}`, value])),
    ...Object.fromEntries(perClass.map(({ name, AP }) => [`val AP/${name}`, AP])),
  };
}
