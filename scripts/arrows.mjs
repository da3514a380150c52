// `npm run arrows`: draws docs/arrows.svg, the diagram of which package imports which, from the imports in the code.
//   node scripts/arrows.mjs --check   fails if the drawing is out of date
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Graphviz } from '@hpcc-js/wasm-graphviz';
import { cruise } from 'dependency-cruiser';
import settings from '../.dependency-cruiser.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
process.chdir(root);

/** The drawing of the packages and of the folders of `experiments`, without tests, as SVG. */
async function arrowsDrawing() {
  const { output } = await cruise(['packages', 'experiments'], {
    ...settings.options,
    outputType: 'dot',
    includeOnly: '^(packages|experiments)/',
    exclude: {
      path: '(/dist/|/fixtures/|/testing/|\\.test\\.ts$|^packages/testing/|^packages/data/docs/|package\\.json$)',
    },
    collapse: '^(packages/[^/]+|experiments/(recipes|ablations|reproduce)|experiments/src)',
    reporterOptions: {
      dot: {
        theme: {
          graph: { rankdir: 'TB', splines: 'true', ranksep: '0.5', fontname: 'Helvetica' },
          node: { fontname: 'Helvetica', shape: 'box', style: 'rounded,filled', fillcolor: '#ffffff' },
          replace: true,
        },
      },
    },
  });
  const graphviz = await Graphviz.load();
  return graphviz.dot(output);
}

const file = path.join('docs', 'arrows.svg');
const drawing = await arrowsDrawing();
if (!process.argv.includes('--check')) writeFileSync(file, drawing);
else if (readFileSync(file, 'utf8') !== drawing) {
  console.error(`${file} is out of date: redraw it with npm run arrows`);
  process.exitCode = 1;
}
