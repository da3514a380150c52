export {
  type CocoEvaluation,
  type EvaluationOptions,
  evaluateDetections,
  type PrecisionRecall,
  precisionRecall,
} from './coco/evaluate.ts';
export { type CocoFigures, figureNames } from './coco/figures.ts';
export { CocoFormatError } from './coco/format-error.ts';
export type { ImageDetections, ImageTruth } from './coco/images.ts';
export type { AreaName } from './coco/protocol.ts';
export { type CocoResults, readCocoResults } from './coco/results-file.ts';
export { formatFigures } from './coco/table.ts';
export { type CocoCategory, type CocoTruth, readCocoTruth } from './coco/truth-file.ts';
