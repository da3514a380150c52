/** No check of deformable attention depends on the names and sizes of the cases for which it was written. */
import { useBackend } from '@dn-detr/runtime';
import { beforeAll, describe, expect, it } from 'vitest';
import { drop, editedFixtures, expectAllPass, type Json, keepCases, renameCases } from '../testing/edited-fixture.ts';

const { runEdited } = editedFixtures();
beforeAll(() => useBackend('wasm'));

describe('a second fixture of deformable attention', () => {
  it.each([
    ['model_dn_deformable_conv', 'model_dn_deformable_h64_other'],
    ['model_deformable_two_stage', 'model_deformable_x'],
    ['model_dino_conv', 'model_dino_h64_other'],
    ['model_dino_variant', 'model_dino_x'],
  ])('models: passes %s under another kind, %s, with fewer tensors stored', (name, kind) => {
    const report = runEdited(
      name,
      ({ json, tensors }) => {
        json.fixture = kind;
        drop(tensors, /^(pos|src|level_mask)\.\d|^(enc_|dn_|eval_|topk|interm_|init_|references)/);
      },
      kind,
    );
    expectAllPass(report, 1);
  });

  it('criterion_dino: fails if the loss of the encoder differs', () => {
    const report = runEdited('criterion_dino', (content) => {
      keepCases(content, ['c0']);
      const facts = content.json.cases.c0 as { losses: Json; total: number };
      facts.losses.loss_bbox_interm = 1;
      facts.total += 0.1;
    });
    const problems = report.fixtures[0]?.cases[0]?.problems.map((text) => text.split(':')[0]);
    expect(problems).toEqual(['losses', 'total']);
  });

  it('deformable_blocks, msda: passes without gradients', () => {
    const blocks = runEdited('deformable_blocks', (content) => {
      keepCases(content, ['encoder', 'decoder_dab', 'decoder_dino', 'sine4']);
      drop(content.tensors, /\.(gin|gw)\./);
    });
    expectAllPass(blocks, 4);
    expect(blocks.fixtures[0]?.cases.map(({ keys }) => [...keys].sort())).toEqual([
      ['out.out', 'reference_points', 'valid_ratios'],
      ['out.hs', 'out.references', 'valid_ratios'],
      ['out.hs', 'out.references', 'valid_ratios'],
      ['embed'],
    ]);
    const msda = runEdited('msda', ({ tensors }) => drop(tensors, /\.(cot|grad_.*|gin\..*|gw\..*)$/));
    expectAllPass(msda, 4);
    expect(msda.fixtures[0]?.cases.map(({ keys }) => keys)).toEqual(Array(4).fill(['out']));
  });

  it('deformable_init: passes with fewer encoder layers, and names a parameter with other initial values', () => {
    type Start = [
      name: string,
      shape: number[],
      mean: number,
      deviation: number,
      largest: number,
      constant: number | null,
    ];
    const report = runEdited('deformable_init', ({ json }) => {
      const facts = json.cases.dn_deformable as { parameters: Start[] };
      const dino = json.cases.dino as { parameters: Start[] };
      const side = Math.fround(Math.log(0.05 / 0.95));
      const size: Start = ['transformer.two_stage_wh_embedding.weight', [1, 2], side, 0, -side, side];
      json.cases = {
        'x.y': { parameters: facts.parameters.filter(([name]) => !/encoder\.layers\.0\./.test(name)) },
        z: { parameters: [...dino.parameters.filter(([name]) => !/decoder\.layers\.1\.|tgt_embed/.test(name)), size] },
      };
    });
    expectAllPass(report, 2);
    const problems = (change: (start: Start) => void, wanted: string): readonly string[] =>
      runEdited('deformable_init', ({ json }) => {
        json.cases = { dn_deformable: json.cases.dn_deformable as Json };
        const { parameters } = json.cases.dn_deformable as { parameters: Start[] };
        for (const start of parameters) if (start[0] === wanted) change(start);
      }).fixtures[0]?.cases[0]?.problems ?? [];
    const bias = 'transformer.decoder.layers.1.linear1.bias';
    const enlarge = (start: Start) => {
      start[3] *= 1.1;
      start[4] *= 1.1;
    };
    expect(problems(enlarge, bias)).toEqual([
      expect.stringMatching(`^deviation.${bias}: element 0 differs by`),
      expect.stringMatching(`^largest.${bias}: element 0 differs by`),
      expect.stringMatching(/^copies: element \d+ differs by/),
    ]);
    const constant = (start: Start) => {
      start[5] = 0.01;
    };
    expect(problems(constant, 'input_proj.0.0.bias')[0]).toMatch(/^constant.input_proj.0.0.bias: element 0 differs by/);
  });

  it('state_dict_names_deformable: passes with other names, depths, layers, levels and classes', () => {
    const shrink = (entries: unknown[]): unknown[] =>
      (entries as [string, number[], string, (string | null)?][])
        .filter(([name]) => !/encoder\.layers\.[345]\.|input_proj\.3/.test(name))
        .map(([name, shape, ...rest]) => {
          const fewer = /class_embed|label_enc/.test(name) ? 80 : 0;
          const first = /level_embed/.test(name) ? 3 : /sampling_offsets|attention_weights/.test(name) ? 0.75 : 0;
          const axis = (size: number): number => (first >= 1 ? first : first > 0 ? size * first : size - fewer);
          return [name, shape.map((size, i) => (i === 0 ? axis(size) : size)), ...rest];
        });
    const report = runEdited('state_dict_names_deformable', ({ json }) => {
      const models = Object.values(json.models as Record<string, unknown[]>);
      json.models = Object.fromEntries(models.map((entries, i) => [`other.${i}`, shrink(entries)]));
    });
    expectAllPass(report, 7);
  });

  it('hf_deformable: passes without the tensors between images and boxes', () => {
    const report = runEdited('hf_deformable', (content) => {
      renameCases(content, (name) => `case.${name}`);
      drop(content.tensors, /\.(features\.\d|attention_mask|init_.*|intermediate_.*|enc.*|topk)$/);
      for (const facts of Object.values(content.json.cases)) delete facts.query_spread;
    });
    expect(report.fixtures[0]?.cases.map(({ keys }) => keys)).toEqual(Array(3).fill(['logits', 'pred_boxes']));
    expectAllPass(report, 3);
  });
});
