/** The contents of a run's folder, in a form that can be compared. */
import { readFileSync } from 'node:fs';
import { readSafetensors } from '@dn-detr/core/weights';
import { type EvaluationLine, type MetricsLine, runFolder } from '@dn-detr/train';
import { readJsonLines } from '@dn-detr/train/files';

/** The lines of a log without their times, which are never the same. */
const untimed = <Line extends { seconds: number }>(lines: Line[]): Omit<Line, 'seconds'>[] =>
  lines.map(({ seconds: _, ...line }) => line);

export const metricsOf = (folder: string) => untimed(readJsonLines<MetricsLine>(runFolder(folder).metrics));
export const evaluationsOf = (folder: string) => untimed(readJsonLines<EvaluationLine>(runFolder(folder).evaluations));

/** The numbers in a checkpoint, by name. */
export const tensorsOf = (file: string): Record<string, number[]> =>
  Object.fromEntries([...readSafetensors(readFileSync(file)).tensors].map(([name, { data }]) => [name, [...data]]));
