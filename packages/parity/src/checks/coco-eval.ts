/** Compares COCO's evaluation with pycocotools. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type CocoId, evaluateDetections, parseCocoJson, readCocoResults, readCocoTruth } from '@dn-detr/metrics';
import type { Check, Computed } from '../check.ts';
import type { Fixture } from '../fixture.ts';
import { arrayAt, countsAt, FixtureError, numberAt, numbersAt, objectAt, stringAt } from '../json.ts';

/** Number of recalls and of areas: the axes of the precision table besides thresholds and classes. */
const [R, A] = [101, 4];
/** The table has the precision for 100 detections per image and class, the last of pycocotools' three limits. */
const precisionLimit = 2;

export const cocoEvalCheck: Check = {
  inputs: ['files', 'num_images', 'num_gt', 'num_dt', 'most_dets_of_one_image_and_class'],
  cases: ({ cases }) => [...cases.keys()],
  run: runCase,
};

function runCase(fixture: Fixture, caseName: string): Record<string, Computed> {
  const where = `cases.${caseName}`;
  const facts = objectAt(fixture.cases.get(caseName), where);
  const [truthFile, resultsFile] = arrayAt(facts.files, `${where}.files`).map((name, i) =>
    readData(fixture, stringAt(name, `${where}.files[${i}]`)),
  );
  const truth = readCocoTruth(truthFile);
  const { detections } = readCocoResults(resultsFile, truth);
  const K = truth.categories.length;
  const { stats, perClass, curves } = evaluateDetections(truth.truths, detections, {
    numClasses: K,
    allowNonFinite: true,
  });

  const against = (values: ArrayLike<number>, key: string): Computed => ({
    values,
    expected: { values: numbersAt(facts[key], `${where}.${key}`) },
  });
  const samples = arrayAt(facts.precision_checks, `${where}.precision_checks`).map((sample, i) => {
    const at = `${where}.precision_checks[${i}]`;
    const [t = 0, r = 0, k = 0, a = 0, m] = countsAt(arrayAt(sample, at).slice(0, 5), at);
    if (m !== precisionLimit)
      throw new FixtureError(`${at}: expected the limit of detections ${precisionLimit}, found ${m}`);
    const inside = t < curves.precision.length / (R * K * A) && r < R && k < K && a < A;
    if (!inside) throw new FixtureError(`${at}: [${[t, r, k, a]}] is outside the curves`);
    const value = numberAt((sample as unknown[])[5], `${at}[5]`);
    return { value, ours: curves.precision[((t * R + r) * K + k) * A + a] as number };
  });
  return {
    stats: against(stats, 'stats'),
    category_ids: compareIds(
      truth.categories.map(({ id }) => id),
      arrayAt(facts.category_ids, `${where}.category_ids`),
    ),
    per_class_ap: against(
      perClass.map(({ AP }) => AP),
      'per_class_ap',
    ),
    per_class_ap50: against(
      perClass.map(({ AP50 }) => AP50),
      'per_class_ap50',
    ),
    per_class_recall: against(
      perClass.map(({ AR100 }) => AR100),
      'per_class_recall',
    ),
    precision_checks: {
      values: samples.map(({ ours }) => ours),
      expected: { values: samples.map(({ value }) => value) },
    },
  };
}

/** Compares ids by position, as they may be strings: −1 where a different id is stored. */
function compareIds(ids: readonly CocoId[], stored: readonly unknown[]): Computed {
  const isStored = (id: CocoId, i: number) => String(stored[i]) === String(id);
  return {
    values: ids.map((id, i) => (isStored(id, i) ? i : -1)),
    expected: { values: [...stored.keys()], exact: true },
  };
}

/** Reads a file next to the fixture. */
function readData({ folder }: Fixture, name: string): unknown {
  try {
    return parseCocoJson(readFileSync(path.join(folder, name), 'utf8'));
  } catch (error) {
    throw new FixtureError(`${name} cannot be read (${(error as Error).message})`);
  }
}
