import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CheckpointError } from '../checkpoint-error.ts';
import type { SafeTensor } from '../elements.ts';
import { translateTensors } from './translate.ts';

/** Names and shapes of full-size checkpoints: `[name, shape, kind, name on disk if it differs]`. */
type Listed = Record<string, [name: string, shape: number[], kind: string, disk?: string | null][]>;
const listed = (fixture: string): Listed => {
  const file = new URL(`../../../../../test/fixtures/parity/${fixture}.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { models: Listed }).models;
};
const models = { ...listed('state_dict_names'), ...listed('state_dict_names_deformable') };

const zeros = (shape: readonly number[]): SafeTensor => ({
  dtype: 'U8',
  shape,
  data: new Uint8Array(shape.reduce((product, axis) => product * axis, 1)),
});

const numbers = (...data: number[]): SafeTensor => ({
  dtype: 'F32',
  shape: [data.length],
  data: Float32Array.from(data),
});

const onDisk = (model: string): Map<string, SafeTensor> =>
  new Map(
    (models[model] ?? []).flatMap(([name, shape, , disk = name]) => (disk === null ? [] : [[disk, zeros(shape)]])),
  );

const shapesOf = (tensors: ReadonlyMap<string, SafeTensor>) =>
  Object.fromEntries([...tensors].map(([name, { shape }]) => [name, shape]));

describe('translateTensors', () => {
  it.each([
    ['hf_detr_timm_resnet50', 'original_detr_r50', []],
    ['hf_detr_hf_resnet50', 'original_detr_r50', []],
    // Only DN-DETR embeds labels.
    ['hf_dab_detr_timm_resnet50', 'original_dn_dab_detr_r50', ['label_enc.weight']],
    ['hf_dab_detr_hf_resnet50', 'original_dn_dab_detr_r50', ['label_enc.weight']],
  ])('gives all of %s the names and shapes of %s', (from, to, missing) => {
    const expected = shapesOf(translateTensors(onDisk(to)).tensors);
    for (const name of missing) delete expected[name];
    expect(shapesOf(translateTensors(onDisk(from)).tensors)).toEqual(expected);
  });

  const [plain, refined, twoStage] = ['', '_refine', '_two_stage'].map((kind) => `original_deformable_detr${kind}_r50`);
  it.each([
    [plain, 'Deformable DETR', 'transformer.decoder.bbox_embed', 0],
    [refined, 'Deformable DETR with box refinement', 'transformer.decoder.bbox_embed', 6],
    [twoStage, 'two-stage Deformable DETR', 'transformer.decoder.class_embed', 7],
    ['original_dn_deformable_detr_r50', 'DN-Deformable-DETR', 'transformer.decoder.bbox_embed', 6],
  ])('keeps the names of %s, with each head once', (model, source, head, count) => {
    const stored = onDisk(model as string);
    const { tensors, ...rest } = translateTensors(stored);
    expect(rest).toEqual({ source, prefix: '', others: [] });
    const left = [...stored.keys()].filter((name) => !tensors.has(name));
    const own = count === 0 ? /^(class|bbox)_embed\.[1-5]\./ : count === 6 ? /^bbox_embed\./ : /^(class|bbox)_embed\./;
    expect(left).toEqual([...stored.keys()].filter((name) => own.test(name)));
    const heads = [...tensors.keys()].map((name) => name.startsWith(`${head}.`) && name.split('.')[3]);
    expect(new Set(heads).size - 1).toBe(count);
  });

  /** DINO's heads `[layer, class head, box head]`, listed twice as in its files. */
  const dinoHeads = (...heads: readonly (readonly [number, number])[]): Map<string, SafeTensor> =>
    new Map([
      ...heads.flatMap(([classes, boxes], i) =>
        ['', 'transformer.decoder.'].flatMap((prefix): [string, SafeTensor][] => [
          [`${prefix}class_embed.${i}.weight`, numbers(classes)],
          [`${prefix}bbox_embed.${i}.layers.0.weight`, numbers(boxes)],
        ]),
      ),
      ['transformer.enc_out_class_embed.weight', numbers(7)],
    ]);
  const [dinoClasses, dinoBoxes] = ['class_embed.#.weight', 'bbox_embed.#.layers.0.weight'].map(
    (name) => (layer: number) => `transformer.decoder.${name.replace('#', `${layer}`)}`,
  ) as [(layer: number) => string, (layer: number) => string];

  it('joins the heads that DINO lists for every layer if they are equal', () => {
    const stored = onDisk('original_dino_4scale_r50');
    const { tensors, ...rest } = translateTensors(stored);
    expect(rest).toEqual({ source: 'DINO', prefix: '', others: [] });
    const left = [...stored.keys()].filter((name) => !tensors.has(name));
    const twice = /^(class|bbox)_embed\.|^transformer\.decoder\.(class|bbox)_embed\.[1-5]\./;
    expect(left).toEqual([...stored.keys()].filter((name) => twice.test(name)));
    expect([...tensors.keys()].filter((name) => /_embed\.\d/.test(name))).toHaveLength(2 + 6);
  });

  it('keeps all heads of DINO if some of them differ', () => {
    const names = (...heads: (readonly [number, number])[]) => [
      ...translateTensors(dinoHeads(...heads)).tensors.keys(),
    ];
    const encoder = 'transformer.enc_out_class_embed.weight';
    expect(names([1, 2], [1, 2])).toEqual([dinoClasses(0), dinoBoxes(0), encoder]);
    expect(names([1, 2], [1, 3])).toEqual([dinoClasses(0), dinoBoxes(0), dinoClasses(1), dinoBoxes(1), encoder]);
    const contradicting = dinoHeads([1, 2]).set('class_embed.0.weight', numbers(3));
    expect(() => translateTensors(contradicting)).toThrow(
      'two tensors are stored for transformer.decoder.class_embed.0.weight',
    );
  });

  it.each(['hf', 'timm'])(
    'gives Deformable DETR of Hugging Face with a ResNet of %s the names of the original',
    (kind) => {
      const { tensors, source } = translateTensors(onDisk(`hf_deformable_detr_${kind}_resnet50`));
      expect(source).toBe('Deformable DETR of Hugging Face transformers');
      expect(shapesOf(tensors)).toEqual(shapesOf(translateTensors(onDisk(plain as string)).tensors));
    },
  );

  /** A model with refinement as Hugging Face writes it, with the given number of class heads. */
  const hfRefined = (classHeads: number): Map<string, SafeTensor> =>
    new Map([
      ...[0, 1, 2].map((i) => [`model.decoder.bbox_embed.${i}.layers.0.weight`, numbers(i)] as const),
      ...Array.from({ length: classHeads }, (_, i) => [`class_embed.${i}.weight`, numbers(10 + i)] as const),
      ['model.reference_points.weight', numbers(7)],
    ]);
  const classHeadsOf = (stored: Map<string, SafeTensor>) =>
    [0, 1, 2, 3].map((i) => translateTensors(stored).tensors.get(`class_embed.${i}.weight`)?.data[0]);

  it('gives every layer the class head that a file of a refined model has once, or a separate one', () => {
    expect(translateTensors(hfRefined(1)).source).toBe(
      'Deformable DETR with box refinement of Hugging Face transformers',
    );
    expect(classHeadsOf(hfRefined(1))).toEqual([10, 10, 10, undefined]);
    expect(classHeadsOf(hfRefined(3))).toEqual([10, 11, 12, undefined]);
  });

  it('joins the heads that an older file lists for every layer of a plain model, if they are equal', () => {
    const stored = new Map([
      ['model.reference_points.weight', numbers(7)],
      ['class_embed.0.weight', numbers(1)],
      ['class_embed.1.weight', numbers(1)],
    ]);
    expect([...translateTensors(stored).tensors.keys()]).toEqual([
      'transformer.reference_points.weight',
      'class_embed.0.weight',
    ]);
    stored.set('class_embed.1.weight', numbers(2));
    expect(() => translateTensors(stored)).toThrow('two tensors are stored for class_embed.0.weight');
  });

  it('keeps the names of the original repositories, without the second listing of the box head', () => {
    const detr = onDisk('original_detr_r50');
    expect(shapesOf(translateTensors(detr).tensors)).toEqual(shapesOf(detr));
    const dab = onDisk('original_dn_dab_detr_r50');
    const twins = [...dab.keys()].filter((name) => name.startsWith('bbox_embed.'));
    expect(twins).toHaveLength(6);
    const { tensors, source } = translateTensors(dab);
    expect(source).toBe('DAB-DETR or DN-DETR');
    for (const name of twins) dab.delete(name);
    expect(shapesOf(tensors)).toEqual(shapesOf(dab));
  });

  it('puts a ResNet where detr has it', () => {
    const original = [...onDisk('original_detr_r50')].filter(([name]) => name.startsWith('backbone.'));
    const bare = new Map(original.map(([name, tensor]) => [name.replace('backbone.0.body.', ''), tensor]));
    bare.set('fc.weight', zeros([10, 2048])).set('bn1.num_batches_tracked', zeros([]));
    const { tensors, source } = translateTensors(bare);
    expect(source).toBe('a ResNet of torchvision or timm');
    expect(shapesOf(tensors)).toEqual({ ...shapesOf(new Map(original)), 'fc.weight': [10, 2048] });
  });

  const hfResnet = [...onDisk('hf_detr_hf_resnet50')].flatMap(([name, tensor]): [string, SafeTensor][] => {
    const prefix = 'model.backbone.conv_encoder.model.';
    return name.startsWith(prefix) ? [[name.slice(prefix.length), tensor]] : [];
  });

  it.each(['', 'resnet.'])('puts a ResNet of Hugging Face where detr has it, after the prefix %j', (prefix) => {
    const expected = [...onDisk('original_detr_r50')].filter(([name]) => name.startsWith('backbone.'));
    const file = new Map(hfResnet.map(([name, tensor]) => [prefix + name, tensor]));
    file.set('classifier.1.weight', zeros([10, 2048]));
    const { tensors, source } = translateTensors(file);
    expect(source).toBe('a ResNet of Hugging Face transformers');
    expect(shapesOf(tensors)).toEqual({ ...shapesOf(new Map(expected)), 'classifier.1.weight': [10, 2048] });
  });

  it('recognises EfficientNet-Lite, and a model that contains it', () => {
    const backbone = ['_conv_stem.weight', '_blocks.0._bn1.bias'].map((name) => [name, numbers(1)] as const);
    const own = ['transformer.decoder.bbox_embed.layers.0.weight', 'query_embed.weight'] as const;
    expect(translateTensors(new Map(backbone)).source).toBe('EfficientNet-Lite');
    for (const [name, source] of [
      [own[0], 'DAB-DETR or DN-DETR'],
      [own[1], 'DETR'],
    ] as const) {
      for (const prefix of ['', 'module.']) {
        const file = new Map([...backbone, [name, numbers(2)] as const].map(([key, value]) => [prefix + key, value]));
        expect(translateTensors(file)).toEqual({
          ...{ source, prefix, others: [] },
          tensors: new Map([...backbone, [name, numbers(2)]]),
        });
      }
    }
  });

  it('joins queries, keys and values in this order', () => {
    const prefix = 'model.encoder.layers.3.self_attn';
    const stored = new Map([
      [`${prefix}.v_proj.bias`, numbers(5, 6)],
      [`${prefix}.k_proj.bias`, numbers(3, 4)],
      [`${prefix}.q_proj.bias`, numbers(1, 2)],
      ['class_labels_classifier.weight', numbers()],
    ]);
    const { tensors } = translateTensors(stored);
    expect(tensors.get('transformer.encoder.layers.3.self_attn.in_proj_bias')).toEqual(numbers(1, 2, 3, 4, 5, 6));
    stored.set(`${prefix}.k_proj.bias`, numbers(3));
    expect(() => translateTensors(stored)).toThrow(
      'encoder.layers.3.self_attn.in_proj_bias needs projections of one type and shape, found F32 [2], F32 [1], F32 [2]',
    );
    stored.delete(`${prefix}.k_proj.bias`);
    expect(() => translateTensors(stored)).toThrow(CheckpointError);
    expect(() => translateTensors(stored)).toThrow('in_proj_bias needs projections of queries, keys and values');
  });

  it('joins two listings of one tensor if they agree', () => {
    const [first, second] = ['transformer.decoder.bbox_embed.layers.0.weight', 'bbox_embed.layers.0.weight'];
    const twins = (a: SafeTensor, b: SafeTensor) =>
      new Map([
        [second, a],
        [first, b],
      ]);
    expect(translateTensors(twins(numbers(1), numbers(1))).tensors).toEqual(new Map([[first, numbers(1)]]));
    expect(() => translateTensors(twins(numbers(1), numbers(2)))).toThrow(`two tensors are stored for ${first}`);
  });

  it('strips the prefix of a model trained on several devices, and keeps other tensors', () => {
    const wrapped = new Map([
      ['module.query_embed.weight', numbers(1)],
      ['module.backbone.0.body.bn1.num_batches_tracked', numbers(9)],
      ['criterion.empty_weight', numbers(2)],
    ]);
    expect(translateTensors(wrapped)).toEqual({
      source: 'DETR',
      prefix: 'module.',
      others: [],
      tensors: new Map([
        ['query_embed.weight', numbers(1)],
        ['criterion.empty_weight', numbers(2)],
      ]),
    });
    const unknown = new Map([['module.a', numbers(1)]]).set('b', numbers(2));
    expect(translateTensors(unknown)).toMatchObject({ source: 'an unknown model', prefix: '', tensors: unknown });
  });

  it('translates the names of a ResNet inside another model, and keeps the others', () => {
    const detector = new Map([
      ['backbone.layer1.0.conv1.weight', numbers(1)],
      ['backbone.conv1.weight', numbers(2)],
      ['bbox_head.fc.weight', numbers(3)],
    ]);
    expect([...translateTensors(detector).tensors.keys()]).toEqual([
      'backbone.0.body.layer1.0.conv1.weight',
      'backbone.0.body.conv1.weight',
      'bbox_head.fc.weight',
    ]);
  });

  const resnet = [...onDisk('original_detr_r50')]
    .filter(([name]) => name.startsWith('backbone.0.body.'))
    .map(([name, tensor]): [string, SafeTensor] => [name.replace('backbone.0.body.', ''), tensor]);
  const known = Object.keys(models).map((model): [string, Map<string, SafeTensor>] => [model, onDisk(model)]);
  const efficientnet = new Map(['_conv_stem.weight', '_bn0.bias'].map((name) => [name, zeros([1])]));
  it.each([
    ...known,
    ['a ResNet', new Map(resnet)] as const,
    ['a ResNet of Hugging Face', new Map(hfResnet)] as const,
    ['an EfficientNet-Lite', efficientnet] as const,
  ])('recognises the names of %s after any prefix', (_, plain) => {
    const expected = translateTensors(plain);
    expect(expected).toMatchObject({ prefix: '', others: [] });
    const part = fc.constantFrom('module', 'model', 'ema', '_orig_mod', 'detr', 'backbone', '0', 'body', 'net-2', 'é');
    const prefixes = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => `${parts.join('.')}.`);
    fc.assert(
      fc.property(prefixes, fc.boolean(), (prefix, withOthers) => {
        const others: [string, SafeTensor][] = withOthers ? [['criterion.empty_weight', numbers(1)]] : [];
        const stored = new Map([...others, ...[...plain].map(([name, tensor]) => [prefix + name, tensor] as const)]);
        const { tensors, ...rest } = translateTensors(stored);
        expect(rest).toEqual({ source: expected.source, prefix, others: [] });
        expect(shapesOf(tensors)).toEqual({ ...shapesOf(expected.tensors), ...shapesOf(new Map(others)) });
      }),
      { numRuns: 20 },
    );
  });

  it.each([
    [['ema.module.', 'model.'], 'model.'],
    [['model.', 'model_ema.'], 'model.'],
    [['swa_model.', 'student.', 'teacher.'], 'student.'],
    [['ema.', ''], ''],
  ])('of the same names behind %j takes those behind %j', (prefixes, taken) => {
    const stored = new Map(
      prefixes.map((prefix) => [`${prefix}query_embed.weight`, numbers(prefixes.indexOf(prefix))]),
    );
    const { prefix, others, tensors } = translateTensors(stored);
    expect(prefix).toBe(taken);
    expect([...others].sort()).toEqual(prefixes.filter((other) => other !== taken && other !== '').sort());
    expect(tensors.get('query_embed.weight')).toEqual(numbers(prefixes.indexOf(taken)));
  });
});
