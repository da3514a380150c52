/**
 * The channel of the content that tells known from matching queries.
 *
 * Claim: none in the paper, which has the indicator without an ablation of it.
 * Source: DN-DETR (Li et al., CVPR 2022), section on label embedding.
 * Command: `npm start -- ablate indicator`.
 * Time: 15 minutes of 3 seeds (two CPU cores). Result at the size of `quick`, 5 seeds, AP50: with .30, without .32: no
 * difference beyond that of seeds (docs/results.md).
 */
import type { AblationFile } from './ablation.ts';

export default {
  name: 'indicator',
  title: 'the channel that tells known from matching queries: with, without',
  claim: 'none: the paper has the indicator without an ablation of it',
  source: 'DN-DETR, label embedding',
  cells: [
    { name: 'with', set: { 'model.indicator': true } },
    { name: 'without', set: { 'model.indicator': false } },
  ],
} satisfies AblationFile;
