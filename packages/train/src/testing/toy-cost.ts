/** A term of the matching cost: later queries cost more, so that the first ones are matched to objects. */
import type { CustomCost } from '@dn-detr/matcher';

export const orderCost = (weight: number): CustomCost => ({
  name: 'order',
  weight,
  cost({ queries }, { labels }, out) {
    for (let g = 0; g < labels.length; g++) for (let q = 0; q < queries; q++) out[g * queries + q] = q / queries;
  },
});
