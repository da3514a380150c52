/** Colours of the groups of known queries. They lie over images, so they are the same in light and dark mode. */
import { colors } from './detections-drawing.ts';

/** Starts with blue, and leaves out grey, which marks elements outside groups. */
const order = [0, 1, 2, 4, 3, 5, 6].map((i) => colors[i] as string);

/**
 * The colour of a group of known queries, or of an object.
 *
 * @param group - Number of the group or object, from 0.
 */
export const groupColor = (group: number): string => order[group % order.length] as string;
