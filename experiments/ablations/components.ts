/**
 * Which part of denoising does what: noised boxes, noised labels, both, and both without the attention mask.
 *
 * Claim: each part helps, boxes more than labels; without the mask matching queries see the ground truth, and the model
 * falls far below the one without denoising.
 * Source: DN-DETR (Li et al., CVPR 2022), the table of ablations (with one group: `--set denoising.groups=1`): 42.2 without
 * denoising, 43.0 with boxes, 43.4 with both, 24.0 without the mask.
 * Command: `npm start -- ablate components`.
 * Time: half an hour for 3 seeds (two CPU cores). Result with the recipe `quick`, 5 seeds, AP50: none .16, boxes .29,
 * labels .33, both .30, without the mask .02 (docs/results.md).
 */
import type { AblationFile } from './ablation.ts';

export default {
  name: 'components',
  title: 'noise in boxes, in labels, in both; both without the attention mask',
  claim: 'boxes and labels both help, boxes more; without the mask the model falls far below the one without denoising',
  source: 'DN-DETR, table of ablations: 42.2 without, 43.0 boxes, 43.4 both, 24.0 without mask',
  cells: [
    { name: 'none', set: { 'denoising.groups': 0 } },
    { name: 'boxes', set: { 'denoising.labelNoise': 0 } },
    { name: 'labels', set: { 'denoising.centerNoise': 0, 'denoising.sizeNoise': 0 } },
    { name: 'both', set: {} },
    { name: 'both, no mask', set: { 'denoising.isolate': 'nothing' } },
  ],
} satisfies AblationFile;
