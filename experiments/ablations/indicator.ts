/**
 * The channel of the content that tells known from matching queries.
 *
 * Claim: none in the paper, which has the indicator without an ablation of it.
 * Source: DN-DETR (Li et al., CVPR 2022), section on label embedding.
 * Command: `npm start -- ablate indicator`.
 * Time: 15 minutes for 3 seeds (two CPU cores). Result with the recipe `quick`, 5 seeds, AP50: with .30, without .32: no
 * difference beyond the spread of the seeds (docs/results.md).
 */
import type { AblationFile } from './ablation.ts';

export default {
  name: 'indicator',
  title: 'the channel that tells known from matching queries: with, without',
  claim: 'none: the paper uses the indicator but does not ablate it',
  source: 'DN-DETR, label embedding',
  cells: [
    { name: 'with', set: { 'model.indicator': true } },
    { name: 'without', set: { 'model.indicator': false } },
  ],
} satisfies AblationFile;
