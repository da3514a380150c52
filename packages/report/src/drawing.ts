/**
 * SVG drawings of photographs, detections, known queries and their masks.
 *
 * @module @dn-detr/report/drawing
 */
export {
  detectionsDrawing,
  enlargement,
  type Labelled,
  type NamedDetection,
} from './drawing/detections-drawing.ts';
export { groupColor } from './drawing/group-colors.ts';
export { type QueryImage, type Slot, slotsOf } from './drawing/known-queries.ts';
export { knownQueriesDrawing } from './drawing/known-queries-drawing.ts';
export { boundaries, groupStrip, maskDrawing } from './drawing/mask-drawing.ts';
export {
  type BoxStyle,
  boxOutline,
  boxTags,
  frameOf,
  greyed,
  type Photo,
  photo,
  storedPhoto,
} from './drawing/photo.ts';
export { clipped, drawing, hatching, placed, px, shortened, svgFile, text, textWidth } from './drawing/svg.ts';
