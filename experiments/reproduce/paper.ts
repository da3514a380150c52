/** Claims of DN-DETR (Li et al., CVPR 2022), as expected differences between models of each kept result. */
import type { Fact, Figure } from './facts.ts';

export const baseline = 'dn-detr+denoising.groups=0';

/** The paper reports AP; at this scale AP50 is farther from 0. */
const above = (says: string, models: string | readonly string[], against: string | readonly string[]): Fact => ({
  ...{ says, models: [models].flat(), against: [against].flat() },
  ...{ expected: 'higher', figures: ['AP50', 'AP'] },
});

const withDenoising = (says: string, expected: Fact['expected'], figure: Figure): Fact => ({
  ...{ says, models: ['dn-detr'], against: [baseline] },
  ...{ expected, figures: [figure] },
});

/** Claims that are not in the paper, but follow from it as the next question, are marked with "(ours)". */
export const paper: Readonly<Record<string, readonly Fact[]>> = {
  convergence: [
    above('AP is higher with denoising', 'dn-detr', baseline),
    withDenoising('a step takes longer (1.13 times there)', 'higher', 'seconds a step'),
    withDenoising('anchors are closer to the boxes they are matched with', 'lower', 'distance of anchors'),
    withDenoising('matching is less unstable', 'lower', 'IS / (2M)'),
  ],
  components: [
    above('without the mask AP falls far below the model without denoising', 'none', 'both, no mask'),
    above('noised boxes help', 'boxes', 'none'),
    above('labels add to boxes', 'both', 'boxes'),
    above('boxes gain more than labels added to them', ['boxes', 'boxes'], ['none', 'both']),
    above('(ours) noised labels alone help', 'labels', 'none'),
    above('(ours) boxes alone help more than labels alone', 'boxes', 'labels'),
  ],
  groups: [
    above('one group is better than none', '1', '0'),
    above('five are better than one', '5', '1'),
    above('the first gains more than the four after it', ['1', '1'], ['0', '5']),
    above('(ours) five are better than two', '5', '2'),
  ],
  'box-noise': [above('some noise is better than none', '0.4', '0'), above('and than too much', '0.4', '0.8')],
  'label-noise': [above('some noise is better than none', '0.2', '0'), above('and than too much', '0.2', '0.5')],
};
