/** What DN-DETR (Li et al., CVPR 2022) says, as what should differ between two models of each kept result. */
import type { Fact } from './facts.ts';

const [withDenoising, without] = ['dn-detr', 'dn-detr+denoising.groups=0'];

const above = (says: string, model: string, against: string): Fact => ({
  ...{ says, model, against },
  ...{ figure: 'AP50', expected: 'higher' },
});

export const paper: Readonly<Record<string, readonly Fact[]>> = {
  convergence: [
    above('AP is higher with denoising', withDenoising, without),
    {
      ...{ says: 'a step takes longer (13 % there)', model: withDenoising, against: without },
      ...{ figure: 'seconds a step', expected: 'higher' },
    },
    {
      ...{ says: 'anchors lie nearer to the boxes they answer for', model: withDenoising, against: without },
      ...{ figure: 'distance of anchors', expected: 'lower' },
    },
    {
      ...{ says: 'matching is less unstable', model: withDenoising, against: without },
      ...{ figure: 'IS / 2M', expected: 'lower' },
    },
  ],
  components: [
    above('without the mask AP falls far below the model without denoising', 'none', 'both, no mask'),
    above('noised boxes help', 'boxes', 'none'),
    above('noised labels help', 'labels', 'none'),
    above('boxes help more than labels', 'boxes', 'labels'),
    above('labels add to boxes', 'both', 'boxes'),
  ],
  groups: [
    above('one group is better than none', '1', '0'),
    above('two are better than one', '2', '1'),
    above('five are better than two', '5', '2'),
  ],
  'box-noise': [above('some noise is better than none', '0.4', '0'), above('and than too much', '0.4', '0.8')],
  'label-noise': [above('some noise is better than none', '0.2', '0'), above('and than too much', '0.2', '0.5')],
};
