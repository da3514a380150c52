export type { Category, Dataset, DatasetImage, ImageObjects, RgbImage } from './dataset.ts';
export { DataError } from './error.ts';
export { type ShapeClass, shapeClasses } from './shapes/classes.ts';
export type { Between, ShapesOptions } from './shapes/options.ts';
export { shapesDataset } from './shapes/shapes.ts';
export { type TrainingObjects, trainingObjects } from './training-objects.ts';
