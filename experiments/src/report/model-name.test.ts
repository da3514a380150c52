import { expect, it } from 'vitest';
import { html } from './html.ts';
import { modelName, modelNameList } from './model-name.ts';

const parts = (name: string) => [...modelName(name).text.matchAll(/<span>([^<]*)<\/span>/g)].map(([, part]) => part);

it('breaks names between their parts, and no number', () => {
  expect(parts('dn-detr')).toEqual(['dn-detr']);
  expect(parts('dn-detr+denoising.groups=0+denoising.labelNoise=0.25')).toEqual([
    'dn-detr',
    '+denoising',
    '.groups=0',
    '+denoising',
    '.labelNoise=0.25',
  ]);
});

it('lists names', () => {
  const text = (names: string[]) => html`${modelNameList(names)}`.text.replaceAll(/<[^>]*>/g, '');
  expect([[], ['a'], ['a', 'b'], ['a', 'b', 'c']].map(text)).toEqual(['', 'a', 'a and b', 'a, b and c']);
});

it('lets a part that is too long break anywhere', () => {
  expect(parts(`dn-detr+${'x'.repeat(30)}`)).toEqual(['dn-detr']);
  expect(modelName(`dn-detr+${'x'.repeat(30)}`).text).toContain('<wbr>+xxx');
});
