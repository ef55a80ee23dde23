import { source } from 'axe-core';
import { describe, expect, it, vi } from 'vitest';
import type { Page } from 'playwright-core';
import { executablePath, PATIENCE_MS, useBrowser } from './browser.ts';
import { call, serveRun, type ServedRun } from './served-run.ts';

interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly impact: string | null;
    readonly nodes: readonly { readonly target: readonly string[]; readonly failureSummary?: string }[];
  }[];
}

/** What axe finds, of any weight. */
async function axe(page: Page): Promise<readonly string[]> {
  // The policy of the page lets no script in; whoever steers the browser may run one all the same.
  await page.evaluate(source);
  const { violations } = await page.evaluate(() =>
    (window as unknown as { axe: { run: () => Promise<AxeResult> } }).axe.run(),
  );
  return violations.flatMap(({ id, impact, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${impact ?? ''} ${id} ${target.join(' ')} ${failureSummary ?? ''}`),
  );
}

async function busyRun(): Promise<ServedRun> {
  const run = await serveRun();
  for (let second = 0; second < 60; second += 1) run.give(call(second), call(second, 'claude-sonnet', 200 + second));
  run.give(call(36, 'gpt-4o', 9000), call(1), call(59, 'gpt-4o', 'slow'));
  await vi.waitFor(() => expect(run.delivered.length).toBeGreaterThan(10), { timeout: PATIENCE_MS });
  return run;
}

async function untilShown(page: Page): Promise<void> {
  await page.locator('.keys-table tbody tr[data-key]').nth(1).waitFor();
  await page.locator('.chart canvas').first().waitFor();
  await page.getByText('invalid value').first().waitFor();
  await page.locator('#windows table').first().waitFor();
}

describe.skipIf(executablePath === undefined)('the page', { timeout: 60_000 }, () => {
  const { open } = useBrowser();

  it.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 380],
    ['dark', 380],
  ] as const)('is found without fault by axe, %s and %d px wide', async (colorScheme, width) => {
    const { url } = await busyRun();
    const page = await open(url, { colorScheme, viewport: { width, height: 800 } });
    await untilShown(page);
    expect(await axe(page)).toEqual([]);
    await page.getByRole('button', { name: 'As a table' }).click();
    await page.locator('.chart-table tbody tr').first().waitFor();
    expect(await axe(page)).toEqual([]);
  });

  it('is found without fault by axe while it is empty, locked or disconnected', async () => {
    const empty = await serveRun();
    const page = await open(empty.url);
    await page.getByText('No results yet').waitFor();
    expect(await axe(page)).toEqual([]);
    await empty.close();
    await page.getByText('No connection to the processor').waitFor();
    expect(await axe(page)).toEqual([]);
    const locked = await open((await serveRun({ token: 'secret' })).url);
    await locked.getByText('This processor asks for its token').waitFor();
    expect(await axe(locked)).toEqual([]);
  });

  it.each([320, 380, 720, 1024])(
    'is no wider than a window of %d px, and its controls are within reach',
    async (width) => {
      const { url } = await busyRun();
      const page = await open(url, { viewport: { width, height: 800 } });
      await untilShown(page);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
      for (const name of ['Pause', 'As a table', 'Dark colors']) {
        const box = await page.getByRole('button', { name }).boundingBox();
        expect([name, (box?.x ?? -1) >= 0, (box?.x ?? 0) + (box?.width ?? 0) <= width]).toEqual([name, true, true]);
      }
      // The number that a key stands for is in sight, however narrow it is.
      const main = await page.locator('.keys-table td.is-main').first().boundingBox();
      expect((main?.x ?? 0) + (main?.width ?? width)).toBeLessThanOrEqual(width);
    },
  );

  it('is as dark as the system asks for, or as was chosen, also when it is loaded again', async () => {
    const { url } = await serveRun();
    const page = await open(url, { colorScheme: 'light' });
    const ground = (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await ground();
    await page.emulateMedia({ colorScheme: 'dark' });
    const dark = await ground();
    expect(dark).not.toBe(light);
    await page.getByRole('button', { name: 'Light colors' }).click();
    expect(await ground()).toBe(light);
    await page.reload();
    expect(await ground()).toBe(light);
    await page.getByRole('button', { name: 'Dark colors' }).click();
    expect(await ground()).toBe(dark);
    // What the system would do as well is no choice that stays.
    await page.emulateMedia({ colorScheme: 'light' });
    expect(await ground()).toBe(light);
  });

  it('can be used without a pointer', async () => {
    const { url } = await busyRun();
    const page = await open(url);
    await untilShown(page);
    const focused = (): Promise<string> =>
      page.evaluate(
        () => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? '',
      );
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('Skip to the content');
    await page.keyboard.press('Tab');
    expect(await focused()).toContain('Pause');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Resume' }).waitFor();
    await page.keyboard.press('Space');
    await page.getByRole('button', { name: 'Pause' }).waitFor();
    const box = page.getByLabel('Show gpt-4o · eu in the chart');
    await box.focus();
    await page.keyboard.press('Space');
    await vi.waitFor(async () => expect(await box.isChecked()).toBe(false));
    const head = page.getByRole('button', { name: 'model', exact: true });
    await head.focus();
    await page.keyboard.press('Enter');
    await page.locator('th[aria-sort="ascending"]').first().waitFor();
    await page.keyboard.press('Enter');
    await page.locator('th[aria-sort="descending"]').first().waitFor();
  });
});
