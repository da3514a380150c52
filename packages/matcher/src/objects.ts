/** The annotated objects of one image: what queries are matched with. */
export interface ObjectTargets {
  /** `[G]`: classes, counted from 0 */
  readonly labels: Int32Array;
  /** cxcywh in 0..1, `[G, 4]` */
  readonly boxes: Float32Array;
}

/**
 * @param numClasses labels are below it
 * @param where how messages begin, such as `image 3: `
 * @throws RangeError if there are not four box numbers a label, a label is out of range or a box is not finite
 */
export function checkObjects({ labels, boxes }: ObjectTargets, numClasses: number, where = ''): void {
  if (boxes.length !== 4 * labels.length) {
    throw new RangeError(
      `${where}expected 4 x ${labels.length} = ${4 * labels.length} box numbers for ${labels.length} labels, got ${boxes.length}`,
    );
  }
  for (const [object, label] of labels.entries()) {
    if (label >= 0 && label < numClasses) continue;
    throw new RangeError(`${where}the label of object ${object} is ${label}: expected 0..${numClasses - 1}`);
  }
  const invalid = boxes.findIndex((value) => !Number.isFinite(value));
  if (invalid >= 0) {
    throw new RangeError(`${where}the box of object ${Math.floor(invalid / 4)} holds ${boxes[invalid]}`);
  }
}
