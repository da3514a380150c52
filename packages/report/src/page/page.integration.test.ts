import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { exampleAblation, exampleSummary, noTimesCompared } from '@dn-detr/testing/example-summary';
import type { Environment } from '@dn-detr/train';
import { JSDOM } from 'jsdom';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { headline } from '../analysis/headline.ts';
import type { ComparedSamples, ModelSummary, Summary } from '../summary/summary.ts';
import { reportPage } from './page.ts';

const open = (summary: Summary, folder?: string): Document =>
  new JSDOM(reportPage(summary, folder === undefined ? {} : { folder })).window.document;
const all = <E extends Element = Element>(page: Document, selector: string): E[] => [
  ...page.querySelectorAll<E>(selector),
];

/** A folder with only the picture of the first sample. */
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'page-'));
  const samples = path.join(folder, 'detr', 'seed-0', 'samples');
  mkdirSync(samples, { recursive: true });
  writeFileSync(path.join(samples, '1.jpg'), 'one');
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Name of an image, of which the last part of the path is shown. */
const hostileName = '"><script>alert(1)<&amp;';
const hostile = `"><script>alert(1)</script>'&amp;<!--`;

const { samples: _, ...withoutSamples } = exampleSummary();

const variants: readonly (readonly [string, Summary])[] = [
  ['three seeds', exampleSummary()],
  ['a failed run', exampleSummary({ failure: true })],
  ['one seed', exampleSummary({ seeds: [7] })],
  ['no evaluation', exampleSummary({ evaluations: 0 })],
  ['one evaluation', exampleSummary({ evaluations: 1 })],
  ['many classes', exampleSummary({ classes: Array.from({ length: 20 }, (_, i) => `类 ${i} größe`) })],
  ['no model', { ...withoutSamples, models: [], comparisons: [], stepsRatios: [] }],
  ['an ablation on a scale', exampleAblation()],
  ['an ablation of kinds', exampleAblation({ scale: false })],
  ['an unfinished comparison', { ...exampleSummary({ failure: true }), finished: false }],
];

describe('reportPage', () => {
  it.each(variants)('is a sound page of %s', (_, summary) => {
    const text = reportPage(summary, { folder });
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
    // An element that is not closed would end up inside another one.
    expect(all(page, 'main > section').length).toBe(all(page, 'section').length);
    expect(all(page, 'section').length).toBe(all(page, 'nav a').length);
    expect(all(page, 'body > *').map(({ tagName }) => tagName)).toEqual(['HEADER', 'MAIN', 'FOOTER']);
  });

  it('is the same for the same summary', () => {
    const summary = exampleSummary();
    expect(reportPage(summary)).toBe(reportPage(structuredClone(summary)));
  });

  it.each([false, true])('shows any text of the summary as text (ablation: %s)', (ofAblation) => {
    const summary = exampleSummary({ failure: true, classes: [hostile, 'b'] });
    const models = summary.models.map((model): ModelSummary => {
      const settings = { [hostile]: hostile, ...model.settings };
      const runs = model.runs.map((run) => ({ ...run, folder: hostile, ...(run.message && { message: hostile }) }));
      return { ...model, name: `${model.name}${hostile}`, settings, runs };
    });
    const values = Object.fromEntries(models.map(({ name }, i) => [name, i]));
    const heading = { name: hostile, title: hostile, claim: hostile, source: hostile };
    const samples = summary.samples as ComparedSamples;
    const page = open(
      {
        ...summary,
        models,
        name: hostile,
        command: hostile,
        recipe: hostile,
        settings: { [hostile]: hostile },
        data: { ...summary.data, source: hostile },
        environments: summary.environments.map((environment) => ({
          ...environment,
          commit: hostile,
          versions: { [hostile]: hostile },
        })),
        ...(ofAblation && { ablation: { ...heading, scale: { label: hostile, values } } }),
        samples: { ...samples, images: samples.images.map((image) => ({ ...image, name: hostileName })) },
      },
      folder,
    );
    expect(all(page, 'script')).toEqual([]);
    expect(page.querySelector('#table-classes tbody th')?.textContent).toBe(hostile);
    expect(page.querySelector('pre')?.textContent).toBe(hostile);
    expect(page.querySelector('.legend')?.textContent).toContain(`dn-detr${hostile}`);
    expect(page.querySelector('#figure-pictures figcaption')?.textContent).toContain(hostileName);
    expect(page.querySelector('.truth [role=img]')?.getAttribute('aria-label')).toContain(hostileName);
    const claimed = all(page, '#statistics dd').map(({ textContent }) => textContent);
    expect(claimed).toEqual(ofAblation ? [hostile, hostile] : []);
    expect(all(page, '#figure-cells text').some(({ textContent }) => textContent === hostile)).toBe(ofAblation);
    expect(
      all(page, '*').filter((element) => [...element.attributes].some(({ name }) => name.startsWith('on'))),
    ).toEqual([]);
  });

  it('marks models on the plateau in the legend, the table and the line', () => {
    const page = open(exampleSummary());
    const [stuck, ...others] = all(page, '#figure-AP50 .legend li').map(({ textContent }) => textContent);
    expect(stuck).toContain('detr still on the plateau in all 3 seeds');
    expect(others.join()).not.toContain('plateau');
    expect(page.querySelector('#table-results tbody tr')?.textContent).toContain('still on the plateau in all 3 seeds');
    const dashed = all(page, '#figure-AP50 .panel [stroke-dasharray]').map((line) => line.getAttribute('stroke'));
    // Mean and three seeds, over steps and over time.
    expect(dashed).toEqual(Array(8).fill('var(--series-0)'));
  });

  it('starts with only a sentence, the curves and the pictures', () => {
    const summary = exampleSummary();
    const header = open(summary, folder).querySelector('header') as Element;
    expect(header.querySelector('h1')?.textContent).toBe(headline(summary));
    const figures = [...header.querySelectorAll('figure')];
    expect(figures.map(({ id }) => id)).toEqual(['figure-AP', 'figure-pictures']);
    // One panel with all models' curves.
    expect(figures[0]?.querySelectorAll('.panel')).toHaveLength(1);
    expect(figures[0]?.querySelector('.panel')?.getAttribute('aria-label')).toMatch(/^AP against .*dn-detr 0\.\d{3}/);
    expect(header.querySelectorAll('table, .notice')).toHaveLength(0);
  });

  it.each([1, 3])('says in only one place what %d seeds can tell', (count) => {
    const page = open(exampleSummary({ seeds: Array.from({ length: count }, (_, i) => i) }));
    const { textContent } = page.querySelector('#limits') as Element;
    expect(textContent?.includes('npm start -- compare --recipe quick --seeds 5')).toBe(count === 1);
    expect(page.querySelector('#table-seeds') !== null).toBe(count > 1);
    expect(page.body.textContent?.match(/single seed|one seed/gi)?.length ?? 0).toBe(count === 1 ? 1 : 0);
  });

  it('shows where a failed run ended, and leaves it out of the mean', () => {
    const page = open(exampleSummary({ failure: true }));
    expect(page.querySelector('#statistics .notice')?.textContent).toMatch(/dn-detr, seed 2, failed.*not finite/);
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
        const [head = '', ...rows] = (await (await fetch(link.href)).text()).split('\n');
        expect(rows.length).toBeGreaterThan(10);
        for (const row of rows) expect(row.split(',').length).toBe(head.split(',').length);
      }
    }
    const [seeds] = all<HTMLAnchorElement>(page, '#figure-AP50 a[download]');
    const rows = (await (await fetch(seeds?.href ?? '')).text()).split('\n');
    const points = summary.models.flatMap(({ runs }) => runs.flatMap(({ curve }) => curve));
    expect(rows.length).toBe(1 + points.length);
    expect(rows[1]).toBe(
      `detr,0,done,200,3.2,${Number(points[0]?.seconds.toPrecision(6))},${Number(points[0]?.AP50.toPrecision(6))}`,
    );
  });

  it('shows no noise for cells without known queries', () => {
    const summary = exampleSummary();
    const settings = [
      { 'denoising.groups': 0, 'denoising.labelNoise': 0.2 },
      { 'denoising.groups': 5, 'denoising.labelNoise': 0.2 },
      { 'denoising.groups': 5, 'denoising.labelNoise': 0 },
    ];
    const models = summary.models.map((model, i) => ({
      ...model,
      settings: { 'model.name': 'dn-detr', ...settings[i] },
    }));
    const rows = all(open({ ...summary, models }), '#table-settings tbody tr');
    const row = rows.find(({ firstChild }) => firstChild?.textContent === 'denoising.labelNoise');
    expect([...(row?.querySelectorAll('td') ?? [])].map(({ textContent }) => textContent)).toEqual(['–', '0.2', '0']);
  });

  it('shows a dash for the noise of another kind of denoising', () => {
    const summary = exampleSummary();
    const settings = [
      { 'denoising.kind': 'dn', 'denoising.centerNoise': 0.4 },
      { 'denoising.kind': 'contrastive', 'denoising.boxNoise': 1 },
    ];
    const models = summary.models.slice(0, 2).map((model, i) => ({
      ...model,
      settings: { 'model.name': 'dn-detr', 'denoising.groups': 5, ...settings[i] },
    }));
    const rows = all(open({ ...summary, models }), '#table-settings tbody tr').map(({ children }) =>
      [...children].map(({ textContent }) => textContent),
    );
    expect(rows).toContainEqual(['denoising.boxNoise', '–', '1']);
    expect(rows).toContainEqual(['denoising.centerNoise', '0.4', '–']);
    expect(rows).toContainEqual(['denoising.kind', 'dn', 'contrastive']);
  });

  it('separates differing settings from shared ones', () => {
    const page = open(exampleSummary());
    const keys = (table: string) => all(page, `${table} tbody th`).map(({ textContent }) => textContent);
    expect(keys('#table-settings')).toEqual([
      'denoising.groups',
      'model.activation',
      'model.name',
      'objective.detections',
      'class loss',
      'matching cost',
      'parameters',
    ]);
    const values = (key: string) => {
      const row = all(page, '#table-settings tbody tr').find(({ firstChild }) => firstChild?.textContent === key);
      return [...(row?.querySelectorAll('td') ?? [])].map(({ textContent }) => textContent);
    };
    expect(values('denoising.groups')).toEqual(['–', '–', '5']);
    expect(values('class loss')[0]).toMatch(/^softmax .* 0\.1$/);
    expect(values('class loss')[1]).toBe('sigmoid focal, α 0.25, γ 2');
    expect(values('matching cost')).toEqual([
      'softmax class 1, L1 5, GIoU 2',
      'focal class 2 (α 0.25, γ 2), L1 5, GIoU 2',
      'focal class 2 (α 0.25, γ 2), L1 5, GIoU 2',
    ]);
    expect(keys('#table-shared-settings')).toContain('model.width');
    expect(page.querySelector('#table-shared-settings')?.closest('details')?.open).toBe(false);
  });

  it('does not compare instability if models were not evaluated equally often', () => {
    const { models, ...summary } = exampleSummary();
    const uneven = models.map((model, i) => ({
      ...model,
      settings: { ...model.settings, 'evaluation.every': 10 * i },
    }));
    const page = open({ ...summary, models: uneven });
    expect(page.querySelector('#instability')?.textContent).toMatch(/cannot be\s+compared/);
    expect(all(page, '#instability figure, #instability table')).toEqual([]);
    expect(open(exampleSummary()).querySelector('#instability figure')).not.toBeNull();
  });

  it.each([
    ['says', { 'model.name': 'dino' }, 'dab-detr chooses the queries'],
    ['says', { 'model.name': 'deformable-detr', 'model.twoStage': true }, 'dab-detr chooses the queries'],
    ['does not say', { 'model.name': 'deformable-detr', 'model.twoStage': false }, undefined],
  ])('%s that indices of queries are ranks, for %j', (_, settings, words) => {
    const { models, ...summary } = exampleSummary();
    const own = models.map((model) => (model.name === 'dab-detr' ? { ...model, settings } : model));
    const notes = all(open({ ...summary, models: own }), '#instability p').map(({ textContent }) => textContent);
    const note = notes.find((text) => text?.includes('a rank in this image'));
    if (words === undefined) expect(note).toBeUndefined();
    else expect(note).toContain(words);
  });

  it('says why models are not compared', () => {
    const summary = exampleSummary();
    const notCompared = [{ model: 'dn-detr', baseline: 'detr', at: 'steps' as const }];
    const comparisons = summary.comparisons.filter(({ at }) => at === 'seconds');
    for (const one of [summary, exampleAblation()]) {
      const page = open({ ...one, comparisons, stepsRatios: [], notCompared });
      expect(page.querySelector('#statistics')?.textContent).toContain(
        'dn-detr and detr are not compared at equal steps',
      );
    }
    expect(open(summary).body.textContent).not.toContain('not compared');
  });

  it.each([
    ['a comparison', exampleSummary()],
    ['an ablation', exampleAblation()],
  ])('shows no times that were measured under different conditions: %s', (_, summary) => {
    const notCompared = noTimesCompared(summary);
    const shown = (pairs: Summary['notCompared']) => {
      const page = open({ ...summary, notCompared: pairs });
      expect(page.querySelector('#statistics')?.textContent).toContain('not compared at equal seconds');
      const panels = all(page, '#statistics .panel').filter((panel) => /training time/.test(panel.ariaLabel ?? ''));
      return [
        panels.length > 0,
        ...[/Seconds per\sstep/, /training time/, /against time/].map((words) =>
          words.test(page.body.textContent ?? ''),
        ),
      ];
    };
    expect(shown(notCompared.slice(1))).toEqual([true, true, true, true]);
    expect(shown(notCompared)).toEqual([false, false, false, false]);
  });

  it('warns about ratios to a baseline that is on the plateau in some seeds', () => {
    const { models, ...summary } = exampleSummary();
    const partly = models.map((model) => ({
      ...model,
      runs: model.runs.map((run, i) => (model.name === 'dab-detr' ? { ...run, onPlateau: i > 0 } : run)),
    }));
    const caption = (page: Document, table: string) => page.querySelector(`${table} caption`)?.textContent;
    const page = open({ ...summary, models: partly });
    const note =
      '“dab-detr” is still on the plateau in 2 of 3 seeds: its final value there is little more than chance.';
    expect(caption(page, '#table-results')).toContain(note);
    expect(caption(page, '#table-steps')).toContain(note);
    expect(caption(open({ ...summary, models }), '#table-results')).not.toContain('chance');
  });

  it('shows both figures of a class only if they fit', () => {
    const { models, ...summary } = exampleSummary();
    const columns = (shown: readonly ModelSummary[]) =>
      open({ ...summary, models: shown }).querySelectorAll('#table-classes tbody tr:first-child td').length;
    expect(columns(models)).toBe(6);
    expect(columns([...models, { ...(models[0] as ModelSummary), name: 'another' }])).toBe(4);
  });

  it('names every environment, and which runs are from which', () => {
    const summary = exampleSummary({ seeds: [0] });
    const [environment] = summary.environments as [Environment];
    const models = summary.models.map((model, i) => ({
      ...model,
      runs: model.runs.map((run) => ({ ...run, environment: i === 0 ? 1 : 0 })),
    }));
    const environments = [environment, { ...environment, backend: 'wasm', cpus: 8 }];
    const page = open({ ...summary, models, environments });
    expect(page.querySelector('.lede')?.textContent).toContain('tensorflow 2.21.0 and wasm.');
    const facts = all(page, '#repeat dl > div').map(({ textContent }) => textContent);
    expect(facts).toContain('Environment 1dab-detr seed 0, dn-detr seed 0');
    expect(facts).toContain('Environment 2detr seed 0');
    expect(facts).toContain('Backendwasm, Node 20.20.2, 8 CPU cores');
  });

  it('names the licence and the origin of pretrained weights', () => {
    const summary = exampleSummary({ seeds: [0] });
    const facts = (page: Document) => all(page, '#repeat dl > div').map(({ textContent }) => textContent);
    expect(facts(open(summary)).join()).not.toContain('Pretrained');
    const weights = { name: 'lite', file: 'lite-57.pth', sha256: '57ab', licence: 'Apache-2.0', origin: 'of <Google>' };
    expect(facts(open({ ...summary, pretrained: [weights] }))).toContain(
      'Pretrained weightslite: of <Google>; licence Apache-2.0; lite-57.pth, SHA-256 57ab',
    );
  });

  it('leaves out a missing recipe, and a command that would fail', () => {
    const page = open({ ...exampleSummary({ seeds: [0] }), recipe: '', command: 'npm start -- report a --out b.html' });
    expect(page.body.textContent).not.toMatch(/recipe/i);
    expect(all(page, 'code').filter(({ textContent }) => textContent === '')).toEqual([]);
    expect(page.querySelector('#limits')?.textContent).toMatch(/well from five\.\n/);
  });

  it('shows the terms of the loss for matching and known queries', () => {
    const summary = exampleSummary();
    const page = open(summary);
    const panels = all(page, '#figure-loss-terms .panel');
    expect(panels).toHaveLength(6);
    const curves = panels.map((panel) => panel.querySelectorAll('g[aria-label="line"]').length);
    // Only dn-detr has a loss of known queries.
    expect(curves).toEqual([3, 3, 3, 1, 1, 1]);
    const models = summary.models.map((model) => ({
      ...model,
      runs: model.runs.map((run) => ({ ...run, curve: run.curve.map((point) => ({ ...point, losses: {} })) })),
    }));
    expect(open({ ...summary, models }).querySelector('#figure-loss-terms')).toBeNull();
  });

  it('shows a custom loss term under its name', () => {
    const summary = exampleSummary();
    const models = summary.models.map((model) => ({
      ...model,
      runs: model.runs.map((run) => ({
        ...run,
        curve: run.curve.map((point) => ({ ...point, losses: { loss_area: 2 } })),
      })),
    }));
    const panels = all(open({ ...summary, models }), '#figure-loss-terms .panel');
    expect(panels.map(({ textContent }) => textContent)).toEqual([expect.stringContaining('loss_area (log scale)')]);
  });

  it('shows two images as each model sees them during training, with each picture stored once', () => {
    const summary = exampleSummary();
    const page = open(summary, folder);
    // The file of the second image is missing.
    const pictures = all(page, '.truth image').map((picture) => picture.getAttribute('href'));
    expect(pictures).toEqual([`data:image/jpeg;base64,${Buffer.from('one').toString('base64')}`]);
    expect(page.querySelector('.truth [role=img]')?.getAttribute('aria-label')).toBe('val-1: 1 disc and 1 square');
    const views = all(page, '.view').map((view) => [...view.querySelectorAll('[role=img]')]);
    const found = views.map((drawings) => drawings.map((drawing) => drawing.ariaLabel));
    expect(found[0]?.[2]).toBe('detr after 2,400 steps, val-1: 0 of 2 objects found');
    expect(found[2]).toEqual([
      'dn-detr after 600 steps, val-1: 0 of 2 objects found',
      'dn-detr after 1,200 steps, val-1: 1 of 2 objects found',
      'dn-detr after 2,400 steps, val-1: 2 of 2 objects found',
    ]);
    const [early, , late] = views[2] as Element[];
    expect(late?.querySelector('use')?.getAttribute('href')).toBe('#sample-0');
    expect([early, late].map((drawing) => drawing?.querySelectorAll('.missed').length)).toEqual([1, 0]);
    // A path for each class, in its colour.
    expect(late?.querySelectorAll('path[stroke]').length).toBe(2);
    expect(open(summary).querySelector('#figure-pictures')).toBeNull();
    expect(open(summary, path.join(folder, 'detr')).querySelector('#figure-pictures')).toBeNull();
  });

  it('draws distances of anchors only if there are any', () => {
    const summary = exampleSummary();
    expect(open(summary).querySelector('#figure-anchorDistance')).not.toBeNull();
    const [detr] = summary.models as [ModelSummary];
    const page = open({ ...summary, models: [detr], comparisons: [], stepsRatios: [] });
    expect(page.querySelector('#figure-anchorDistance')).toBeNull();
    expect(page.querySelector('#limits, #table-differences')).toBeNull();
  });
});
