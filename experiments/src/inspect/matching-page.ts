/** The page `matching.html`: which query is matched with which object, over training and over layers. */
import { dataTable, html } from '@dn-detr/report/markup';
import { counted } from '@dn-detr/train';
import type { Inspection } from './inspection.ts';
import type { MatchedImage, MatchingGrid } from './matching.ts';
import { matchingDrawing } from './matching-drawing.ts';
import { figureOf } from './page.ts';

/** @param images - At least one image. */
export function matchingInspection(images: readonly MatchedImage[]): Inspection {
  const names = [...new Set(images.flatMap(({ runs }) => runs.map(({ run }) => run)))];
  const pictures = images.map((image, i) => ({
    name: `matching-${i + 1}.svg`,
    drawing: matchingDrawing(image, i + 1),
  }));
  const table = dataTable({
    id: 'table-changes',
    caption: html`<b>Changes of query</b> in all images together: from one evaluation to the next in the last decoder layer, and from one
layer to the next at the last evaluation, out of the possible changes. Two objects that exchange their queries are two changes here, but
only one in the instability IS / (2M).`,
    head: ['Run', 'Over training', 'Share', 'Over layers', 'Share'],
    rows: names.map((name) => {
      const own = images.flatMap(({ runs }) => runs.filter(({ run }) => run === name));
      const [training, layers] = [total(own.map((run) => run.training)), total(own.map((run) => run.layers))];
      return [name, ...cells(training), ...cells(layers)];
    }),
  });
  const lede = html`<p class="lede">${counted(names.length, 'run')}, ${counted(images.length, 'validation image')}.</p>
<p>In each image the matching assigns one query to every object. If the assignment changes from evaluation to evaluation, queries are
trained towards changing objects and learn slowly: this is the instability that denoising is meant to lower. A model that detects little
may nevertheless change few matches.</p>
${table}`;
  const caption = html`<b>Queries by object</b> (rows): the last decoder layer's matching at each evaluation, by step of training; and that of every layer
at the last evaluation. A bar lasts as long as the query stays the same.`;
  return {
    page: {
      title: 'Which query is matched with which object',
      lede,
      sections: images.map(({ name }, i) => ({
        name,
        content: figureOf((pictures[i] as (typeof pictures)[number]).drawing, caption),
      })),
    },
    pictures,
    about: {
      images: images.map(({ name, objects, runs }, i) => ({
        name,
        picture: pictures[i]?.name,
        objects: objects.length,
        runs: runs.map(({ run, steps, training, layers }) => ({ run, steps, training, layers })),
      })),
    },
  };
}

type Count = Pick<MatchingGrid, 'changes' | 'pairs'>;

const total = (grids: readonly Count[]): Count => ({
  changes: grids.reduce((sum, { changes }) => sum + changes, 0),
  pairs: grids.reduce((sum, { pairs }) => sum + pairs, 0),
});

const cells = ({ changes, pairs }: Count): string[] => [
  `${changes} of ${pairs}`,
  pairs === 0 ? '–' : `${Math.round((100 * changes) / pairs)} %`,
];
