/** No check depends on names or sizes: the recorded fixtures pass under other names, with other keys and sizes. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { SafeTensor } from '@dn-detr/core/weights';
import { useBackend } from '@dn-detr/runtime';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { formatReport } from '../report.ts';
import { runParity } from '../run.ts';
import {
  drop,
  editedFixtures,
  expectAllPass,
  type Json,
  keepCases,
  recorded,
  renameCases,
} from '../testing/edited-fixture.ts';

const { folder, runEdited } = editedFixtures();
beforeAll(() => useBackend('wasm'));

describe('a second fixture of a kind', () => {
  it('resnet: passes with other depths, stages and sizes of corners', () => {
    const report = runEdited('resnet_deep', (content) => keepCases(content, ['r34_odd', 'r101_dc5']));
    expectAllPass(report, 2);
    expect(report.fixtures[0]?.uncovered).toEqual([]);
  });

  it('resnet: passes with another name of the network and only one stage', () => {
    const report = runEdited('resnet', (content) => {
      keepCases(content, ['r18_hash']);
      renameCases(content, () => 'small.one');
      const { json, tensors } = content;
      const [facts] = Object.values(json.cases) as { arch: string; features: Json }[];
      Object.assign(facts as Json, { arch: 'my_resnet', features: { C4: facts?.features.C4 }, grad_image: undefined });
      json.state_dict = { my_resnet: (json.state_dict as Json).resnet18 };
      drop(tensors, /C3|C5|grad_image/);
    });
    expectAllPass(report, 1);
    expect(report.fixtures[0]?.cases[0]?.keys).toHaveLength(8);
  });

  it('resnet: names the weight that does not fit our network', () => {
    const report = runEdited('resnet', (content) => {
      keepCases(content, ['r18_hash']);
      const entries = (content.json.state_dict as Record<string, { name: string; shape: number[] }[]>).resnet18;
      const grouped = entries?.find(({ name }) => name === 'layer2.1.conv2.weight');
      if (grouped) grouped.shape[1] = 4;
    });
    expect(report.fixtures[0]?.cases[0]?.problems).toEqual([
      'layer2.1.conv2.weight: our network has [128, 128, 3, 3], found [128, 4, 3, 3]',
    ]);
  });

  it('efficientnet: passes with another variant, odd sides, and a network name without its family', () => {
    const report = runEdited('efficientnet_odd', (content) => {
      renameCases(content, (name) => `${name}.x`);
      for (const facts of Object.values(content.json.cases)) facts.arch = 'lite2';
      content.json.state_dict = { lite2: (content.json.state_dict as Json)['efficientnet-lite2'] };
      drop(content.tensors, /S8/);
    });
    expectAllPass(report, 2);
    expect(report.fixtures[0]?.uncovered).toEqual([]);
  });

  it('efficientnet: fails if a level or the gradient differs', () => {
    const report = runEdited('efficientnet_odd', (content) => {
      keepCases(content, ['lite2_odd']);
      const facts = content.json.cases.lite2_odd as { features: Record<string, Json>; grad_image: Json };
      Object.assign(facts.features.S16 as Json, { sum: 1 });
      Object.assign(facts.grad_image, { abs_sum: 1 });
    });
    const problems = report.fixtures[0]?.cases[0]?.problems.map((text) => text.split(':')[0]);
    expect(problems).toEqual(['S16.sum', 'grad_image.abs_sum']);
  });

  it.each([
    ['passes', 1],
    ['fails', 3],
  ])('efficientnet: %s if a sum that cancels is off by %i ten-thousandths of its magnitudes', (outcome, share) => {
    const report = runEdited('efficientnet_odd', (content) => {
      keepCases(content, ['lite2_odd']);
      const { grad_image } = content.json.cases.lite2_odd as { grad_image: { sum: number; abs_sum: number } };
      grad_image.sum += share * 1e-4 * grad_image.abs_sum;
    });
    const problems = report.fixtures[0]?.cases[0]?.problems.map((text) => text.split(':')[0]);
    expect(problems).toEqual(outcome === 'passes' ? [] : ['grad_image.sum']);
  });

  it('efficientnet: skips cases whose weights are not on this machine, and names the expected file', () => {
    vi.stubEnv('XDG_CACHE_HOME', folder());
    const report = runEdited('efficientnet', (content) => keepCases(content, ['lite0_imagenet_wide']));
    expect([report.passed, report.failed]).toEqual([0, 0]);
    const place = path.join(folder(), 'dn-detr', 'weights', 'efficientnet-lite0-57934424.pth');
    expect(report.fixtures[0]?.skipped).toEqual([
      { name: 'lite0_imagenet_wide', reason: `its weights are missing: there is no file ${place}` },
    ]);
    expect(formatReport(report)).toContain(`skipped efficientnet lite0_imagenet_wide: its weights are missing`);
    mkdirSync(path.dirname(place), { recursive: true });
    writeFileSync(place, 'other weights');
    expect(runParity(folder()).fixtures[0]?.cases[0]?.problems[0]).toMatch(
      /57934424.pth has SHA-256 .*, expected 5793/,
    );
    vi.unstubAllEnvs();
  });

  it.each([
    ['blocks', 14],
    ['deformable_blocks', 18],
    ['two_stage', 12],
    ['msda', 4],
    ['position_encoding', 5],
    ['matcher', 14],
    ['focal_ce', 6],
    ['criterion_dn', 6],
    ['criterion_detr', 5],
    ['criterion_dino', 7],
    ['dn_prepare', 10],
    ['cdn_prepare', 7],
    ['postprocess', 4],
    ['lsap', 60],
    ['adamw', 3],
    ['box_ops', 5],
  ] as const)('%s: passes with other names of cases, with dots in them', (name, count) => {
    const names = new Map<string, string>();
    const rename = (old: string): string => {
      names.set(old, names.get(old) ?? `case ${names.size}.x`);
      return names.get(old) as string;
    };
    expectAllPass(
      runEdited(name, (content) => renameCases(content, rename)),
      count,
    );
  });

  it('blocks: passes without attention weights and gradients', () => {
    const report = runEdited('blocks', ({ tensors }) => drop(tensors, /\.(attn|gin\..*|gw\..*)$/));
    expectAllPass(report, 14);
    expect(report.fixtures[0]?.cases.map(({ keys }) => keys)).toEqual(Array(14).fill(['out']));
  });

  it('blocks: rejects an unknown activation', () => {
    const report = runEdited('blocks', (content) => {
      keepCases(content, ['decdab_first']);
      Object.assign(content.json.cases.decdab_first as Json, { activation: 'gelu' });
    });
    expect(report.fixtures[0]?.cases[0]?.problems).toEqual(['activation: expected relu or prelu, found "gelu"']);
  });

  it('position_encoding: passes with other temperatures, and queries named in the JSON', () => {
    const report = runEdited('position_encoding', ({ json, tensors }) => {
      // The same numbers under names that mean the same.
      const twin = (from: string, to: string) => tensors.set(to, tensors.get(from) as SafeTensor);
      twin('map1.detr_t10000', 'map1.hw_t10000_t10000');
      twin('map1.detr_t10000', 'map1.detr');
      twin('map1.detr_unnorm', 'map1.hw_t10000_unnorm');
      twin('map0.hw_t20', 'map0.detr_t20');
      Object.assign(json.cases, { query2: {}, query4: {} });
    });
    expectAllPass(report, 5);
    expect(report.fixtures[0]?.uncovered).toEqual([]);
  });

  it('position_encoding: fails if a temperature differs', () => {
    const report = runEdited('position_encoding', ({ tensors }) => {
      tensors.set('map0.hw_t30', tensors.get('map0.hw_t20') as SafeTensor);
    });
    expect(report.failed).toBe(1);
  });

  it.each(['model_dn_h64_other', 'model_detr_x'])('models: passes under the kind %s', (kind) => {
    const report = runEdited(
      kind.startsWith('model_dn') ? 'model_dn_patterns' : 'model_detr_conv',
      ({ json, tensors }) => {
        json.fixture = kind;
        drop(tensors, /^(eval_.*|hs|memory|pos|references)$/);
      },
      kind,
    );
    expectAllPass(report, 1);
  });

  it('models: passes with one step instead of three', () => {
    const report = runEdited('model_dn_conv', ({ json, tensors }) => {
      json.steps = (json.steps as unknown[]).slice(0, 1);
      const tolerances = json.tolerances as Json[];
      json.tolerances = [{ keys: 'after1.*', rtol: 1, atol: 1 }, ...tolerances];
      for (const [key, tensor] of tensors) {
        if (!key.startsWith('after3.')) continue;
        tensors.delete(key);
        tensors.set(key.replace('after3', 'after1'), tensor);
      }
    });
    expectAllPass(report, 1);
  });

  it('models: take weights of losses, betas and epsilon from the fixture', () => {
    const edited = (path: string, value: unknown) =>
      runEdited('model_detr_conv', ({ json }) => {
        const [object, key] = path.split('.') as [string, string];
        (json[object] as Json)[key] = value;
      }).fixtures[0]?.cases[0]?.problems ?? [];
    expect(edited('weight_dict.loss_bbox', 4)[0]).toBe(
      'weight_dict.loss_bbox_0 is 5, loss_bbox is 4: expected the same for all layers',
    );
    expect(edited('optimizer.betas', [0.5, 0.9]).some((text) => text.startsWith('after3.'))).toBe(true);
    expect(edited('optimizer.eps', 1)).not.toEqual([]);
  });

  it('state_dict_names: passes with other names, depths, layers and classes', () => {
    // Three encoder layers and 80 classes fewer.
    const fewer = (name: string): number => (/^(class_embed|class_labels_classifier|label_enc)\./.test(name) ? 80 : 0);
    const shrink = (entries: unknown[]): unknown[] =>
      (entries as [string, number[], string, (string | null)?][])
        .filter(([name]) => !/encoder\.layers\.[345]\./.test(name))
        .map(([name, shape, ...rest]) => [
          name,
          shape.map((axis, i) => (i === 0 ? axis - fewer(name) : axis)),
          ...rest,
        ]);
    const report = runEdited('state_dict_names', ({ json }) => {
      const models = json.models as Record<string, unknown[]>;
      json.models = Object.fromEntries(Object.values(models).map((entries, i) => [`other.${i}`, shrink(entries)]));
    });
    expectAllPass(report, 6);
  });

  it('state_dict_names: fails on a name and on a shape that differ from ours', () => {
    const report = runEdited('state_dict_names', ({ json }) => {
      const models = json.models as Record<string, [string, number[]][]>;
      const [first, second] = [models.original_detr_r50, models.original_dn_dab_detr_r50];
      first?.push(['transformer.encoder.layers.0.norm9.weight', [256]]);
      const linear = second?.find(([name]) => name === 'transformer.decoder.layers.3.linear1.weight');
      if (linear) linear[1] = [1024, 256];
    });
    expect(report.failed).toBe(2);
  });

  it('hf_small: passes without the tensors between images and boxes', () => {
    const report = runEdited('hf_small', (content) => {
      keepCases(content, ['detr_bottleneck_hash', 'dab_basic_hash']);
      renameCases(content, (name) => `case.${name}`);
      drop(content.tensors, /\.(c5|proj|\w+_last_hidden_state)$/);
      for (const facts of Object.values(content.json.cases)) delete facts.query_spread;
    });
    expect(report.fixtures[0]?.cases.map(({ keys }) => keys)).toEqual(Array(2).fill(['logits', 'pred_boxes']));
    expectAllPass(report, 2);
  });

  it('hf_small: rejects a decoder whose sizes differ from those of its encoder', () => {
    const report = runEdited('hf_small', (content) => {
      keepCases(content, ['dab_basic_hash']);
      const [facts] = Object.values(content.json.cases) as { config: Json }[];
      Object.assign(facts?.config as Json, { decoder_attention_heads: 8 });
    });
    expect(report.fixtures[0]?.cases[0]?.problems[0]).toMatch(
      /decoder_attention_heads: expected 4 as in the encoder, found 8$/,
    );
  });

  it('lsap: passes with a total that cancels', () => {
    const report = runEdited('lsap', (content) => {
      keepCases(content, ['m02']);
      const data = Float32Array.of(0.1, 1e12, 1e12, 1e12, 1e9, 1e12, 1e12, 1e12, -1e9);
      content.tensors.set('m02.cost', { dtype: 'F32', shape: [3, 3], data });
      for (const key of ['rows', 'cols']) {
        content.tensors.set(`m02.${key}`, { dtype: 'I32', shape: [3], data: Int32Array.of(0, 1, 2) });
      }
      const total = Math.fround(0.1);
      content.json.cases.m02 = { kind: 'x', shape: [3, 3], status: 'ok', total, unique: true };
    });
    expectAllPass(report, 1);
  });

  it('box_ops: passes with only one variant', () => {
    const report = runEdited('box_ops', ({ tensors }) => drop(tensors, /\.(detr\..*|union|a_back)$/));
    expectAllPass(report, 5);
  });

  it('coco_eval: passes with ids that are strings', () => {
    for (const file of ['small_gt', 'small_dt']) {
      const json = JSON.parse(readFileSync(path.join(recorded, `coco_eval_${file}.json`), 'utf8')) as unknown;
      const asText = (key: string, value: unknown) => (/^(category_)?id$/.test(key) ? String(value) : value);
      writeFileSync(path.join(folder(), `coco_eval_${file}.json`), JSON.stringify(json, asText));
    }
    const report = runEdited('coco_eval', ({ json }) => {
      json.cases = { small: json.cases.small as Json };
      const facts = json.cases.small as { category_ids: unknown[] };
      facts.category_ids = facts.category_ids.map(String);
    });
    expectAllPass(report, 1);
  });

  it.each(['matcher', 'dn_prepare', 'cdn_prepare'])('%s: fails if objects are counted wrongly', (name) => {
    const report = runEdited(name, ({ tensors }) => {
      for (const [key, tensor] of tensors) {
        if (!key.endsWith('.gt_counts')) continue;
        const counts = Int32Array.from(tensor.data);
        counts[counts.length - 1] = (counts.at(-1) ?? 0) + 5;
        tensors.set(key, { shape: tensor.shape, dtype: 'I32', data: counts });
      }
    });
    expect(report.failed).toBeGreaterThan(0);
    expect(report.fixtures[0]?.cases.flatMap(({ problems }) => problems).join()).toMatch(
      /gt_counts add up to \d+, but there are \d+ gt_labels/,
    );
  });

  it('coco_eval: fails on a sample of precision outside the curves', () => {
    const { fixtures } = runEdited('coco_eval', ({ json }) => {
      for (const facts of Object.values(json.cases)) {
        const [sample] = facts.precision_checks as number[][];
        if (sample) sample[2] = 999;
        facts.files = (facts.files as string[]).map((file) => path.relative(folder(), path.join(recorded, file)));
      }
    });
    expect(fixtures[0]?.cases.map(({ pass }) => pass)).toEqual(fixtures[0]?.cases.map(() => false));
    expect(fixtures[0]?.cases[0]?.problems.join()).toMatch(/is outside the curves/);
  });

  it('fails if a case stores none of the outputs', () => {
    const report = runEdited('box_ops', (content) => {
      keepCases(content, ['mixed']);
      drop(content.tensors, /\.(?!a_xyxy|b_xyxy)[^.]+$/);
    });
    expect(report.fixtures[0]?.cases[0]?.problems).toEqual([
      'none of the outputs that the check computes is stored for this case',
    ]);
  });
});
