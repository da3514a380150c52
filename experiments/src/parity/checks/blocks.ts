/** Attention and transformer layers, with the gradients of inputs and parameters. */
import {
  type AttentionOptions,
  attend,
  attentionMask,
  attentionParameters,
  dabDecoderLayer,
  decoderLayer,
  encoder,
  encoderLayer,
  type LayerOptions,
  linear,
  linearParameters,
  multiHeadAttention,
  type NamedTensors,
  type Pass,
} from '@dn-detr/core';
import { add, mean, reshape, type Tensor, type Tensor2D, type Tensor4D, transpose } from '@tensorflow/tfjs-core';
import type { Check, Computed } from '../check.ts';
import type { Fixture } from '../fixture.ts';
import { loadTensor, loadTensors, take, valueAndNamedGrads, withoutLeak } from '../gradients.ts';
import { FixtureError, type JsonObject, numberAt } from '../json.ts';
import { activationOf } from './activation.ts';

const masks = ['attn_mask', 'key_padding_mask', 'tgt_mask', 'memory_key_padding_mask'];
const fields = ['embed_dim', 'vdim', 'num_heads', 'attn_mask', 'd_model', 'nhead', 'ffn', 'layers'];
fields.push('normalize_before', 'is_first', 'keep_query_pos', 'activation');

export const blocksCheck: Check = {
  inputs: ['w.*', 'in.*', 'cot', ...masks, ...fields],
  optional: ['attn', 'gin.*', 'gw.*'],
  cases: ({ cases }) => [...cases.keys()],
  run: (fixture, caseName) => withoutLeak(() => runBlock(fixture, caseName)),
};

/** A block computes rows `[B*N, d]` of rows. */
type Block = (inputs: Readonly<Record<string, Tensor2D>>, weights: NamedTensors) => Tensor2D;

function runBlock(fixture: Fixture, caseName: string): Record<string, Computed> {
  const facts = fixture.cases.get(caseName) as JsonObject;
  const cotangent = loadTensor(fixture, caseName, 'cot'); // [N, B, d]
  const batch = cotangent.shape[1] as number;
  const outputs: Record<string, Computed> = {};
  const observe = (weights: Tensor4D): void => {
    outputs.attn = take(mean(weights, 1));
  };
  const block = blockOf(fixture, caseName, facts, batch, observe);

  const inputs = loadTensors(fixture, caseName, 'in.');
  const weights = loadTensors(fixture, caseName, 'w.');
  const named = { ...renamed(inputs, 'in.'), ...renamed(weights, 'w.') };
  const { value, grads } = valueAndNamedGrads(
    (tensors) => {
      const rows = Object.keys(inputs).map((name) => [name, toRows(tensors[`in.${name}`] as Tensor)]);
      const parameters = Object.keys(weights).map((name) => [name, tensors[`w.${name}`]]);
      return fromRows(block(Object.fromEntries(rows), Object.fromEntries(parameters)), batch);
    },
    named,
    cotangent,
  );
  outputs.out = take(value);
  for (const [name, gradient] of Object.entries(grads)) outputs[`g${name}`] = take(gradient);
  return outputs;
}

function blockOf(
  fixture: Fixture,
  caseName: string,
  facts: JsonObject,
  batch: number,
  observe: AttentionOptions['observe'],
): Block {
  const maskOf = (blocked: string, padding: string) => {
    const load = (key: string) =>
      fixture.tensors.has(`${caseName}.${key}`) ? loadTensor(fixture, caseName, key) : undefined;
    const [blockedTensor, keyPadding] = [load(blocked), load(padding)];
    const parts = { ...(blockedTensor && { blocked: blockedTensor }), ...(keyPadding && { keyPadding }) };
    return attentionMask(parts, batch);
  };
  const kind = kindOf(fixture, caseName);
  if (kind === 'attention' || kind === 'attention without projections') {
    const mask = maskOf('attn_mask', 'key_padding_mask');
    const options: AttentionOptions = { batch, heads: numberAt(facts.num_heads, 'num_heads'), mask, observe };
    if (kind === 'attention without projections') {
      return ({ q, k, v }, weights) =>
        linear(attend(row(q), row(k), row(v), options), linearParameters(weights, 'out_proj'));
    }
    return ({ q, k, v }, weights) =>
      multiHeadAttention(
        { query: row(q), key: row(k), value: row(v) },
        attentionParameters(renamed(weights, 'a.'), 'a'),
        options,
      );
  }

  const options: LayerOptions = {
    width: numberAt(facts.d_model, 'd_model'),
    heads: numberAt(facts.nhead, 'nhead'),
    feedForward: numberAt(facts.ffn, 'ffn'),
    activation: activationOf(facts.activation),
    preNorm: facts.normalize_before === true,
  };
  const pass = (weights: NamedTensors): Pass => ({ tensors: renamed(weights, 'a.'), batch });
  const queryMask = maskOf('tgt_mask', '');
  const memoryMask = maskOf('', 'memory_key_padding_mask');
  switch (kind) {
    case 'encoder layer':
      return ({ src, pos }, weights) =>
        encoderLayer('a', { features: row(src), positions: row(pos), mask: memoryMask }, pass(weights), options);
    case 'encoder': {
      const layers = numberAt(facts.layers, 'layers');
      return ({ src, pos }, weights) =>
        encoder('a', { features: row(src), positions: row(pos), mask: memoryMask }, pass(weights), {
          ...options,
          layers,
          scalePositions: true,
        });
    }
    case 'decoder layer':
      return ({ tgt, memory, pos, query_pos }, weights) =>
        decoderLayer(
          'a',
          {
            content: row(tgt),
            positions: row(query_pos),
            mask: queryMask,
            memory: { features: row(memory), positions: row(pos), mask: memoryMask },
            placedMemory: add(row(memory), row(pos)),
          },
          pass(weights),
          options,
        );
    case 'decoder layer with anchors':
      return ({ tgt, memory, pos, query_pos, query_sine_embed }, weights) =>
        dabDecoderLayer(
          'a',
          {
            content: row(tgt),
            positions: row(query_pos),
            sine: row(query_sine_embed),
            mask: queryMask,
            memory: { features: row(memory), positions: row(pos), mask: memoryMask },
          },
          pass(weights),
          { ...options, useQueryPosition: facts.is_first === true || facts.keep_query_pos === true },
        );
  }
}

/** What is computed, known by its inputs and weights. */
type BlockKind =
  | 'attention'
  | 'attention without projections'
  | 'encoder layer'
  | 'encoder'
  | 'decoder layer'
  | 'decoder layer with anchors';

function kindOf({ tensors }: Fixture, caseName: string): BlockKind {
  const has = (key: string): boolean => tensors.has(`${caseName}.${key}`);
  if (has('in.q')) return has('w.in_proj_weight') ? 'attention' : 'attention without projections';
  if (has('in.src')) return has('w.layers.0.linear1.weight') ? 'encoder' : 'encoder layer';
  if (has('in.tgt')) return has('in.query_sine_embed') ? 'decoder layer with anchors' : 'decoder layer';
  throw new FixtureError(`${caseName}: no block is known with these inputs: expected in.q, in.src or in.tgt`);
}

const renamed = (tensors: NamedTensors, prefix: string): NamedTensors =>
  Object.fromEntries(Object.entries(tensors).map(([name, value]) => [prefix + name, value]));

function row(tensor: Tensor2D | undefined): Tensor2D {
  if (tensor === undefined) throw new FixtureError('an input of the block is missing');
  return tensor;
}

/** `[N, B, d]` to `[B*N, d]`. */
function toRows(x: Tensor): Tensor2D {
  const [tokens, batch, width] = x.shape as [number, number, number];
  return reshape(transpose(x, [1, 0, 2]), [batch * tokens, width]);
}

/** `[B*N, d]` to `[N, B, d]`. */
function fromRows(x: Tensor2D, batch: number): Tensor {
  const [rows, width] = x.shape;
  return transpose(reshape(x, [batch, rows / batch, width]), [1, 0, 2]);
}
