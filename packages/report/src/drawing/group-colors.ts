/** Colours of the groups of known queries, the same in light and dark: they lie over images. */
import { colors } from './detections-drawing.ts';

/** From blue on; without grey, which is for what belongs to no group. */
const order = [0, 1, 2, 4, 3, 5, 6].map((i) => colors[i] as string);

/**
 * The colour of a group of known queries, or of an object.
 *
 * @param group from 0
 */
export const groupColor = (group: number): string => order[group % order.length] as string;
