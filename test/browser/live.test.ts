/** The live view of runs in progress, in a browser. */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { LiveView } from '@dn-detr/experiments/live-view';
import { hasBrowser, launchBrowser } from '@dn-detr/testing/browser';
import { exampleSummary } from '@dn-detr/testing/example-summary';
import { smallOptions } from '@dn-detr/testing/small-options';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCli, until } from '../end-to-end/cli.ts';

describe.skipIf(!hasBrowser)('a live view in a browser', () => {
  let browser: Browser;
  let folder: string;
  beforeAll(async () => {
    browser = await launchBrowser();
    folder = mkdtempSync(path.join(os.tmpdir(), 'dn-detr-live-'));
  });
  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('follows runs without a reload, and keeps the scroll position', async () => {
    const view = await LiveView.start(0);
    const page = await browser.newPage({ viewport: { width: 1000, height: 500 } });
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(view.address);
    await page.getByText('nothing to report yet').waitFor();
    const display = view.following({ update: () => {}, say: () => {}, stop: () => {} });
    display.update('<b>detr</b> seed 0', { progress: 0.5, step: 600, loss: 3, imagesPerSecond: 80, memoryMiB: 300 });
    await page.getByText('<b>detr</b> seed 0').waitFor();
    expect(
      await page
        .locator('progress')
        .evaluate((bar) => Number(bar.getAttribute('value') ?? (bar as never as { value: number }).value)),
    ).toBe(0.5);

    view.show('', () => exampleSummary({ evaluations: 2 }));
    await page.locator('#shared-settings summary').click();
    await page.evaluate('scrollTo(0, 700)');
    // The sentence above may have wrapped differently by then.
    const whereItIs = () =>
      page.locator('#differences').evaluate((section) => Math.round(section.getBoundingClientRect().y));
    const read = await whereItIs();
    const lines = () => page.locator('#figure-AP50 svg path').count();
    const before = await page.locator('#figure-AP50').innerHTML();
    view.show('', () => exampleSummary({ evaluations: 9 }));
    await expect.poll(() => page.locator('#figure-AP50').innerHTML()).not.toBe(before);
    expect(await lines()).toBeGreaterThan(0);
    expect(await page.locator('#shared-settings').getAttribute('open')).toBe('');
    expect(await whereItIs()).toBe(read);

    await view.close();
    await page.getByText('has ended').waitFor();
    expect(complaints).toEqual([]);
    await page.close();
  });

  it('reconnects and shows the current state once the process is back', { timeout: 60_000 }, async () => {
    const view = await LiveView.start(0);
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(view.address);
    await page.getByText('about to begin').waitFor();
    // The process ends while the page is requested, as on Ctrl-C.
    await page.route(view.address, (route) => route.abort());
    const failed = page.waitForEvent('requestfailed', (request) => request.url() === view.address);
    view.changed();
    await failed;
    await view.close();
    await page.getByText('has ended').waitFor();
    await page.unroute(view.address);

    const back = await LiveView.start(Number(new URL(view.address).port));
    back.show('', () => exampleSummary({ evaluations: 3 }));
    await page.locator('#figure-AP50 svg').first().waitFor();
    await page.getByText('about to begin').waitFor();
    expect(complaints).toEqual([]);
    await page.close();
    await back.close();
  });

  it('shows an ablation until Ctrl-C, which is then not a failure', { timeout: 120_000 }, async () => {
    const cells = ['--cells', 'none,both', '--seeds', '1', '--steps', '12'];
    const cli = startCli(
      ['ablate', 'components', ...cells, '--serve', '0', ...smallOptions({ 'evaluation.every': 4 })],
      folder,
    );
    const address = () => /http:\/\/127\.0\.0\.1:\d+\//.exec(cli.complaints())?.[0];
    await until('it says where the page is', () => address() !== undefined);
    const page = await browser.newPage();
    await page.goto(address() as string);
    await page.getByText(/in progress|about to begin/).waitFor();
    await page.getByText('All runs have ended').waitFor({ timeout: 100_000 });
    await page.locator('#figure-cells svg').first().waitFor();
    await page.close();
    cli.kill('SIGINT');
    expect(await cli.finished).toMatchObject({ code: 0, stdout: expect.stringContaining('both') });
  });

  it('shows a single run', { timeout: 60_000 }, async () => {
    const cli = startCli(['train', '--steps', '8', '--serve', '0', ...smallOptions({ 'evaluation.every': 4 })], folder);
    const address = () => /http:\/\/127\.0\.0\.1:\d+\//.exec(cli.complaints())?.[0];
    await until('it says where the page is', () => address() !== undefined);
    const page = await browser.newPage();
    await page.goto(address() as string);
    await page.getByText('All runs have ended').waitFor({ timeout: 50_000 });
    await page.locator('#figure-AP50 svg').first().waitFor();
    await page.close();
    cli.kill('SIGINT');
    expect(await cli.finished).toMatchObject({ code: 0, stdout: expect.stringContaining('done: 8 steps') });
  });
});
