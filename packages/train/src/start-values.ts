/** Start values from the checkpoint that a run is started from. */
import { loadParameters } from '@dn-detr/core';
import type { ParameterSpec } from '@dn-detr/core/nn';
import { dependsOnClasses, type LoadedParameters } from '@dn-detr/core/weights';
import { dispose } from '@tensorflow/tfjs-core';
import { loadWeights } from './checkpoint.ts';
import { besideBackbone, type Init, requireFrozenWeights } from './init.ts';
import type { Model } from './models/model.ts';

/** Names of the parameters that do not come from the checkpoint, and of the tensors in it that were not used. */
export interface SkippedStartValues {
  /** Parameters with random values: missing from the file, of another shape there, or for other classes. */
  readonly drawn: readonly string[];
  /** Tensors of the file for which the model has no parameter. */
  readonly unused: readonly string[];
}

/** Initial parameters that do not come from the seed. */
export interface StartValues {
  /** Parameters by name; the caller disposes them. */
  readonly parameters: LoadedParameters['parameters'];
  /** The parts of a checkpoint that were skipped; absent for pretrained weights. */
  readonly skipped?: SkippedStartValues;
  /** Lines for the user that say what is taken and what is not. */
  readonly notices: readonly string[];
}

/**
 * Reads every tensor that has the name and shape of a parameter. Parameters that depend on the classes are skipped if
 * the file names other classes, or the same ones in another order.
 *
 * @throws UserError if the file cannot be read
 * @throws CheckpointError if nothing in it fits the model
 */
export function startValues(file: string, { detector }: Model, classes: readonly string[]): Required<StartValues> {
  const checkpoint = loadWeights(file);
  const named = checkpoint.about?.categories.map(({ name }) => name);
  const isOther = (name: string): boolean =>
    named !== undefined && `${named}` !== `${classes}` && dependsOnClasses(name);
  const declared = detector.parameters.filter(({ name }) => !isOther(name));
  const tensors = new Map([...checkpoint.tensors].filter(([name]) => !isOther(name)));
  const { parameters, missing, misshaped, extra } = loadParameters({ ...checkpoint, tensors }, declared, 'matching');
  const otherClasses = detector.parameters.map(({ name }) => name).filter(isOther);
  const shapes = misshaped.map(({ name, found, expected }) => ({
    name,
    text: `${name} [${found.shape.join(', ')}], expected [${expected.join(', ')}]`,
  }));
  const lists: [string, string][] = [
    ['taken', byPart(Object.keys(parameters))],
    ['not in the file', byPart(missing)],
    ['of another shape in the file', shapes.length > 3 ? byPart(shapes.map(({ name }) => name)) : textsOf(shapes)],
    ['for other classes', byPart(otherClasses)],
    ['in the file, but not in the model', byPart(extra)],
  ];
  const count = Object.keys(parameters).length;
  const drawn = count < detector.parameters.length ? '; the others are drawn from the seed' : '';
  return {
    parameters,
    skipped: { drawn: [...missing, ...misshaped.map(({ name }) => name), ...otherClasses], unused: extra },
    notices: [
      `start from ${file} (weights of ${checkpoint.source}): ${count} of ${detector.parameters.length} parameters, ` +
        `${share(detector.parameters, parameters)} of the model's numbers${drawn}`,
      ...lists.filter(([, names]) => names !== '').map(([what, names]) => `  ${what}: ${names}`),
    ],
  };
}

/**
 * Checks before a run that frozen stages have weights and that the checkpoint to start from fits the model. Pretrained
 * weights need not have been downloaded yet.
 *
 * @throws UserError if a frozen stage would stay at random values, or the checkpoint cannot be read
 * @throws CheckpointError if nothing in it fits the model
 */
export function requireStart(init: Init, model: Model): void {
  if (typeof init === 'string') {
    requireFrozenWeights(model, init === 'pretrained' ? besideBackbone(model) : undefined);
    return;
  }
  const { parameters, skipped } = startValues(init.file, model, []);
  dispose(parameters);
  requireFrozenWeights(model, skipped.drawn);
}

const textsOf = (items: readonly { readonly text: string }[]): string => items.map(({ text }) => text).join('; ');

/**
 * Lists names by parts of the model, such as `input_proj.weight, transformer.encoder (24)`: a full name if it is the
 * only one in its part, otherwise a count.
 */
function byPart(names: readonly string[]): string {
  const parts = new Map<string, string[]>();
  for (const name of names) {
    const part = /^(?:transformer\.)?[^.]+/.exec(name)?.[0] ?? name;
    parts.set(part, [...(parts.get(part) ?? []), name]);
  }
  return [...parts].map(([part, of]) => (of.length === 1 ? of[0] : `${part} (${of.length})`)).join(', ');
}

function share(declared: readonly ParameterSpec[], taken: LoadedParameters['parameters']): string {
  const sizes = declared.map(({ name, shape }) => ({ name, size: shape.reduce((a, b) => a * b, 1) }));
  const sum = (of: typeof sizes): number => of.reduce((total, { size }) => total + size, 0);
  const percent = (100 * sum(sizes.filter(({ name }) => Object.hasOwn(taken, name)))) / sum(sizes);
  return percent > 0 && percent < 1 ? 'less than 1 %' : `${Math.floor(percent)} %`;
}
