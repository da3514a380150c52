import { describe, expect, it } from 'vitest';
import { CheckpointError } from './checkpoint-error.ts';
import { PthTensor, Storage } from './pth/tensor.ts';
import { findStateDict } from './state-dict.ts';

function tensor(value: number): PthTensor {
  const storage = new Storage('F32', 1);
  storage.bytes = new Uint8Array(Float32Array.of(value).buffer);
  return new PthTensor(storage, { shape: [1], strides: [1], offset: 0 });
}

/** A dictionary as read from a pickle: objects become dictionaries, and numbers become tensors. */
type Saved = { readonly [key: string]: Saved | number | string | null };
const saved = (value: Saved): Map<string, unknown> =>
  new Map(
    Object.entries(value).map(([key, item]) => [
      key,
      typeof item === 'number' ? tensor(item) : typeof item === 'object' && item !== null ? saved(item) : item,
    ]),
  );

/** Weights of a DETR, just enough to recognise it. */
const detr = (value: number, prefix = ''): Saved => ({
  [`${prefix}query_embed.weight`]: value,
  [`${prefix}class_embed.bias`]: value,
});
const unknown = (value: number): Saved => ({ 'encoder.weight': value, 'decoder.weight': value });

describe('findStateDict', () => {
  it.each<[string, Saved, string, string[]]>([
    ['the object itself', detr(1), '', []],
    ['model', { model: detr(1), optimizer: { state: { exp_avg: 2 } }, epoch: 'x' }, 'model', []],
    ['state_dict', { meta: { epoch: '1' }, state_dict: detr(1) }, 'state_dict', []],
    ['model_state_dict', { model_state_dict: detr(1), best: 5 }, 'model_state_dict', []],
    ['ema', { ema: detr(1), epoch: '3' }, 'ema', []],
    ['ema.module', { ema: { module: detr(1), updates: 7 } }, 'ema.module', []],
    ['model_ema', { model_ema: detr(1) }, 'model_ema', []],
    ['an unknown name', { kept: detr(1) }, 'kept', []],
    ['two levels of other names', { a: { b: detr(1) } }, 'a.b', []],
    ['names after a prefix', { state_dict: detr(1, 'model.') }, 'state_dict', []],
    ['model before averages', { ema: { module: detr(2) }, model: detr(1) }, 'model', ['ema.module']],
    ['state_dict before averages', { state_dict_ema: detr(2), state_dict: detr(1) }, 'state_dict', ['state_dict_ema']],
    ['model before state_dict', { state_dict: detr(2), model: detr(1) }, 'model', ['state_dict']],
    ['the first of unusual ones', { student: detr(1), teacher: detr(2) }, 'student', ['teacher']],
    ['model before the object itself', { ...detr(2), model: detr(1) }, 'model', ['the top']],
    ['a known model before an unknown one', { model: unknown(2), net: detr(1) }, 'net', []],
    ['weights, not moments', { optim: { exp_avg: detr(2) }, net: detr(1) }, 'net', []],
    ['the unknown one with most tensors', { score: 2, state_dict: unknown(1) }, 'state_dict', []],
    ['model of two that are unknown', { ema: unknown(2), model: unknown(1) }, 'model', []],
  ])('finds %s', (_, file, path, others) => {
    const found = findStateDict(saved(file));
    expect(found).toMatchObject({ path, others });
    for (const { data } of found.tensors.values()) expect(data).toEqual(Float32Array.of(1));
  });

  it('leaves out everything that is not a tensor', () => {
    const { tensors } = findStateDict(saved({ ...detr(1), epoch: 'three', nothing: null, nested: { deeper: 'x' } }));
    expect([...tensors.keys()]).toEqual(['query_embed.weight', 'class_embed.bias']);
  });

  it.each<[string, unknown, string]>([
    ['something other than a dictionary', [tensor(1)], 'found object'],
    ['no tensors', saved({ epoch: 'x', args: { lr: 'y' } }), 'found a dictionary of epoch, args'],
    ['tensors without names', new Map([[0, tensor(1)]]), 'found a dictionary of 0'],
    ['only an optimiser', saved({ optimizer: { moments: detr(1) } }), 'found a dictionary of optimizer'],
  ])('rejects %s', (_, file, message) => {
    expect(() => findStateDict(file)).toThrow(CheckpointError);
    expect(() => findStateDict(file)).toThrow(message);
  });
});
