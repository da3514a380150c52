/** The pages of `inspect` as a browser shows them, from files and without network. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { program } from '@dn-detr/experiments/testing/program';
import { hasBrowser, launchBrowser } from '@dn-detr/testing/browser';
import { smallOptions } from '@dn-detr/testing/small-options';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

describe.skipIf(!hasBrowser)('pages of inspect in a browser', () => {
  let browser: Browser;
  let root: string;
  const page = (name: string) => path.join(root, 'out', name);

  beforeAll(async () => {
    root = mkdtempSync(path.join(os.tmpdir(), 'inspect-pages-'));
    const [run, out] = [path.join(root, 'run'), path.join(root, 'out')];
    const settings = smallOptions({
      length: { unit: 'steps', count: 4 },
      'evaluation.every': 1,
      'data.shapes.size': 24,
    });
    const checkpoint = path.join(run, 'checkpoints', 'last.safetensors');
    for (const args of [
      ['train', ...settings, '--model', 'dn-detr', '--out', run],
      // The images leave room on the canvas.
      [
        'inspect',
        'queries',
        ...settings,
        '--set',
        'data.canvas={"width":48,"height":32}',
        '--images',
        '1',
        '--out',
        out,
      ],
      ['inspect', 'attention', '--checkpoint', checkpoint, '--known', '--images', '1', '--out', out],
      ['inspect', 'matching', run, '--out', out],
    ]) {
      expect(await program(...args)).toMatchObject({ code: 0 });
    }
    browser = await launchBrowser();
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    rmSync(root, { recursive: true });
  });

  const schemes = ['light', 'dark'] as const;
  const widths = [400, 1200] as const;
  const kinds = ['queries', 'attention', 'matching'] as const;
  it.each(kinds.flatMap((kind) => schemes.flatMap((scheme) => widths.map((width) => ({ kind, scheme, width })))))(
    '$kind can be read: $scheme, $width px',
    async ({ kind, scheme, width }) => {
      const tab = await browser.newPage({ colorScheme: scheme, viewport: { width, height: 800 } });
      const complaints: string[] = [];
      const requests: string[] = [];
      tab.on('console', (message) => complaints.push(message.text()));
      tab.on('pageerror', (error) => complaints.push(error.message));
      tab.on('request', (request) => requests.push(request.url()));
      const address = pathToFileURL(page(`${kind}.html`)).href;
      await tab.goto(address);
      expect(await tab.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
      const { texts, drawings } = await tab.evaluate(look);
      expect(texts.length).toBeGreaterThan(20);
      expect(texts.filter(({ contrast }) => contrast < 4.5)).toEqual([]);
      // Drawings are as wide as the page; where it is narrow, wider, and scrolled.
      for (const drawn of drawings) expect(drawn).toBe(width === 400 ? 640 : 900);
      await tab.close();
      expect(complaints).toEqual([]);
      expect(requests.filter((url) => !url.startsWith('data:'))).toEqual([address]);
    },
  );

  it.each(['queries-1.svg', 'attention-1-cross.svg', 'attention-1-self.svg', 'matching-1.svg'])(
    '%s shows its photo where it stands as an image',
    async (name) => {
      const tab = await browser.newPage({ viewport: { width: 940, height: 900 } });
      const screenshot = async (svg: string): Promise<number> => {
        await tab.setContent(`<img src="data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}">`);
        expect(await tab.evaluate(() => document.querySelector('img')?.naturalWidth)).toBe(900);
        return (await tab.screenshot()).length;
      };
      const svg = readFileSync(page(name), 'utf8');
      // The same without the many colours of a JPEG.
      const without = await screenshot(svg.replaceAll(/href="data:[^"]*"/g, ''));
      expect(await screenshot(svg)).toBeGreaterThan(1.05 * without);
      await tab.close();
    },
  );
});

/** Runs in the page: contrast (WCAG 2) of texts with the page’s background, except texts on another one; widths of drawings. */
function look() {
  const channels = (color: string): number[] => (color.match(/[\d.]+/g) ?? []).map(Number);
  const luminance = (color: string): number => {
    const [red, green, blue] = channels(color)
      .slice(0, 3)
      .map((value) => (value <= 10.31475 ? value / 3294.6 : ((value / 255 + 0.055) / 1.055) ** 2.4)) as [
      number,
      number,
      number,
    ];
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const ground = luminance(getComputedStyle(document.body).backgroundColor);
  const texts = [...document.querySelectorAll('body *')]
    .filter((element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent?.trim()))
    .filter((element) => element.tagName !== 'title' && element.closest('.tag, .stay, .slot, .notice, pre') === null)
    .map((element) => {
      const { color, fill } = getComputedStyle(element);
      const shown = element instanceof SVGElement ? fill : color;
      const [dark, bright] = [luminance(shown), ground].sort((a, b) => a - b) as [number, number];
      return { text: element.textContent?.slice(0, 40), shown, contrast: (bright + 0.05) / (dark + 0.05) };
    });
  const drawings = [...document.querySelectorAll('figure > div > svg')].map((svg) => svg.getBoundingClientRect().width);
  return { texts, drawings };
}
