import { JSDOM } from 'jsdom';
import { describe, expect, it } from 'vitest';
import type { ModelSummary, Summary } from '../compare/summary.ts';
import { reportPage } from './page.ts';
import { exampleAblation, exampleSummary } from './testing/example-summary.ts';

const open = (summary: Summary): Document => new JSDOM(reportPage(summary)).window.document;
const all = <E extends Element = Element>(page: Document, selector: string): E[] => [
  ...page.querySelectorAll<E>(selector),
];

const hostile = `"><script>alert(1)</script>'&amp;<!--`;

const variants: readonly (readonly [string, Summary])[] = [
  ['three seeds', exampleSummary()],
  ['a failed run', exampleSummary({ failure: true })],
  ['one seed', exampleSummary({ seeds: [7] })],
  ['no evaluation', exampleSummary({ evaluations: 0 })],
  ['one evaluation', exampleSummary({ evaluations: 1 })],
  ['many classes', exampleSummary({ classes: Array.from({ length: 20 }, (_, i) => `类 ${i} größe`) })],
  ['no model', { ...exampleSummary(), models: [], comparisons: [], stepsRatios: [] }],
  ['an ablation on a scale', exampleAblation()],
  ['an ablation of kinds', exampleAblation({ scale: false })],
  ['an unfinished comparison', { ...exampleSummary({ failure: true }), finished: false }],
];

describe('reportPage', () => {
  it.each(variants)('is a sound page of %s', (_, summary) => {
    const text = reportPage(summary);
    const page = new JSDOM(text).window.document;
    expect(page.body.innerHTML).not.toMatch(/NaN|undefined|Infinity|\[object/);
    const ids = all(page, '[id]').map(({ id }) => id);
    expect(ids.length).toBe(new Set(ids).size);
    for (const link of all<HTMLAnchorElement>(page, 'a')) {
      const address = link.getAttribute('href') ?? '';
      if (address.startsWith('#')) expect(ids).toContain(address.slice(1));
      else expect(address).toMatch(/^(data:text\/csv|https:\/\/arxiv\.org\/abs\/)/);
    }
    expect(text.replaceAll(/<a href="https:\/\/arxiv[^>]*>/g, '')).not.toMatch(/(https?:)?\/\/[a-z]/i);
    expect(all(page, 'script, iframe, img, object, embed, link:not([rel=icon])')).toEqual([]);
    for (const table of all<HTMLTableElement>(page, 'table')) {
      const columns = [...table.rows].map((row) => [...row.cells].reduce((sum, cell) => sum + cell.colSpan, 0));
      expect(new Set(columns).size).toBe(1);
      expect(table.caption?.textContent).not.toBe('');
    }
    for (const drawing of all(page, '.panel')) expect(drawing.getAttribute('aria-label')).toMatch(/against|by cell/);
    // What is not closed where it should be ends up inside of something else.
    expect(all(page, 'main > section').length).toBe(all(page, 'section').length);
    expect(all(page, 'section').length).toBe(all(page, 'nav a').length);
    expect(all(page, 'body > *').map(({ tagName }) => tagName)).toEqual(['HEADER', 'MAIN', 'FOOTER']);
  });

  it('is the same for the same summary', () => {
    const summary = exampleSummary();
    expect(reportPage(summary)).toBe(reportPage(structuredClone(summary)));
  });

  it('shows any text of the summary as text', () => {
    const summary = exampleSummary({ failure: true, classes: [hostile, 'b'] });
    const models = summary.models.map((model): ModelSummary => {
      const settings = { [hostile]: hostile, ...model.settings };
      const runs = model.runs.map((run) => ({ ...run, folder: hostile, ...(run.message && { message: hostile }) }));
      return { ...model, name: `${model.name}${hostile}`, settings, runs };
    });
    const page = open({
      ...summary,
      models,
      name: hostile,
      command: hostile,
      recipe: hostile,
      settings: { [hostile]: hostile },
      data: { ...summary.data, source: hostile },
      environment: { ...summary.environment, commit: hostile, versions: { [hostile]: hostile } },
    });
    expect(all(page, 'script')).toEqual([]);
    expect(page.querySelector('#table-classes tbody th')?.textContent).toBe(hostile);
    expect(page.querySelector('pre')?.textContent).toBe(hostile);
    expect(page.querySelector('.legend')?.textContent).toContain(`dn-detr${hostile}`);
    expect(
      all(page, '*').filter((element) => [...element.attributes].some(({ name }) => name.startsWith('on'))),
    ).toEqual([]);
  });

  it('marks what is still on the plateau in the legend, the table and the line', () => {
    const page = open(exampleSummary());
    const [stuck, ...others] = all(page, '#figure-AP50 .legend li').map(({ textContent }) => textContent);
    expect(stuck).toContain('detr still on the plateau in all 3 seeds');
    expect(others.join()).not.toContain('plateau');
    expect(page.querySelector('#table-results tbody tr')?.textContent).toContain('still on the plateau in all 3 seeds');
    const dashed = all(page, '#figure-AP50 .panel [stroke-dasharray]').map((line) => line.getAttribute('stroke'));
    // Mean and three seeds, against steps and against time.
    expect(dashed).toEqual(Array(8).fill('var(--series-0)'));
  });

  it('says that one seed proves little, and how to run three', () => {
    const notice = open(exampleSummary({ seeds: [0] })).querySelector('#results .notice')?.textContent;
    expect(notice).toMatch(/One seed proves little/);
    expect(notice).toMatch(/npm start -- compare --recipe quick --seeds 3/);
    expect(open(exampleSummary()).querySelector('#results .notice')).toBeNull();
  });

  it('shows a failed run where it ended, and outside of the mean', () => {
    const page = open(exampleSummary({ failure: true }));
    expect(page.querySelector('#results .notice')?.textContent).toMatch(/dn-detr, seed 2, failed.*not finite/);
    expect(page.querySelector('#table-results tbody tr:last-child')?.textContent).toContain('2 of 3');
    expect(page.querySelector('#table-runs tbody tr:last-child')?.textContent).toContain('failed: the loss is not');
    expect(page.querySelector('#figure-AP50 .legend li:last-child')?.textContent).toContain('mean of 2 of 3 seeds');
  });

  it('keeps an undefined AP out of tables, plots and data', () => {
    const summary = exampleSummary();
    const undefinedAp = summary.models.map((model) => ({
      ...model,
      runs: model.runs.map((run) => ({ ...run, curve: run.curve.map((point) => ({ ...point, AP: -1 })) })),
    }));
    const page = open({ ...summary, models: undefinedAp });
    expect(page.querySelector('#figure-AP')).toBeNull();
    expect(page.querySelector('#figure-AP50')).not.toBeNull();
    const small = all(page, '#table-coco tbody tr').find((row) => row.textContent?.startsWith('APs'));
    expect([...(small?.children ?? [])].map(({ textContent }) => textContent)).toEqual(['APs', '–', '–', '–']);
    expect(all<HTMLElement>(page, 'td, th').map(({ textContent }) => textContent)).not.toContain('-1.000');
  });

  it('holds the data of every plot', async () => {
    const summary = exampleSummary({ failure: true });
    const page = open(summary);
    for (const figure of all(page, 'figure')) {
      const links = [...figure.querySelectorAll<HTMLAnchorElement>('a[download]')];
      expect(links.length).toBeGreaterThan(0);
      for (const link of links) {
        expect(link.download).toMatch(/^quick-[\w-]+\.csv$/);
        const [head = '', ...rows] = (await (await fetch(link.href)).text()).trimEnd().split('\r\n');
        expect(rows.length).toBeGreaterThan(10);
        for (const row of rows) expect(row.split(',').length).toBe(head.split(',').length);
      }
    }
    const [seeds] = all<HTMLAnchorElement>(page, '#figure-AP50 a[download]');
    const rows = (await (await fetch(seeds?.href ?? '')).text()).trimEnd().split('\r\n');
    const points = summary.models.flatMap(({ runs }) => runs.flatMap(({ curve }) => curve));
    expect(rows.length).toBe(1 + points.length);
    expect(rows[1]).toBe(
      `detr,0,done,200,3.2,${Number(points[0]?.seconds.toPrecision(6))},${Number(points[0]?.AP50.toPrecision(6))}`,
    );
  });

  it('separates settings that differ from those that are shared', () => {
    const page = open(exampleSummary());
    const keys = (table: string) => all(page, `${table} tbody th`).map(({ textContent }) => textContent);
    expect(keys('#table-settings')).toEqual(['denoising.groups', 'model.activation', 'model.name', 'parameters']);
    expect(keys('#table-shared-settings')).toContain('model.width');
    expect(page.querySelector('#table-shared-settings')?.closest('details')?.open).toBe(false);
  });

  it('draws distances of anchors only where there are some', () => {
    const summary = exampleSummary();
    expect(open(summary).querySelector('#figure-anchorDistance')).not.toBeNull();
    const [detr] = summary.models as [ModelSummary];
    const page = open({ ...summary, models: [detr], comparisons: [], stepsRatios: [] });
    expect(page.querySelector('#figure-anchorDistance')).toBeNull();
    expect(page.querySelector('#statistics')).toBeNull();
  });
});
