/**
 * How many groups of known queries to use: each group has every object once, with its own noise.
 *
 * Claim: more groups help, each additional one by less.
 * Source: DN-DETR (Li et al., CVPR 2022), the table of groups, R50: none 42.2, one 43.4, five 44.1.
 * Command: `npm start -- ablate groups`.
 * Time: half an hour for 3 seeds (two CPU cores). Result with the recipe `quick`, 5 seeds, AP50: none .16, one .28, two .32,
 * five .30 (docs/results.md).
 */
import type { AblationFile } from './ablation.ts';

export default {
  name: 'groups',
  title: 'how many groups of known queries',
  claim: 'more groups help, each additional one by less',
  source: 'DN-DETR, table of groups: none 42.2, one 43.4, five 44.1',
  scale: 'groups of known queries',
  cells: [0, 1, 2, 3, 5, 8].map((groups) => ({
    name: `${groups}`,
    value: groups,
    set: { 'denoising.groups': groups },
  })),
} satisfies AblationFile;
