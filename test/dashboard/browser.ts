import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest';
import { ROOT } from '../checks/source-file.ts';
import { PATIENCE_MS } from '../waiting.ts';
import { chromiumPath } from './chromium.ts';

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Path of Chromium; undefined where there is none. */
export const executablePath = chromiumPath();

if (executablePath === undefined) {
  process.stderr.write('The dashboard is not tried in a browser: there is no Chromium here.\n');
}

/** How a page is opened. */
export interface OpenOptions extends BrowserContextOptions {
  /** Done with the page before it goes to its place. */
  readonly prepare?: (page: Page) => Promise<unknown>;
  /** What it may complain of; a page that complains of anything else fails its test. */
  readonly mayComplainOf?: RegExp;
}

/** Opens pages in one browser for all tests of a file. */
export function useBrowser(): { readonly open: (url: string, options?: OpenOptions) => Promise<Page> } {
  let browser: Browser | undefined;
  beforeAll(async () => {
    expect(existsSync(join(ROOT, 'dist/dashboard/index.html')), 'dist/ is built: npm run build').toBe(true);
    browser = await chromium.launch({ ...(executablePath === undefined ? {} : { executablePath }), args: FLAGS });
  });
  afterAll(async () => browser?.close());
  return {
    async open(url, { prepare, mayComplainOf, ...options } = {}) {
      const context = await browser?.newContext({
        viewport: { width: 1280, height: 900 },
        locale: 'en-GB',
        ...options,
      });
      const page = await context?.newPage();
      if (page === undefined) throw new Error('there is no browser');
      page.setDefaultTimeout(PATIENCE_MS);
      const complaints: string[] = [];
      const complain = (text: string): void => {
        // That a server is gone for a while, or has refused something, is said by the browser as well.
        const isNetwork = /Failed to load resource|net::ERR_/.test(text);
        if (!isNetwork && mayComplainOf?.test(text) !== true) complaints.push(text);
      };
      page.on('pageerror', (error) => complain(error.message));
      page.on('console', (message) => {
        if (['error', 'warning'].includes(message.type())) complain(message.text());
      });
      onTestFinished(async () => {
        await page.context().close();
        expect(complaints).toEqual([]);
      });
      await prepare?.(page);
      await page.goto(url);
      return page;
    },
  };
}
