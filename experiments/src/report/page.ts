/**
 * `report.html`: what was compared, what came out and how surely, in one file without network.
 *
 * Loads Plot and jsdom, which takes about half a second: import it when there is a report to write.
 */

import { counted } from '@dn-detr/train';
import type { Summary } from '../compare/summary.ts';
import { curveFigure, curveKey } from './curves.ts';
import { detectionsSection } from './detections.ts';
import { listed, moment } from './format.ts';
import { type Content, type Html, html } from './html.ts';
import { instabilitySection } from './instability.ts';
import { lossTermsFigure } from './loss-terms.ts';
import { modelNameList } from './model-name.ts';
import { provenanceSection, runsTable } from './provenance.ts';
import { resultsSection } from './results.ts';
import { timesComparable } from './runs.ts';
import { samplesSection } from './samples.ts';
import { settingsSection } from './settings.ts';
import { type Section, sectionedPage } from './shell.ts';
import { statisticsSection } from './statistics.ts';
import { seedCount } from './words.ts';

/**
 * The page as text: the same for the same summary, whatever it holds is escaped.
 *
 * @param folder of the summary, which the paths in it are relative to; without it sample images are left out
 * @param above what stands before the report, such as what a live view says of runs that go on
 */
export function reportPage(
  summary: Summary,
  { folder, above }: { readonly folder?: string; readonly above?: Content } = {},
): string {
  const { models, ablation, data, recipe, environments, finished, updated } = summary;
  const names = models.map(({ name }) => name);
  const header = html`<p class="kind">${ablation ? 'Ablation of a detection transformer' : 'Comparison of detection transformers'}</p>
<h1>${ablation ? ablation.title : html`${modelNameList(names)} on ${data.source}`}</h1>
<p class="lede">${counted(models.length, ablation ? 'cell' : 'model')}, ${counted(seedCount(summary), 'seed')}, ${counted(data.train, 'training image')}
of ${counted(data.classes.length, 'class', 'classes')}, ${counted(data.val, 'image')} to evaluate on; ${
    recipe !== '' && html`recipe <code>${recipe}</code>, `
  }${listed([...new Set(environments.map(({ backend }) => backend))])}.</p>
${!finished && html`<p class="notice"><strong>Not finished.</strong> This is the state of ${moment(updated)}; the same command goes on with it.</p>`}`;
  const title = ablation ? `Ablation: ${ablation.title}` : `${listed(names)} on ${data.source}`;
  return sectionedPage({ title, above, header, sections: pageSections(summary, folder) });
}

/** Those that there is something to say in. */
function pageSections(summary: Summary, folder: string | undefined): Section[] {
  const all: readonly Section[] = [
    { id: 'results', name: 'Results', content: resultsSection(summary) },
    { id: 'settings', name: 'What differs', content: settingsSection(summary) },
    { id: 'curves', name: 'Training curves', content: curvesSection(summary) },
    { id: 'instability', name: 'Instability', content: instabilitySection(summary) },
    { id: 'samples', name: 'Sample predictions', content: samplesSection(summary, folder) },
    { id: 'detections', name: 'Detections', content: detectionsSection(summary) },
    { id: 'statistics', name: 'Statistics', content: statisticsSection(summary) },
    { id: 'runs', name: 'Runs', content: runsTable(summary) },
    { id: 'repeat', name: 'To repeat it', content: provenanceSection(summary) },
  ];
  return all.filter(({ content }) => content !== undefined);
}

function curvesSection(summary: Summary): Html {
  const figures = [
    curveFigure(
      summary,
      'AP50',
      html`<b>AP50</b> against training steps${timesComparable(summary) && ' and training time, without evaluations'}. ${curveKey(summary)}`,
    ),
    curveFigure(summary, 'AP', html`<b>AP</b>, the mean over IoU thresholds from 0.50 to 0.95.`),
    curveFigure(
      summary,
      'loss',
      html`<b>Training loss</b>, mean since the evaluation before; mean and band over seeds are of its logarithm. A model with
known queries adds their loss to its own: compare the shape of such curves, not their height.`,
    ),
    lossTermsFigure(summary),
    curveFigure(
      summary,
      'anchorDistance',
      html`<b>Distance of anchors</b> from the boxes that their queries are matched with: mean L1 distance of centre, width
and height, in shares of the image. Models without anchors have none.`,
    ),
  ].filter((figure) => figure !== undefined);
  return figures.length > 0 ? html`${figures}` : html`<p>No run has been evaluated yet: there is nothing to draw.</p>`;
}
