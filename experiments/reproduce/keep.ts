/**
 * Copies the files that the page of a result is made from to docs/results: its summary, and the pictures of its sample
 * predictions. Then rewrites the tables of docs/results.md.
 *
 * Command: `node --conditions=@dn-detr/source --import tsx experiments/reproduce/keep.ts runs/results/NAME/ablation.json`.
 */

import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pairsOf, type Summary } from '@dn-detr/report';
import { readJson } from '@dn-detr/train/files';
import { keptFolder, writeTables } from './results-tables.ts';

const file = path.resolve(process.argv[2] ?? '');
const summary = withoutSeconds(readJson<Summary>(file));
const folder = keptFolder(summary.name);
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
writeFileSync(path.join(folder, 'summary.json'), `${JSON.stringify(summary)}\n`);
for (const { picture } of summary.samples?.images ?? []) {
  cpSync(path.join(path.dirname(file), picture), path.join(folder, picture));
}
writeTables();

/** Runs that an ablation took over from another result were done under a different load, so their seconds are not comparable. */
function withoutSeconds(summary: Summary): Summary {
  if (!summary.ablation) return summary;
  const comparisons = summary.comparisons.filter(({ at }) => at === 'steps');
  const pairs = pairsOf(summary).map(({ model, baseline }) => ({ model: model.name, baseline: baseline.name }));
  return { ...summary, comparisons, notCompared: pairs.map((pair) => ({ ...pair, at: 'seconds' as const })) };
}
