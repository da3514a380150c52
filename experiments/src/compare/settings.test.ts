import { describe, expect, it } from 'vitest';
import { smallConfig } from '../train/testing/small-run.ts';
import { settingsOf } from './settings.ts';

describe('settingsOf', () => {
  const denoisingOf = (settings: Record<string, unknown>) =>
    Object.keys(settingsOf(smallConfig(settings as never))).filter((key) => key.startsWith('denoising.'));

  it('leaves out how there is denoising where there is none', () => {
    expect(denoisingOf({ 'model.name': 'dn-detr' })).toContain('denoising.labelNoise');
    expect(denoisingOf({ 'model.name': 'dn-detr', 'denoising.groups': 0 })).toEqual(['denoising.groups']);
    expect(denoisingOf({ 'model.name': 'dab-detr' })).toEqual([]);
  });

  it('leaves out the seed', () => {
    expect(settingsOf(smallConfig({ seed: 4 }))).toEqual(settingsOf(smallConfig({ seed: 5 })));
  });
});
