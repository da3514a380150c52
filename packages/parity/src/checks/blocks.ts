/** Compares attention and transformer layers, and the gradients of their inputs and parameters. */
import type { NamedTensors } from '@dn-detr/core';
import {
  dabDecoderLayer,
  decoderLayer,
  encoder,
  encoderLayer,
  type LayerOptions,
  type Tokens,
} from '@dn-detr/core/models';
import { type AttentionOptions, affine, attend, attentionMask, multiHeadAttention, type Pass } from '@dn-detr/core/nn';
import {
  add,
  mean,
  reshape,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor4D,
  transpose,
} from '@tensorflow/tfjs-core';
import type { Check, Computed } from '../check.ts';
import { type Fixture, tensorOf } from '../fixture.ts';
import { loadTensor, outputsAndGradients, take, withoutLeak, withPrefix } from '../gradients.ts';
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

/** A block computes rows `[B*N, d]` from rows of its inputs. */
type Block = (inputs: Readonly<Record<string, Tensor2D>>, weights: NamedTensors) => Tensor2D;

function runBlock(fixture: Fixture, caseName: string): Record<string, Computed> {
  const facts = fixture.cases.get(caseName) as JsonObject;
  const batch = tensorOf(fixture, caseName, 'out').shape[1] as number; // [N, B, d]
  const outputs: Record<string, Computed> = {};
  const observe = (weights: Tensor4D): void => {
    outputs.attn = take(mean(weights, 1));
  };
  const block = blockOf(fixture, caseName, facts, batch, observe);
  const computed = outputsAndGradients(fixture, caseName, (inputs, weights) => {
    const rows = Object.entries(inputs).map(([name, value]) => [name, toRows(value)]);
    return { out: fromRows(block(Object.fromEntries(rows), weights), batch) };
  });
  return { ...outputs, ...computed };
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
  const pass: Pass = { batch, observe: observe && ((_, weights) => observe(weights)) };
  if (kind === 'attention' || kind === 'attention without projections') {
    const mask = maskOf('attn_mask', 'key_padding_mask');
    const heads = numberAt(facts.num_heads, 'num_heads');
    if (kind === 'attention without projections') {
      const options: AttentionOptions = { batch, heads, mask, observe };
      return ({ q, k, v }, weights) =>
        affine(
          attend(row(q), row(k), row(v), options),
          weights['out_proj.weight'] as Tensor2D,
          weights['out_proj.bias'] as Tensor1D,
        );
    }
    const attention = multiHeadAttention('a', { width: numberAt(facts.embed_dim, 'embed_dim'), heads, group: 'rest' });
    return ({ q, k, v }, weights) =>
      attention.apply(withPrefix(weights, 'a.'), { query: row(q), key: row(k), value: row(v), mask, pass });
  }

  const options: LayerOptions = {
    width: numberAt(facts.d_model, 'd_model'),
    heads: numberAt(facts.nhead, 'nhead'),
    feedForward: numberAt(facts.ffn, 'ffn'),
    activation: activationOf(facts.activation),
    preNorm: facts.normalize_before === true,
  };
  const queryMask = maskOf('tgt_mask', '');
  const memoryMask = maskOf('', 'memory_key_padding_mask');
  switch (kind) {
    case 'encoder layer': {
      const layer = encoderLayer('a', options);
      return ({ src, pos }, weights) =>
        layer.apply(withPrefix(weights, 'a.'), { tokens: tokensOf(src, pos, memoryMask), pass });
    }
    case 'encoder': {
      const layers = numberAt(facts.layers, 'layers');
      const stack = encoder('a', { ...options, layers, scalePositions: true });
      return ({ src, pos }, weights) =>
        stack.apply(withPrefix(weights, 'a.'), { tokens: tokensOf(src, pos, memoryMask), pass });
    }
    case 'decoder layer': {
      const layer = decoderLayer('a', options);
      return ({ tgt, memory, pos, query_pos }, weights) =>
        layer.apply(withPrefix(weights, 'a.'), {
          content: row(tgt),
          positions: row(query_pos),
          mask: queryMask,
          memory: tokensOf(memory, pos, memoryMask),
          placedMemory: add(row(memory), row(pos)),
          pass,
        });
    }
    case 'decoder layer with anchors': {
      const useQueryPosition = facts.is_first === true || facts.keep_query_pos === true;
      const layer = dabDecoderLayer('a', { ...options, useQueryPosition });
      return ({ tgt, memory, pos, query_pos, query_sine_embed }, weights) =>
        layer.apply(withPrefix(weights, 'a.'), {
          content: row(tgt),
          positions: row(query_pos),
          sine: row(query_sine_embed),
          mask: queryMask,
          memory: tokensOf(memory, pos, memoryMask),
          pass,
        });
    }
  }
}

/** The kind of block, recognised by its inputs and weights. */
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
  throw new FixtureError(`${caseName}: these inputs fit no known block: expected in.q, in.src or in.tgt`);
}

function tokensOf(features: Tensor2D | undefined, positions: Tensor2D | undefined, mask: Tokens['mask']): Tokens {
  return { features: row(features), positions: row(positions), mask };
}

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
