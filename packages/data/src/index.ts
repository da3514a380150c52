export type { Category, Dataset, DatasetImage, ImageObjects, RgbImage } from './dataset.ts';
export { DataError } from './error.ts';
