/** Tests that links are valid, and that a researcher’s first questions are answered within two clicks from the README. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { root } from '@dn-detr/testing/readme';
import { describe, expect, it } from 'vitest';
import { anchorsOf, linksOf, pages } from './markdown.ts';

describe.each(pages)('%s', (page) => {
  it('has no broken link', () => {
    const broken = linksOf(page).filter(({ file, anchor }) => {
      if (file === undefined) return false;
      if (!existsSync(path.join(root, file))) return true;
      return anchor !== undefined && !anchorsOf(file).includes(anchor);
    });
    expect(broken.map(({ target }) => target)).toEqual([]);
  });
});

/**
 * Questions that users of DETR, DN-DETR, DINO and detrex have asked their authors again and again, and the section that
 * answers each.
 */
const questions = {
  'My category ids are 1 to 90, or have gaps: how many classes do I set?': 'docs/faq.md#how-many-classes-do-i-set',
  'What becomes of images without objects?': 'docs/faq.md#what-becomes-of-images-without-objects',
  'AP is 0 after hundreds of steps: is my set-up broken?': 'docs/faq.md#ap-stays-at-0-what-is-wrong',
  'How many steps does training need, and when does the learning rate drop?':
    'docs/faq.md#how-many-steps-do-i-need-and-when-does-the-learning-rate-drop',
  'What do the label embedding and its indicator do?': 'docs/concepts.md#label-embedding-and-indicator',
  'How far does the box noise move a box, and is DINO’s scale 0.4 or 1.0?': 'docs/concepts.md#denoising-queries',
  'Why must the matching queries not see the denoising queries, and how are they kept apart?':
    'docs/concepts.md#groups-and-masks',
  'Why do the matching cost and the loss have different terms?': 'docs/concepts.md#matching',
  'How do I add denoising to a decoder of my own?': 'packages/dn/README.md#into-your-own-decoder',
  'How do I start from a checkpoint of DN-DETR or DINO, with other classes?': 'docs/from-detrex.md#checkpoints',
};

it.each(Object.entries(questions))('%s → %s', (_, answer) => {
  const [page = '', anchor = ''] = answer.split('#');
  expect(anchorsOf(page)).toContain(anchor);
  const clicks = linksOf('README.md').filter(({ file }) => file !== undefined);
  const isAnswer = (link: { readonly file: string | undefined; readonly anchor: string | undefined }): boolean =>
    link.file === page && link.anchor === anchor;
  const behind = clicks.flatMap(({ file }) => (file?.endsWith('.md') ? linksOf(file) : []));
  expect([...clicks, ...behind].some(isAnswer), 'within two clicks').toBe(true);
});
