/** The kinds of problems of a data set on disk, and their consequences. */

/**
 * The effect of a problem on training and evaluation.
 *
 * - `refuse`: training stops, at the start or when it reaches the place
 * - `drop`: something is left out
 * - `change`: something is used differently from what is written
 * - `note`: nothing changes, but the user should know
 */
export type Effect = 'refuse' | 'drop' | 'change' | 'note';

interface KindOfProblem {
  readonly title: string;
  readonly effect: Effect;
  readonly consequence: string;
}

/** Every kind of problem, the worst first. */
export const problemKinds = {
  'nothing-to-train': {
    title: 'nothing to train on',
    effect: 'refuse',
    consequence: 'training refuses the data set',
  },
  'nothing-to-evaluate': {
    title: 'nothing to evaluate on',
    effect: 'refuse',
    consequence: 'training refuses the data set, unless it is set to overfit a few images of train',
  },
  'unreadable-image': {
    title: 'images that cannot be read',
    effect: 'refuse',
    consequence: 'training stops when it reaches the image: replace it or take it out of the annotations',
  },
  'size-mismatch': {
    title: 'images of another size than annotated',
    effect: 'refuse',
    consequence: 'training stops when it reaches the image, because its boxes do not fit: annotate the image as it is',
  },
  'missing-image': {
    title: 'missing images',
    effect: 'drop',
    consequence: 'the image is left out, with its objects',
  },
  'damaged-image': {
    title: 'image files that are empty, cut off or not images',
    effect: 'drop',
    consequence: 'the image is left out, with its objects',
  },
  'unsupported-image': {
    title: 'image files that are not supported as they are',
    effect: 'drop',
    consequence: 'the image is left out, with its objects, until you do what the message says',
  },
  'unreadable-labels': {
    title: 'images with objects that cannot be read',
    effect: 'drop',
    consequence: 'the image is left out of training and evaluation: its objects would otherwise count as background',
  },
  'unusable-image': {
    title: 'images whose entry or annotation file cannot be used',
    effect: 'drop',
    consequence: 'the image is left out, with its objects',
  },
  'unannotated-image': {
    title: 'images without an annotation file',
    effect: 'drop',
    consequence: 'the image is left out, because its objects are unknown',
  },
  'duplicate-image-id': {
    title: 'image ids used twice',
    effect: 'drop',
    consequence:
      'one file named twice counts once; different files are left out, because their objects cannot be told apart',
  },
  'unknown-image': {
    title: 'objects of an image that is not listed',
    effect: 'drop',
    consequence: 'the object is left out of training and evaluation',
  },
  'unknown-class': {
    title: 'objects of an unknown class',
    effect: 'drop',
    consequence: 'its image is left out of training and evaluation',
  },
  'bad-object': {
    title: 'objects without a usable box',
    effect: 'drop',
    consequence: 'its image is left out of training and evaluation',
  },
  'difficult-object': {
    title: 'objects marked as difficult',
    effect: 'drop',
    consequence: 'treated as a crowd: left out of training; detecting it is neither right nor wrong in evaluation',
  },
  'empty-box': {
    title: 'boxes without an area inside the image',
    effect: 'drop',
    consequence: 'left out of training; kept in evaluation, as pycocotools does',
  },
  'outside-image': {
    title: 'boxes that leave the image',
    effect: 'change',
    consequence: 'cut at the border for training; kept as they are in evaluation, as pycocotools does',
  },
  'bad-value': {
    title: 'fields that cannot be used',
    effect: 'change',
    consequence: 'the value that the message names is used instead',
  },
  'duplicate-annotation-id': {
    title: 'annotation ids used twice',
    effect: 'note',
    consequence: 'both objects are used; pycocotools would mix them up',
  },
  'annotation-id-zero': {
    title: 'objects with the annotation id 0',
    effect: 'note',
    consequence: 'the object never counts as found in evaluation, as in pycocotools: number them from 1',
  },
  'duplicate-file-name': {
    title: 'images listed twice under different ids',
    effect: 'note',
    consequence: 'each entry is used as a separate image, with only its own objects',
  },
  'class-mismatch': {
    title: 'classes that differ between files',
    effect: 'change',
    consequence: 'classes with the same name are one class; the data set has the classes of all files',
  },
  'similar-classes': {
    title: 'classes whose names differ only in letter case',
    effect: 'note',
    consequence: 'they are different classes: rename one if they are meant to be the same',
  },
  'unused-class': {
    title: 'classes without an object in train',
    effect: 'note',
    consequence: 'the class is kept, unless it is only the supercategory of others; the model cannot learn it',
  },
  'other-name': {
    title: 'files found under another spelling',
    effect: 'change',
    consequence: 'the only file that differs just in letter case, Unicode form, encoding or extension is used',
  },
  'exif-rotation': {
    title: 'images with an EXIF rotation',
    effect: 'change',
    consequence: 'turned upright, unless the annotated size is that of the pixels as stored',
  },
  cmyk: {
    title: 'CMYK images',
    effect: 'change',
    consequence: 'converted to red, green and blue as in Pillow, without the colour profile',
  },
  'sixteen-bit': {
    title: 'images of more than 8 bits',
    effect: 'change',
    consequence: 'reduced to the 8 highest of 16 bits',
  },
  alpha: { title: 'images with transparency', effect: 'change', consequence: 'the alpha channel is dropped' },
  'extra-bands': {
    title: 'images with more bands than red, green and blue',
    effect: 'change',
    consequence: 'the bands that the message names are used, and the others are dropped',
  },
  animated: { title: 'images of several frames', effect: 'change', consequence: 'the first frame is used' },
  greyscale: { title: 'greyscale images', effect: 'note', consequence: 'the channel is used three times' },
  'voc-origin': {
    title: 'VOC boxes counted from another origin',
    effect: 'note',
    consequence: 'taken as the VOC origin says: 0 unless it is set to 1',
  },
  'empty-validation': {
    title: 'validation images without an object to find',
    effect: 'note',
    consequence: 'training runs, but AP and AR stay undefined (-1), and no checkpoint is the best',
  },
  leakage: {
    title: 'images in two splits',
    effect: 'note',
    consequence: 'used in both: results on the second split flatter the model',
  },
  'same-image-twice': {
    title: 'files with the same content in one split',
    effect: 'note',
    consequence: 'each is used as a separate image',
  },
  'boxed-twice': {
    title: 'objects that seem boxed twice (same class, IoU above 0.8)',
    effect: 'note',
    consequence: 'both are used: one-to-one matching assigns two queries to them',
  },
  'no-objects': {
    title: 'images without objects',
    effect: 'note',
    consequence: 'used as pictures of background',
  },
} as const satisfies Record<string, KindOfProblem>;

/** The kinds of problems, as `problemKinds` describes them. */
export type ProblemKind = keyof typeof problemKinds;

/** Something that is wrong in a data set, at one place. */
export interface Problem {
  readonly kind: ProblemKind;
  /** The path inside the data set's folder: an annotation file or an image. */
  readonly file: string;
  /** The line, field or object in that file, where the problem concerns only a part of it. */
  readonly field?: string;
  /** Description of the problem, and what to do about it. */
  readonly message: string;
}

/** The problems of each kind that occurs, the worst kinds first. */
export function problemsByKind(problems: readonly Problem[]): [ProblemKind, Problem[]][] {
  const groups = new Map<ProblemKind, Problem[]>();
  for (const problem of problems) {
    const group = groups.get(problem.kind);
    if (group) group.push(problem);
    else groups.set(problem.kind, [problem]);
  }
  const kinds = Object.keys(problemKinds) as ProblemKind[];
  return kinds.flatMap((kind) => {
    const group = groups.get(kind);
    return group ? [[kind, group] as [ProblemKind, Problem[]]] : [];
  });
}

/**
 * Explains why there is nothing to use: how many problems of each kind there are, and the first of each. Begins with a
 * line break; empty where no problem leaves anything out.
 */
export function firstOfEachKind(problems: readonly Problem[]): string {
  const lines = problemsByKind(problems).flatMap(([kind, found]) => {
    const { title, effect } = problemKinds[kind];
    if (effect !== 'drop' && effect !== 'refuse') return [];
    const { file, field, message } = found[0] as Problem;
    return `\n  ${title}: ${found.length}; the first: ${[file, field].filter(Boolean).join(', ')}: ${message}`;
  });
  return lines.join('');
}
