/** The page of a comparison in a browser, opened from a file without network. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { reportPage } from '@dn-detr/report/page';
import { hasBrowser, launchBrowser } from '@dn-detr/testing/browser';
import { exampleSummary } from '@dn-detr/testing/example-summary';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

describe.skipIf(!hasBrowser)('a report in a browser', () => {
  let browser: Browser;
  let folder: string;
  let file: string;

  beforeAll(async () => {
    browser = await launchBrowser();
    folder = mkdtempSync(path.join(tmpdir(), 'report-'));
    file = path.join(folder, 'report.html');
    const classes = [
      '<script>document.title = "taken over"</script>',
      'größe',
      ...Array.from({ length: 18 }, (_, i) => `c${i}`),
    ];
    const summary = exampleSummary({ failure: true, classes });
    const models = summary.models.map((model) => ({ ...model, name: `${model.name}+denoising.groups=0` }));
    writeFileSync(file, reportPage({ ...summary, models }, { folder }));
  });

  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true });
  });

  /** Fails if the browser reported an error or requested anything from the network. */
  async function withPage(
    options: { colorScheme: 'light' | 'dark'; width: number },
    use: (page: Page) => Promise<void>,
  ): Promise<void> {
    const { colorScheme, width } = options;
    const page = await browser.newPage({ colorScheme, viewport: { width, height: 800 } });
    const complaints: string[] = [];
    const requests: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => requests.push(request.url()));
    try {
      await page.goto(pathToFileURL(file).href);
      await use(page);
    } finally {
      await page.close();
    }
    expect(complaints).toEqual([]);
    expect(requests.filter((url) => !url.startsWith('data:'))).toEqual([pathToFileURL(file).href]);
  }

  it.each([
    { colorScheme: 'light', width: 400 },
    { colorScheme: 'light', width: 1200 },
    { colorScheme: 'dark', width: 400 },
    { colorScheme: 'dark', width: 1200 },
  ] as const)('is readable: $colorScheme, $width px', (options) =>
    withPage(options, async (page) => {
      await page.$$eval('details', (folded) => {
        for (const details of folded) details.open = true;
      });
      expect(await page.title()).toMatch(/^detr.* on shapes$/);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(options.width);
      const { texts, lines } = await page.evaluate(contrasts);
      expect(texts.length).toBeGreaterThan(300);
      expect(texts.filter(({ contrast }) => contrast < 4.5)).toEqual([]);
      // Of axes, means, bands and the lines of seeds, only the strong lines must have enough contrast.
      expect(lines.length).toBeGreaterThan(30);
      expect(lines.filter(({ contrast }) => contrast < 3)).toEqual([]);
    }),
  );

  it('draws panels as wide as their column, one below the other on a phone', async () => {
    const widths = async (width: number): Promise<number[]> => {
      let found: number[] = [];
      await withPage({ colorScheme: 'light', width }, async (page) => {
        found = await page.$$eval('#figure-AP50 .panel svg', (panels) =>
          panels.map((svg) => svg.getBoundingClientRect().x),
        );
      });
      return found;
    };
    const [left, right] = await widths(1200);
    expect(right).toBeGreaterThan((left ?? 0) + 400);
    const [above, below] = await widths(400);
    expect(below).toBe(above);
  });

  it('offers its data for download', () =>
    withPage({ colorScheme: 'light', width: 1200 }, async (page) => {
      const download = page.waitForEvent('download');
      await page.click('#figure-AP50 a[download]');
      const saved = path.join(folder, 'AP50.csv');
      await (await download).saveAs(saved);
      expect((await download).suggestedFilename()).toBe('quick-AP50-seeds.csv');
      expect(readFileSync(saved, 'utf8')).toMatch(/^model,seed,status,step,epoch,seconds,AP50\ndetr\+denoising/);
    }));

  it('prints dark on white', () =>
    withPage({ colorScheme: 'dark', width: 1200 }, async (page) => {
      await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
      const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      expect(background).toBe('rgb(255, 255, 255)');
    }));
});

/** Runs in the page: contrast (WCAG 2) of all texts, strong lines and markers with their background. */
function contrasts() {
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
  const behind = (element: Element): string => {
    const { backgroundColor } = getComputedStyle(element);
    const seen = channels(backgroundColor)[3] !== 0;
    return seen || element.parentElement === null ? backgroundColor : behind(element.parentElement);
  };
  const contrast = (color: string, element: Element): number => {
    const [dark, bright] = [luminance(color), luminance(behind(element))].sort((a, b) => a - b) as [number, number];
    return (bright + 0.05) / (dark + 0.05);
  };
  const isText = (element: Element) =>
    [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent?.trim());
  const texts = [...document.querySelectorAll('body *')].filter(isText).map((element) => {
    const { color, fill } = getComputedStyle(element);
    const shown = element instanceof SVGElement ? fill : color;
    return { text: element.textContent?.slice(0, 40), shown, contrast: contrast(shown, element) };
  });
  const lines = [...document.querySelectorAll('.panel [aria-label=line], .panel [aria-label=dot]')]
    .map((element) => ({ element, style: getComputedStyle(element) }))
    .filter(({ style }) => Number(style.strokeOpacity) === 1)
    .map(({ element, style }) => {
      const shown = style.fill === 'none' ? style.stroke : style.fill;
      return { shown, contrast: contrast(shown, element) };
    });
  return { texts, lines };
}
