/**
 * What fraction of the known labels is replaced by a random class, with the default box noise: γ from 0 to 0.5. The new label
 * may equal the old one, so a fraction γ (1 − 1 / classes) of them is wrong.
 *
 * Claim: AP as a function of the noise scale is an inverted U.
 * Source: DN-DETR (Li et al., CVPR 2022), the figure of noise scales; 0.2 is chosen there.
 * Command: `npm start -- ablate label-noise`.
 * Time: half an hour for 3 seeds (two CPU cores). Result with the recipe `quick`, 5 seeds, AP50: 0 .29, 0.2 .30, 0.5 .32: no
 * difference beyond the spread of the seeds (docs/results.md).
 */
import type { AblationFile } from './ablation.ts';

export default {
  name: 'label-noise',
  title: 'fraction of known labels replaced by a random class, γ',
  claim: 'AP rises with label noise and falls again when there is too much of it',
  source: 'DN-DETR, figure of noise scales: 0.2 is chosen',
  scale: 'label noise, γ',
  cells: [0, 0.1, 0.2, 0.35, 0.5].map((noise) => ({
    name: `${noise}`,
    value: noise,
    set: { 'denoising.labelNoise': noise },
  })),
} satisfies AblationFile;
