/**
 * Makes `report.html`: what was compared, the result and how certain it is, in one file that needs no network.
 *
 * Loads Plot and jsdom, which takes about half a second, so import it only when there is a report to write.
 */

import path from 'node:path';
import { counted } from '@dn-detr/train';
import { contrastsOf } from '../analysis/contrasts.ts';
import { headline } from '../analysis/headline.ts';
import { seedCount } from '../analysis/words.ts';
import { listed, moment } from '../format.ts';
import { type Content, type Html, html } from '../markup/html.ts';
import { modelName } from '../markup/model-name.ts';
import { type Section, sectionedPage } from '../markup/shell.ts';
import type { Summary } from '../summary/summary.ts';
import { curveFigure, curveKey } from './curves.ts';
import { detectionsSection } from './detections.ts';
import { instabilitySection } from './instability.ts';
import { limitsSection } from './limits.ts';
import { lossTermsFigure } from './loss-terms.ts';
import { picturesOf } from './pictures.ts';
import { provenanceSection, runsTable } from './provenance.ts';
import { settingDifferences, sharedSettings } from './settings.ts';
import { statisticsSection } from './statistics.ts';

/**
 * Makes the page of a summary. The same summary gives the same page, and all its texts are escaped.
 *
 * @param options - `folder` is the summary's folder, which its paths are relative to; without it, sample images are left out.
 *   `above` is content before the report, such as the progress in a live view.
 */
export function reportPage(
  summary: Summary,
  { folder, above }: { readonly folder?: string; readonly above?: Content } = {},
): string {
  const { models, ablation, data, recipe, environments, finished, updated, command } = summary;
  // Lines do not break within the name of a model.
  const words = headline(summary).split(' ');
  const source = path.basename(data.source);
  const header = html`<p class="kind">${ablation ? `Ablation of a detection transformer: ${ablation.title}` : `Comparison of detection transformers on ${source}`}</p>
<h1>${words.map((word, i) => [i > 0 && ' ', /[-+]/.test(word) ? modelName(word) : word])}</h1>
<p class="lede">${counted(models.length, ablation ? 'cell' : 'model')}, ${counted(seedCount(summary), 'seed')}, ${counted(data.train, 'training image')}
of ${counted(data.classes.length, 'class', 'classes')}, ${counted(data.val, 'validation image')}; ${
    recipe !== '' && html`recipe <code>${recipe}</code>, `
  }${listed([...new Set(environments.map(({ backend }) => backend))])}.</p>
${!finished && html`<p class="notice"><strong>Not finished.</strong> This is the state of ${moment(updated)}${command !== '' && '; the same command continues it'}.</p>`}
${openingFigures(summary, folder)}`;
  const title = ablation ? `Ablation: ${ablation.title}` : `${listed(models.map(({ name }) => name))} on ${source}`;
  return sectionedPage({ title, above, header, sections: pageSections(summary) });
}

/** The curves and pictures that the first screen shows below the sentence. */
function openingFigures(summary: Summary, folder: string | undefined): Html {
  const { metric } = contrastsOf(summary);
  const caption = html`<b>${metric} during training.</b> ${curveKey(summary)}`;
  const curves =
    curveFigure(summary, metric, caption, ['step']) ??
    html`<p>No run has been evaluated yet: there is nothing to draw.</p>`;
  const pictures = picturesOf(summary, folder);
  return html`<div class="opening"><div>${curves}
${pictures?.truth}</div>
${pictures?.figure}</div>`;
}

/** The sections that have content. */
function pageSections(summary: Summary): Section[] {
  const all: readonly Section[] = [
    { id: 'differences', name: 'What differs', content: settingDifferences(summary) },
    { id: 'statistics', name: 'Statistics', content: statisticsSection(summary) },
    { id: 'limits', name: 'What this can and cannot tell', content: limitsSection(summary) },
    { id: 'detections', name: 'Detections', content: detectionsSection(summary) },
    { id: 'instability', name: 'Instability', content: instabilitySection(summary) },
    { id: 'losses', name: 'Losses', content: lossesSection(summary) },
    { id: 'settings', name: 'Settings', content: sharedSettings(summary) },
    { id: 'runs', name: 'Runs', content: runsTable(summary) },
    { id: 'repeat', name: 'How to repeat it', content: provenanceSection(summary) },
  ];
  return all.filter(({ content }) => content !== undefined);
}

function lossesSection(summary: Summary): Html | undefined {
  const figures = [
    curveFigure(
      summary,
      'loss',
      html`<b>Training loss</b>, averaged since the previous evaluation; mean and band over seeds are of its logarithm. The loss of a
model with known queries includes theirs, so compare the shape of such curves, not their height.`,
    ),
    lossTermsFigure(summary),
    curveFigure(
      summary,
      'anchorDistance',
      html`<b>Distance of anchors</b> from the boxes that their queries are matched with: mean L1 distance of centre, width and height,
as fractions of the image. Models without anchors have none.`,
    ),
  ].filter((figure) => figure !== undefined);
  return figures.length > 0 ? html`${figures}` : undefined;
}
