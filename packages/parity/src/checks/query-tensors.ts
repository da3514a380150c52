/**
 * Contents and anchors of known and matching queries as a model computes them, with the gradients of what is learned.
 */
import type { NamedTensors } from '@dn-detr/core';
import { joinQueries, labelEmbedding } from '@dn-detr/core/models';
import { repeatRows } from '@dn-detr/core/nn';
import type { KnownQueries } from '@dn-detr/dn';
import { knownInputs } from '@dn-detr/dn/tfjs';
import { add, mul, type Rank, reshape, sum, type Tensor, type Tensor2D, transpose } from '@tensorflow/tfjs-core';
import type { Computed } from '../check.ts';
import { type Fixture, storedName, tensorOf } from '../fixture.ts';
import { loadTensor, take, valueAndNamedGrads, withoutLeak } from '../gradients.ts';

/**
 * Tensors of DN-DETR: `query_label` `[T, B, d]` and `query_bbox` `[T, B, 4]`, known queries first.
 *
 * @param known undefined at inference
 * @param patterns number of times that the matching queries are repeated
 */
export function dnQueryTensors(
  fixture: Fixture,
  caseName: string,
  known: KnownQueries | undefined,
  batch: number,
  patterns: number,
): Record<string, Computed> {
  const inputs = known && knownInputs(known);
  const queryFirst = (rows: Tensor2D): Tensor => transpose(reshape(rows, [batch, -1, rows.shape[1]]), [1, 0, 2]);
  const queries = ({ label_enc, refpoint }: NamedTensors) => {
    const learned = refpoint as Tensor2D;
    const { labels, tensors } = embeddingOf(label_enc as Tensor2D, true);
    const matching = repeatRows(labels.unknown(tensors), batch * patterns * learned.shape[0]);
    const anchors = inputs && reshape<Rank.R2>(inputs.anchors, [-1, 4]);
    return {
      query_label: queryFirst(joinQueries(inputs && labels.apply(tensors, inputs.labels), matching, batch)),
      query_bbox: queryFirst(joinQueries(anchors, repeatRows(learned, batch * patterns), batch)),
    };
  };
  return computeWithGradients(fixture, caseName, queries, { query_label: 'cot_label', query_bbox: 'cot_bbox' }, [
    'label_enc',
    'refpoint',
  ]);
}

/** Tensors of DINO: `query_label` `[B, K, d]`, only the known queries, without an indicator. */
export function cdnQueryTensors(fixture: Fixture, caseName: string, known: KnownQueries): Record<string, Computed> {
  const { batch, known: perImage } = known.layout;
  const inputs = knownInputs(known);
  if (inputs === undefined) {
    // In a batch without objects nothing is embedded, so the gradient is 0.
    const { data, shape } = tensorOf(fixture, caseName, 'label_enc');
    const none = { values: [], shape: [batch, 0, shape[1] as number] };
    return { query_label: none, 'grad.label_enc': { values: new Float32Array(data.length), shape } };
  }
  const queries = ({ label_enc }: NamedTensors) => {
    const { labels, tensors } = embeddingOf(label_enc as Tensor2D, false);
    return { query_label: reshape(labels.apply(tensors, inputs.labels), [batch, perImage, -1]) };
  };
  return computeWithGradients(fixture, caseName, queries, { query_label: 'cot_label' }, ['label_enc']);
}

/** The label embedding with this table, and the table under its parameter name. */
function embeddingOf(table: Tensor2D, indicator: boolean) {
  const [rows, columns] = table.shape;
  const sizes = { numClasses: rows - 1, width: indicator ? columns + 1 : columns };
  return {
    labels: labelEmbedding('label_enc', { ...sizes, indicator, group: 'rest' }),
    tensors: { 'label_enc.weight': table },
  };
}

function computeWithGradients(
  fixture: Fixture,
  caseName: string,
  queries: (learned: NamedTensors) => Record<string, Tensor>,
  cotangents: Readonly<Record<string, string>>,
  names: readonly string[],
): Record<string, Computed> {
  return withoutLeak(() => {
    const learned = Object.fromEntries(names.map((name) => [name, loadTensor(fixture, caseName, name)]));
    const values = Object.entries(queries(learned)).map(([name, value]) => [name, take(value)]);
    const outputs: Record<string, Computed> = Object.fromEntries(values);
    const isStored = Object.values(cotangents).every((key) => fixture.tensors.has(storedName(caseName, key)));
    if (!isStored) return outputs;

    const weigh = (inputs: NamedTensors): Tensor =>
      Object.entries(queries(inputs))
        .map(([name, value]) => sum(mul(value, loadTensor(fixture, caseName, cotangents[name] as string))))
        .reduce((sum, term) => add(sum, term));
    const { grads } = valueAndNamedGrads(weigh, learned);
    for (const name of names) outputs[`grad.${name}`] = take(grads[name] as Tensor);
    return outputs;
  });
}
