/** The live view's page: the current report, with the progress of the runs above it. */

import { readFileSync } from 'node:fs';
import type { Summary } from '@dn-detr/report';
import { html, shell, trusted } from '@dn-detr/report/markup';
import { reportPage } from '@dn-detr/report/page';

const script = readFileSync(new URL('follow-runs.js', import.meta.url), 'utf8');

/**
 * @param folder - Folder of the summary.
 * @param summary - The summary, or undefined before there is anything to report.
 */
export function livePage(folder: string, summary: Summary | undefined): string {
  const above = html`<aside id="live" aria-label="Runs in progress"><p id="live-state">Connecting …</p>
<ul id="live-runs"></ul></aside>
<script type="module">${trusted(script)}</script>`;
  if (summary) return reportPage(summary, { folder, above });
  const header = html`<h1>Training</h1>
<p class="lede">There is nothing to report yet: the curves start with the first evaluation.</p>`;
  return shell({ title: 'Training', above, header, main: '', footer: '' });
}
