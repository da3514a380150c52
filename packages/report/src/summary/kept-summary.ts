/** Reads a `summary.json` or `ablation.json`, which may be from another version or another program. */

import { isDeepStrictEqual } from 'node:util';
import { models as catalogued, type DottedValues, flatValues, resolveConfig, UserError } from '@dn-detr/train';
import { readJson } from '@dn-detr/train/files';
import { z } from 'zod';
import { mostPictured } from './samples.ts';
import { detectionsOfModels, type Summary, sampleImage, summarySchema } from './summary.ts';

/** In the first version, samples were only from the end of training. */
const firstVersion = summarySchema.extend({
  schema: z.literal(1),
  samples: z
    .object({ step: z.number(), images: z.array(sampleImage.extend({ detections: detectionsOfModels })) })
    .optional(),
});

const anyVersion = z.discriminatedUnion('schema', [firstVersion, summarySchema]);

/**
 * Reads and checks a summary, and converts one of the first version.
 *
 * @throws UserError if the file is missing or is not a summary.
 */
export function keptSummary(file: string): Summary {
  const contents = readJson<Summary | FirstVersion>(file);
  const { error } = anyVersion.safeParse(contents);
  if (!error) return withObjectives(contents.schema === 1 ? withStages(contents) : contents, file);
  const [first] = error.issues;
  const where = first?.path.join('.');
  const fault = where === 'schema' ? 'it has no "schema" of 1 or 2' : `${where ? `${where}: ` : ''}${first?.message}`;
  throw new UserError(
    `${file} is not a summary that this version can read: ${fault}. Expected a summary.json or ablation.json of a comparison`,
  );
}

type FirstVersion = z.infer<typeof firstVersion>;

/** Converts samples of the first version, which had more images but only the end of training. */
function withStages({ samples, ...summary }: FirstVersion): Summary {
  if (samples === undefined) return { ...summary, schema: 2 };
  const images = samples.images
    .slice(0, mostPictured)
    .map(({ detections, ...image }) => ({ ...image, detections: [detections] }));
  return { ...summary, schema: 2, samples: { steps: [samples.step], images } };
}

/**
 * Adds the objective to the settings of a summary of the first version. There, only the number of detections could be set; the
 * rest was that of the paper, which is still the default.
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

/** The objective in the first version; models without a setting for the number of detections leave it out. */
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
