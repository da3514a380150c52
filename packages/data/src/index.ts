export type { Category, Dataset, DatasetImage, ImageObjects, RgbImage } from './dataset.ts';
export { DataError } from './error.ts';
export { type TrainingObjects, trainingObjects } from './training-objects.ts';
