/**
 * How far known boxes are moved and resized, with the default label noise: λ1 = λ2 from 0 to 1.
 *
 * Claim: AP as a function of the noise scale is an inverted U.
 * Source: DN-DETR (Li et al., CVPR 2022), the figure of noise scales; 0.4 is chosen there.
 * Command: `npm start -- ablate box-noise`.
 * Time: half an hour for 3 seeds (two CPU cores). Result with the recipe `quick`, 5 seeds, AP50: 0 .33, 0.4 .30, 0.8 .29: no
 * inverted U (docs/results.md).
 */
import type { AblationFile } from './ablation.ts';

export default {
  name: 'box-noise',
  title: 'noise of known boxes, λ1 = λ2',
  claim: 'AP rises with box noise and falls again when there is too much of it',
  source: 'DN-DETR, figure of noise scales: best near 0.4',
  scale: 'box noise, λ1 = λ2',
  cells: [0, 0.2, 0.4, 0.6, 0.8, 1].map((noise) => ({
    name: `${noise}`,
    value: noise,
    set: { 'denoising.centerNoise': noise, 'denoising.sizeNoise': noise },
  })),
} satisfies AblationFile;
