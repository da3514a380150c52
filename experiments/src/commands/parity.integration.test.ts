import { fileURLToPath } from 'node:url';
import { useBackend } from '@dn-detr/runtime';
import { describe, expect, it } from 'vitest';
import { program } from '../testing/program.ts';

const recorded = fileURLToPath(new URL('../../../test/fixtures/parity', import.meta.url));

const { name: best } = await useBackend();

const run = (...args: string[]) => program('parity', '--backend', 'cpu', ...args);

describe('parity', () => {
  it('prints a table', async () => {
    const { code, stdout, stderr } = await run('--dir', recorded, '--only', 'adamw');
    expect(stdout).toMatch(/adamw .* groups_clip .* pass/);
    expect(stdout).toContain('3 passed, 0 failed');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  it('prints one JSON document with --json', async () => {
    const { stdout } = await run('--dir', recorded, '--only', 'adamw', 'formula', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ passed: 17, failed: 0, uncovered: [] });
  });

  it('holds whole models to the references on WASM too', async () => {
    const models = ['model_deformable_refine_conv', 'model_detr_conv', 'model_dino_conv', 'model_dino_variant'];
    models.push('model_dn_conv', 'model_dn_patterns');
    const { stdout } = await run('--backend', 'wasm', '--dir', recorded, '--only', 'box_ops', ...models, '--json');
    const { failed, fixtures } = JSON.parse(stdout);
    expect(failed, stdout).toBe(0);
    expect(fixtures.map(({ name }: { name: string }) => name)).toEqual(['box_ops', ...models]);
  });

  it.skipIf(best !== 'tensorflow')('holds deformable attention to the references on native TensorFlow', async () => {
    const blocks = ['msda', 'deformable_blocks', 'two_stage', 'hf_deformable'];
    const models = ['', '_refine_conv', '_two_stage', '_two_stage_h256_hash'].map((end) => `model_deformable${end}`);
    const dnModels = ['', '_conv', '_h256_hash'].map((end) => `model_dn_deformable${end}`);
    const dinoModels = ['', '_conv', '_variant', '_h256_hash'].map((end) => `model_dino${end}`);
    const names = [...blocks, ...models, ...dnModels, ...dinoModels];
    const { stdout } = await run('--backend', 'tensorflow', '--dir', recorded, '--only', ...names, '--json');
    const { failed, fixtures } = JSON.parse(stdout);
    expect(failed, stdout).toBe(0);
    expect(fixtures.map(({ name }: { name: string }) => name)).toEqual(names.sort());
  });

  it('exits with 1 if the folder does not exist, and says what was expected', async () => {
    expect(await run('--dir', '/no/such/folder')).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'error: there is no folder /no/such/folder: expected a folder of <name>.json files with optional <name>.safetensors\n',
    });
  });
});
