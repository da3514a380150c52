/** A `summary.json` or `ablation.json` from anywhere: it may be of another version, or of another program. */

import { isDeepStrictEqual } from 'node:util';
import { models as catalogued, type DottedValues, flatValues, resolveConfig, UserError } from '@dn-detr/train';
import { readJson } from '@dn-detr/train/files';
import { z } from 'zod';
import { mostPictured } from './samples.ts';
import { detectionsOfModels, type Summary, sampleImage, summarySchema } from './summary.ts';

/** The first version had the samples at the end of training alone. */
const firstVersion = summarySchema.extend({
  schema: z.literal(1),
  samples: z
    .object({ step: z.number(), images: z.array(sampleImage.extend({ detections: detectionsOfModels })) })
    .optional(),
});

const anyVersion = z.discriminatedUnion('schema', [firstVersion, summarySchema]);

/** @throws UserError if the file is missing, or holds no summary */
export function keptSummary(file: string): Summary {
  const contents = readJson<Summary | FirstVersion>(file);
  const { error } = anyVersion.safeParse(contents);
  if (!error) return withObjectives(contents.schema === 1 ? withStages(contents) : contents, file);
  const [first] = error.issues;
  const where = first?.path.join('.');
  const fault = where === 'schema' ? 'it has no "schema" of 1 or 2' : `${where ? `${where}: ` : ''}${first?.message}`;
  throw new UserError(
    `${file} is no summary of this version: ${fault}. Expected a summary.json or ablation.json as comparisons write them`,
  );
}

type FirstVersion = z.infer<typeof firstVersion>;

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
