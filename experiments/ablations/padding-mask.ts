/**
 * Whether padded slots of known queries are hidden from attention. In the reference implementation they are not.
 *
 * Claim: none in the paper; users of the reference asked (detrex, issue 343) what it does.
 * Source: `dn_components.py` of IDEA-Research/DN-DETR, whose mask separates groups but does not hide padding.
 * Command: `npm start -- ablate padding-mask`.
 * Time: 15 minutes for 3 seeds (two CPU cores). Result with the recipe `quick`, 5 seeds, AP50: hidden .30, seen .30
 * (docs/results.md).
 */
import type { AblationFile } from './ablation.ts';

export default {
  name: 'padding-mask',
  title: 'padded known queries: hidden from attention, or seen as in the reference',
  claim: 'none: the reference does not hide padding, and the paper does not mention it',
  source: 'dn_components.py of DN-DETR',
  cells: [
    { name: 'hidden', set: { 'denoising.maskPadding': true } },
    { name: 'seen', set: { 'denoising.maskPadding': false } },
  ],
} satisfies AblationFile;
