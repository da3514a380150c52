/** The six classes of shapes, and the distractors that resemble them. */
import { circles, type Outline, polygon } from './outline.ts';

/** A polygon with `count` corners at equal angles, the first at the top, on each of `radii` in rotation. */
function cornersOn(count: number, ...radii: number[]): Outline {
  const points = Array.from({ length: count }, (_, i) => {
    const angle = (2 * Math.PI * i) / count - Math.PI / 2;
    const radius = radii[i % radii.length] as number;
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  });
  return polygon(points.flat());
}

const crossArm = 0.33;

/** Upright outlines around the origin, of any size: the placement scales them. */
export const shapeOutlines = {
  disc: circles(1),
  square: polygon([-1, -1, 1, -1, 1, 1, -1, 1]),
  triangle: cornersOn(3, 1),
  ring: circles(1, 0.55),
  cross: polygon(
    [
      [-crossArm, -1, crossArm, -1, crossArm, -crossArm],
      [1, -crossArm, 1, crossArm, crossArm, crossArm],
      [crossArm, 1, -crossArm, 1, -crossArm, crossArm],
      [-1, crossArm, -1, -crossArm, -crossArm, -crossArm],
    ].flat(),
  ),
  star: cornersOn(10, 1, 0.45),
} as const satisfies Record<string, Outline>;

/** The name of a shape that can be drawn. */
export type ShapeClass = keyof typeof shapeOutlines;

/** The shapes that can be drawn, in the order of their labels. */
export const shapeClasses = Object.keys(shapeOutlines) as ShapeClass[];

const halfCircle = Array.from({ length: 13 }, (_, i) => [Math.cos((Math.PI * i) / 12), Math.sin((Math.PI * i) / 12)]);

/** Outlines of things in the scene that are not objects: bars, chevrons, half discs. */
export const distractorOutlines: readonly Outline[] = [
  polygon([-1, -0.06, 1, -0.06, 1, 0.06, -1, 0.06]),
  polygon([-1, -0.17, 1, -0.17, 1, 0.17, -1, 0.17]),
  polygon([-1, 0.5, 0, -0.5, 1, 0.5, 0.65, 0.5, 0, -0.15, -0.65, 0.5]),
  polygon(halfCircle.flat()),
];
