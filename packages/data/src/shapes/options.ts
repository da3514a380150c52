/** Options for the shapes. */
import { DataError } from '../error.ts';
import { requireBoolean, requireCount, requireKnown, requireNumber, shown } from '../option-checks.ts';
import { type ShapeClass, shapeClasses } from './classes.ts';

/** A range, both ends included. */
export interface Between {
  readonly least: number;
  readonly most: number;
}

/** The drawn content, and the number of images. */
export interface ShapesOptions {
  /** Number of training images. @defaultValue 1000 */
  readonly train?: number;
  /** Number of validation images. @defaultValue 200 */
  readonly val?: number;
  /** Seed; a different seed gives different images. @defaultValue 0 */
  readonly seed?: number;
  /** Size in pixels: the side of square images, or width and height. @defaultValue 128 */
  readonly size?: number | { readonly width: number; readonly height: number };
  /** Names of classes, or how many of disc, square, triangle, ring, cross, star. @defaultValue all 6 */
  readonly classes?: number | readonly ShapeClass[];
  /**
   * Number of objects per image; fewer where `visible` leaves no room for more.
   *
   * @defaultValue `{ least: 1, most: 8 }`
   */
  readonly objects?: Partial<Between>;
  /**
   * Longer side of an object's box, as a fraction of the image's shorter side. In small images, both defaults are
   * raised to at least 5 pixels.
   *
   * @defaultValue `{ least: 0.08, most: 0.45 }`
   */
  readonly scale?: Partial<Between>;
  /** Whether objects are turned by a random angle; false leaves them upright. @defaultValue true */
  readonly rotation?: boolean;
  /** Minimum fraction of an object that later ones leave uncovered; 1 for no occlusion. @defaultValue 0.4 */
  readonly visible?: number;
  /** True for single-colour backgrounds, without distractors. @defaultValue false */
  readonly plain?: boolean;
}

/** Options with all defaults filled in. */
export interface ShapesSettings {
  readonly train: number;
  readonly val: number;
  readonly seed: number;
  readonly width: number;
  readonly height: number;
  readonly classes: readonly ShapeClass[];
  readonly objects: Between;
  readonly scale: Between;
  readonly rotation: boolean;
  readonly visible: number;
  readonly plain: boolean;
}

/** Below this number of pixels, classes cannot be told apart. */
const leastPixels = 4;

const names = ['train', 'val', 'seed', 'size', 'classes', 'objects', 'scale', 'rotation', 'visible', 'plain'];

/** @throws DataError if an option is unknown, has the wrong type or is out of range */
export function shapesSettings(options: ShapesOptions = {}): ShapesSettings {
  requireKnown('shapes', options, names);
  const { train = 1000, val = 200, seed = 0, size = 128, rotation = true, visible = 0.4, plain = false } = options;
  const { width, height } = typeof size === 'object' ? size : { width: size, height: size };
  requireCount('shapes.train', train, 0);
  requireCount('shapes.val', val, 0);
  requireCount('shapes.seed', seed, 0);
  if (typeof size === 'object') requireKnown('shapes.size', size, ['width', 'height']);
  const least = 2 * leastPixels;
  requireCount(typeof size === 'object' ? 'shapes.size.width' : 'shapes.size', width, least);
  requireCount(typeof size === 'object' ? 'shapes.size.height' : 'shapes.size', height, least);
  requireBoolean('shapes.rotation', rotation);
  requireBoolean('shapes.plain', plain);
  requireNumber('shapes.visible', visible, 0, 1);

  const side = Math.min(width, height);
  const objects = between('objects', options.objects, { least: 1, most: 8 });
  requireCount('shapes.objects.least', objects.least, 0);
  requireCount('shapes.objects.most', objects.most, 0);
  const scale = between('scale', options.scale, { least: Math.max(0.08, 5 / side), most: Math.max(0.45, 5 / side) });
  requireNumber('shapes.scale.least', scale.least, 0, 1);
  requireNumber('shapes.scale.most', scale.most, 0, 1);
  if (scale.least * side < leastPixels) {
    const pixels = (scale.least * side).toFixed(1);
    throw new DataError(
      `shapes.scale.least is ${scale.least}: objects of ${pixels} pixels in images of ${side} cannot be told apart; expected at least ${leastPixels / side}`,
    );
  }
  const classes = classesOf(options.classes);
  return { train, val, seed, width, height, classes, objects, scale, rotation, visible, plain };
}

/** Fills in a range's missing ends from the defaults; a default gives way where the ends would cross. */
function between(name: string, given: Partial<Between> = {}, defaults: Between): Between {
  if (typeof given !== 'object' || given === null) {
    throw new DataError(`shapes.${name} is ${shown(given)}: expected { least, most }`);
  }
  requireKnown(`shapes.${name}`, given, ['least', 'most']);
  const least = given.least ?? Math.min(defaults.least, given.most ?? defaults.least);
  const most = given.most ?? Math.max(defaults.most, least);
  if (least > most) {
    throw new DataError(`shapes.${name}.least is ${least}: expected at most shapes.${name}.most, which is ${most}`);
  }
  return { least, most };
}

function classesOf(classes: ShapesOptions['classes'] = shapeClasses): readonly ShapeClass[] {
  if (!Array.isArray(classes)) {
    if (Number.isInteger(classes) && (classes as number) >= 1 && (classes as number) <= shapeClasses.length) {
      return shapeClasses.slice(0, classes as number);
    }
    throw new DataError(
      `shapes.classes is ${shown(classes)}: expected 1 to ${shapeClasses.length}, or a list of names`,
    );
  }
  const wrong = classes.find((name) => !shapeClasses.includes(name));
  if (wrong !== undefined) {
    throw new DataError(`shapes.classes has ${shown(wrong)}: expected names among ${shapeClasses.join(', ')}`);
  }
  if (classes.length === 0) throw new DataError('shapes.classes is empty: expected at least one name');
  if (new Set(classes).size < classes.length) throw new DataError('shapes.classes names a class twice');
  return classes;
}
