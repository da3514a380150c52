/** Describes how a checkpoint and a model differ, and the likely reason. */
import type { Checkpoint } from './checkpoint.ts';
import type { SafeTensor } from './elements.ts';

/** Whether a name belongs to the backbone: detr's names, or EfficientNet-Lite's. */
const isBackbone = (name: string): boolean => /^(backbone|_conv_stem|_bn0|_blocks)\./.test(name);

/** Whether a name belongs to the layers that follow the backbone in an image classifier. */
const isClassifier = (name: string): boolean => /^(fc|classifier|_conv_head|_bn1|_fc)\./.test(name);

/** Whether a parameter's size depends on the number of classes: the class head and the label embedding. */
export const dependsOnClasses = (name: string): boolean =>
  /^(?:(?:transformer\.decoder\.)?class_embed|label_enc)\./.test(name);

/** The tensors in which a file and a model differ, by name. */
export interface Mismatch {
  /** Parameters that are not in the file. */
  readonly missing: readonly string[];
  /** Tensors that are not in the model. */
  readonly extra: readonly string[];
  /** Tensors whose shape or type differs from the model's; `expected` is in PyTorch's layout. */
  readonly misshaped: readonly {
    readonly name: string;
    readonly expected: readonly number[];
    readonly found: SafeTensor;
  }[];
}

/** Makes a message for users: every tensor at fault, with similar ones of several layers grouped, and what to do. */
export function describeMismatch({ file, source, tensors }: Checkpoint, mismatch: Mismatch): string {
  const { missing, extra, misshaped } = mismatch;
  const shapes = misshaped.map(({ name, expected, found }) => {
    const type = found.dtype.startsWith('F') ? '' : `${found.dtype} `;
    return `${name} ${type}[${found.shape.join(', ')}], expected [${expected.join(', ')}]`;
  });
  const lists = [
    ['missing', missing],
    ['of another shape', shapes],
    ['not in the model', extra],
  ] as const;
  const lines = lists.filter(([, items]) => items.length > 0).map(([what, items]) => `  ${what}: ${group(items)}`);
  const advice = advise([...tensors.keys()], mismatch, source);
  return [`${file} (weights of ${source}) does not fit the model:`, ...lines, advice].join('\n');
}

/** Makes the message for a file of which no tensor fits. */
export function describeNothing({ file, source, tensors }: Checkpoint, mismatch: Mismatch): string {
  const names = [...tensors.keys()];
  // If no name is known, the names of both sides say more than a guess.
  const examples =
    mismatch.misshaped.length > 0
      ? ''
      : ` Its names are ${some(mismatch.extra)}; the model's are ${some(mismatch.missing)}.`;
  const advice = isBackboneAlone(names)
    ? "It contains only a backbone, of another kind or size than the model's."
    : advise(names, mismatch, source);
  return (
    `${file} (weights of ${source}) has nothing for the model: none of its ${names.length} tensors has the name ` +
    `and the shape of a parameter.${examples} ${advice}`
  );
}

const some = (names: readonly string[]): string => `${names.slice(0, 2).join(', ')}${names.length > 2 ? ', …' : ''}`;

/**
 * Groups names that differ only in their layer, as `layers.#.norm1.weight (6 of them)`; shapes are kept as they are.
 */
function group(items: readonly string[]): string {
  const counts = new Map<string, string[]>();
  for (const item of items) {
    const pattern = item.replace(/(?<=\.)\d+(?=\.)/g, '#');
    counts.set(pattern, [...(counts.get(pattern) ?? []), item]);
  }
  return [...counts]
    .map(([pattern, alike]) => (alike.length === 1 ? alike[0] : `${pattern} (${alike.length} of them)`))
    .join('; ');
}

const isBackboneAlone = (names: readonly string[]): boolean =>
  names.every((name) => isBackbone(name) || isClassifier(name));

/** What to do about it, according to the likely cause. */
function advise(offered: readonly string[], { missing, extra, misshaped }: Mismatch, source: string): string {
  const wrong = [...missing, ...extra, ...misshaped.map(({ name }) => name)];
  const queries = misshaped.find(({ name }) => /^(query_embed|refpoint_embed)\.weight$/.test(name));
  if (isBackboneAlone(offered)) {
    return "It contains only a backbone: load it in the mode 'matching'.";
  }
  if (wrong.every(dependsOnClasses)) {
    return (
      'It has another number of classes, or comes from a model with or without denoising: build the model for its ' +
      "classes, or load it in the mode 'matching', which keeps the initial values of these parameters."
    );
  }
  if (queries !== undefined && wrong.length === 1) {
    return `It has ${queries.found.shape[0]} queries: build the model with as many.`;
  }
  if (['refpoint_embed.weight', 'query_embed.weight'].every((name) => wrong.includes(name))) {
    return `It comes from ${source}, but the model is a different one.`;
  }
  return 'It comes from another model, or from one with another backbone, width or number of layers.';
}
