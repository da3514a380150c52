/**
 * The page of a comparison.
 *
 * @module @dn-detr/report/page
 */
export { reportPage } from './page/page.ts';
