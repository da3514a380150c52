/** Debian's Chromium, driven by playwright-core, for tests of code that has to work in a browser. */
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const executable = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((file) =>
  existsSync(file),
);

/** Whether browser tests can run here. In CI they always run, and fail where there is no browser. */
export const hasBrowser = executable !== undefined || process.env.CI !== undefined;

if (!hasBrowser)
  process.stderr.write('no Chromium here: browser tests are skipped (Debian: apt-get install chromium)\n');

/** @throws if no browser is installed */
export function launchBrowser(): Promise<Browser> {
  if (executable === undefined) throw new Error('no Chromium found: install it (Debian: apt-get install chromium)');
  // As root, as in most containers, Chromium's sandbox cannot start; the pages are our own.
  return chromium.launch({ executablePath: executable, args: ['--no-sandbox'] });
}

/**
 * Runs a script in an empty page and returns the lines that it logged.
 *
 * @throws the error that the script throws
 */
export async function runInBrowser(script: string): Promise<string> {
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage();
    const lines: string[] = [];
    page.on('console', (message) => lines.push(message.text()));
    let failure: Error | undefined;
    page.on('pageerror', (error) => {
      failure = error;
    });
    await page.addScriptTag({ content: script });
    if (failure) throw failure;
    return lines.map((line) => `${line}\n`).join('');
  } finally {
    await browser.close();
  }
}
