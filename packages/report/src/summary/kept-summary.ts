/** A `summary.json` or `ablation.json` from anywhere: it may be of another version, or of another program. */

import { isDeepStrictEqual } from 'node:util';
import { models as catalogued, type DottedValues, flatValues, resolveConfig, UserError } from '@dn-detr/train';
import { readJson } from '@dn-detr/train/files';
import { z } from 'zod';
import { mostPictured } from './samples.ts';
import type { Summary } from './summary.ts';

const number = z.number();
const text = z.string();
const maybe = number.nullable();
const interval = z.object({ low: number, high: number, level: number }).optional();
const pair = { model: text, baseline: text };
const metric = z.enum(['AP', 'AP50']);
const at = z.enum(['steps', 'seconds']);
const figures = { step: number, epoch: number, seconds: number, AP: number, AP50: number, AP75: number };
const box = { label: z.int().min(0), bbox: z.array(number).length(4) };

const point = z.object({
  ...figures,
  ...{ loss: number, losses: z.record(text, number) },
  ...{ instability: maybe, instabilityRaw: maybe, anchorDistance: maybe },
});

const final = z.object({
  ...figures,
  ...{ APs: number, APm: number, APl: number, AR1: number, AR10: number, AR100: number },
  perClass: z.array(z.object({ name: text, AP: number, AP50: number })),
  duplicates: z.object({ perObject: number, APWithNms: number }),
});

const run = z.object({
  ...{ seed: number, folder: text, peakMiB: number, environment: number, onPlateau: z.boolean() },
  status: z.enum(['done', 'stopped', 'failed']),
  message: text.optional(),
  curve: z
    .array(point)
    .refine((curve) => curve.every(({ step }, i) => step > (curve[i - 1]?.step ?? -1)), 'expected steps that rise'),
  final: final.optional(),
});

const comparison = z.object({
  ...pair,
  ...{
    metric,
    at,
    atValue: number,
    n: number,
    meanDifference: number,
    sd: number.optional(),
    interval,
    claimsDifference: z.boolean(),
  },
  mean: z.object({ model: number, baseline: number }),
  differences: z.array(z.object({ seed: number, value: number })),
  pValue: z.number().min(0).max(1).optional(),
});

const stepsComparison = z.object({
  ...pair,
  ...{ metric, n: number, ratio: number.optional(), interval },
  bound: z.enum(['exact', 'at least', 'at most', 'unknown']),
  seeds: z.array(z.object({ seed: number, steps: number.optional() })),
});

const sample = <Detections extends z.ZodType>(detections: Detections) =>
  z.object({
    ...{ name: text, width: number, height: number, picture: text },
    ...{ objects: z.array(z.object(box)), detections },
  });
const ofModels = z.array(z.array(z.object({ ...box, score: number })));
const samples = z.object({ steps: z.array(number).min(1), images: z.array(sample(z.array(ofModels))) });
/** Of the first version. */
const samplesOfOneStep = z.object({ step: number, images: z.array(sample(ofModels)) });

const common = {
  ...{ name: text, command: text, updated: text, finished: z.boolean(), recipe: text },
  data: z.object({ source: text, format: text, classes: z.array(text), train: number, val: number, hash: text }),
  settings: z.record(text, z.unknown()),
  pretrained: z.array(z.object({ name: text, file: text, sha256: text, licence: text, origin: text })).optional(),
  environments: z.array(
    z.object({
      ...{ backend: text, node: text, versions: z.record(text, text), commit: text.optional(), cpus: number },
      nativeOps: z.array(text).optional(),
      otherNativeOps: z.array(z.array(text)).optional(),
    }),
  ),
  models: z
    .array(z.object({ name: text, settings: z.record(text, z.unknown()), parameters: number, runs: z.array(run) }))
    .min(1),
  ablation: z
    .object({
      ...{ name: text, title: text, claim: text, source: text },
      scale: z.object({ label: text, values: z.record(text, number) }).optional(),
    })
    .optional(),
  comparisons: z.array(comparison),
  stepsRatios: z.array(stepsComparison),
  notCompared: z.array(z.object({ ...pair, at })),
};

/** What reports read of a summary, in both versions of its form. */
const summarySchema = z.discriminatedUnion('schema', [
  z.object({ ...common, schema: z.literal(1), samples: samplesOfOneStep.optional() }),
  z.object({ ...common, schema: z.literal(2), samples: samples.optional() }),
]);

/** @throws UserError if the file is missing, or holds no summary */
export function keptSummary(file: string): Summary {
  const contents = readJson<Summary | FirstVersion>(file);
  const { error } = summarySchema.safeParse(contents);
  if (!error) return withObjectives(contents.schema === 1 ? withStages(contents) : contents, file);
  const [first] = error.issues;
  const where = first?.path.join('.');
  throw new UserError(
    `${file} is no summary.json or ablation.json of this version: ${where ? `${where}: ` : ''}${first?.message}`,
  );
}

interface FirstVersion extends Omit<Summary, 'schema' | 'samples'> {
  readonly schema: 1;
  readonly samples?: z.infer<typeof samplesOfOneStep>;
}

/** The first version had the end alone, of more images. */
function withStages({ samples, ...summary }: FirstVersion): Summary {
  if (samples === undefined) return { ...summary, schema: 2 };
  const images = samples.images
    .slice(0, mostPictured)
    .map(({ detections, ...image }) => ({ ...image, detections: [detections] }));
  return { ...summary, schema: 2, samples: { steps: [samples.step], images } };
}

/**
 * The objective of a model was not among its settings in the first version, for all but its number of detections could
 * not be set: it was that of the paper, which still is the default.
 */
function withObjectives(summary: Summary, file: string): Summary {
  const { settings, models } = summary;
  const all = models.map((model): DottedValues => ({ ...settings, ...model.settings }));
  const isOfFirstVersion = all.every(
    (values) =>
      catalogued.some(({ name }) => name === values['model.name']) &&
      !Object.keys(values).some((key) => key.startsWith('objective.')),
  );
  if (!isOfFirstVersion) return summary;
  const objectives = all.map((values) => objectiveOf(values, file));
  const [first = {}] = objectives;
  const isShared = (key: string): boolean =>
    objectives.every((objective) => isDeepStrictEqual(objective[key], first[key]));
  return {
    ...summary,
    settings: { ...without(oldDetections, settings), ...only(isShared, first) },
    models: models.map((model, i) => ({
      ...model,
      settings: {
        ...without(oldDetections, model.settings),
        ...only((key) => !isShared(key), objectives[i] as DottedValues),
      },
    })),
  };
}

const oldDetections = 'evaluation.detections';

/** The objective of the first version; models that have no number of detections to be set leave it out. */
function objectiveOf(settings: DottedValues, file: string): DottedValues {
  const detections = settings[oldDetections];
  const stated = {
    model: { name: settings['model.name'] as string },
    ...(detections !== undefined && { objective: { detections } }),
  };
  return flatValues(resolveConfig(stated, file).objective, 'objective.');
}

const only = (isWanted: (key: string) => boolean, values: DottedValues): DottedValues =>
  Object.fromEntries(Object.entries(values).filter(([key]) => isWanted(key)));

const without = (left: string, values: DottedValues): DottedValues => only((key) => key !== left, values);
