/** The annotated objects of one image: what queries are matched with. */
export interface ObjectTargets {
  /** `[G]`: classes, counted from 0 */
  readonly labels: ArrayLike<number>;
  /** cxcywh in 0..1, `[G, 4]` */
  readonly boxes: ArrayLike<number>;
}

const extents = [
  [2, 'width'],
  [3, 'height'],
] as const;

/**
 * @param numClasses labels are below it
 * @param where how messages begin, such as `image 3: `
 * @throws RangeError if there are not four box numbers a label, a label is out of range, or a box is not finite or
 *   of negative size
 */
export function checkObjects({ labels, boxes }: ObjectTargets, numClasses: number, where = ''): void {
  const count = labels.length;
  if (boxes.length !== 4 * count) {
    const expected = `4 x ${count} = ${4 * count} box numbers for ${count} labels`;
    throw new RangeError(`${where}expected ${expected}, got ${boxes.length}`);
  }
  for (let object = 0; object < count; object++) {
    const label = labels[object] as number;
    if (!Number.isInteger(label) || label < 0 || label >= numClasses) {
      throw new RangeError(`${where}the label of object ${object} is ${label}: expected 0..${numClasses - 1}`);
    }
    for (let k = 4 * object; k < 4 * object + 4; k++) {
      if (!Number.isFinite(boxes[k])) throw new RangeError(`${where}the box of object ${object} holds ${boxes[k]}`);
    }
    for (const [k, name] of extents) {
      const extent = boxes[4 * object + k] as number;
      if (extent < 0) throw new RangeError(`${where}the ${name} of object ${object} is ${extent}: expected 0 or more`);
    }
  }
}
