/**
 * Box conversions, IoU, GIoU and non-maximum suppression, and the types of an image's objects and of dense targets.
 *
 * @module @dn-detr/boxes
 */
export { clipBoxes, cxcywhToXyxy, toAbsolute, toNormalized, xyxyToCxcywh } from './convert.ts';
export { checkDenseTargets, type DenseTargets } from './dense-targets.ts';
export { inverseSigmoid } from './inverse-sigmoid.ts';
export { type NmsOptions, nms } from './nms.ts';
export { checkObjects, type Objects, type ObjectsCheck, ObjectsError } from './objects.ts';
export {
  boxArea,
  elementwiseGiou,
  elementwiseIou,
  giouAt,
  iouAt,
  overlapEpsilon,
  pairwiseGiou,
  pairwiseIou,
  pairwiseUnion,
} from './overlap.ts';
