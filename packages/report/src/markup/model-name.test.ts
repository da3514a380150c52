import { expect, it } from 'vitest';
import { modelName } from './model-name.ts';

const parts = (name: string) => [...modelName(name).text.matchAll(/<span>([^<]*)<\/span>/g)].map(([, part]) => part);

it('breaks names between their parts, but not within numbers', () => {
  expect(parts('dn-detr')).toEqual(['dn-detr']);
  expect(parts('dn-detr+denoising.groups=0+denoising.labelNoise=0.25')).toEqual([
    'dn-detr',
    '+denoising',
    '.groups=0',
    '+denoising',
    '.labelNoise=0.25',
  ]);
});

it('lets parts that are too long break anywhere', () => {
  expect(parts(`dn-detr+${'x'.repeat(30)}`)).toEqual(['dn-detr']);
  expect(modelName(`dn-detr+${'x'.repeat(30)}`).text).toContain('<wbr>+xxx');
});
