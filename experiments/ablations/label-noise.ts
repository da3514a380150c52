/**
 * How many known labels are drawn anew, at the usual box noise: γ from 0 to 0.5. A new label may be the old one, so that
 * γ (1 − 1 / classes) of them are wrong.
 *
 * Claim: AP against the noise scale is an inverted U.
 * Source: DN-DETR (Li et al., CVPR 2022), the figure of noise scales; 0.2 is chosen there.
 * Command: `npm start -- ablate label-noise`.
 * Time: half an hour of 3 seeds (two CPU cores). Result at the size of `quick`, 5 seeds, AP50: 0 .29, 0.2 .30, 0.5 .32: no
 * difference beyond that of seeds (docs/results.md).
 */
import type { AblationFile } from './ablation.ts';

export default {
  name: 'label-noise',
  title: 'share of known labels drawn anew, γ',
  claim: 'AP rises with the noise of labels and falls again when there is too much of it',
  source: 'DN-DETR, figure of noise scales: 0.2 is chosen',
  scale: 'noise of labels, γ',
  cells: [0, 0.1, 0.2, 0.35, 0.5].map((noise) => ({
    name: `${noise}`,
    value: noise,
    set: { 'denoising.labelNoise': noise },
  })),
} satisfies AblationFile;
