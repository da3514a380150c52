/** What DN-DETR (Li et al., CVPR 2022) says, as what should differ between two models of each kept result. */
import type { Fact, Figure } from './facts.ts';

export const baseline = 'dn-detr+denoising.groups=0';

/** The paper has AP; AP50 is less near to 0 at this scale. */
const above = (says: string, model: string, against: string): Fact => ({
  ...{ says, model, against },
  ...{ expected: 'higher', figures: ['AP50', 'AP'] },
});

const withDenoising = (says: string, expected: Fact['expected'], figure: Figure): Fact => ({
  ...{ says, model: 'dn-detr', against: baseline },
  ...{ expected, figures: [figure] },
});

export const paper: Readonly<Record<string, readonly Fact[]>> = {
  convergence: [
    above('AP is higher with denoising', 'dn-detr', baseline),
    withDenoising('a step takes longer (13 % there)', 'higher', 'seconds a step'),
    withDenoising('anchors lie nearer to the boxes they answer for', 'lower', 'distance of anchors'),
    withDenoising('matching is less unstable', 'lower', 'IS / (2M)'),
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
