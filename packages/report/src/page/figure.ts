/** A figure of the page: panels side by side, their legend, a caption, and their data. */

import { countedRuns, isOnPlateau, plateauWords } from '../analysis/runs.ts';
import { type CsvValue, csv, csvAddress } from '../markup/csv.ts';
import { type Content, type Html, html, joined } from '../markup/html.ts';
import { modelName } from '../markup/model-name.ts';
import type { CurvePoint, ModelSummary, SeedRun, Summary } from '../summary/summary.ts';
import { seriesSwatch } from './panel.ts';

export interface Download {
  readonly label: string;
  /** File name, ending in `.csv`. */
  readonly file: string;
  readonly rows: readonly Readonly<Record<string, CsvValue>>[];
}

export interface FigureOptions {
  readonly id: string;
  readonly models: readonly ModelSummary[];
  /** SVG panels, or other content next to them. */
  readonly panels: readonly Content[];
  readonly caption: Content;
  readonly downloads: readonly Download[];
  /** Whether panels are small, with three in a row. @defaultValue `false` */
  readonly small?: boolean;
}

export function figure({ id, models, panels, caption, downloads, small }: FigureOptions): Html {
  return html`<figure id="${id}">
${legend(models)}
<div class="panels${small && ' small'}">${panels}</div>
<figcaption>${caption} <span class="downloads">Data as CSV: ${joined(downloads.map(downloadLink), ', ')}.</span></figcaption>
</figure>`;
}

export function downloadLink({ label, file, rows }: Download): Html {
  return html`<a download="${file}" href="${csvAddress(csv(rows))}">${label}</a>`;
}

/** The rows of a download, one for each evaluation of each run. */
export function evaluationRows(
  { models }: Summary,
  columns: (point: CurvePoint, run: SeedRun) => Download['rows'][number],
): Download['rows'] {
  return models.flatMap((model) =>
    model.runs.flatMap((run) =>
      run.curve.map((point) => ({ model: model.name, seed: run.seed, ...columns(point, run) })),
    ),
  );
}

/** A file name that is valid on all systems. */
export function csvName(comparison: string, what: string): string {
  return `${comparison.replace(/[^\p{L}\p{N}._-]+/gu, '-').slice(0, 80)}-${what}.csv`;
}

function legend(models: readonly ModelSummary[]): Html {
  const entries = models.map((model, index) => {
    const counted = countedRuns(model).length;
    const words = [
      plateauWords(model),
      counted < model.runs.length &&
        (counted === 0 ? 'no run finished' : `mean of ${counted} of ${model.runs.length} seeds`),
    ].filter(Boolean);
    const remark = words.length > 0 && html` <span class="remark">${words.join('; ')}</span>`;
    return html`<li>${seriesSwatch(index, isOnPlateau(model))}<span>${modelName(model.name)}${remark}</span></li>`;
  });
  return html`<ul class="legend" aria-label="Legend">${entries}</ul>`;
}
