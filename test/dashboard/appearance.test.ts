import { describe, expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import { axe, axeInBothColors, SECTIONS } from './axe.ts';
import { executablePath, useBrowser } from './browser.ts';
import { eventually } from '../waiting.ts';
import { call, serveRun, type ServedRun } from './served-run.ts';

async function busyRun(): Promise<ServedRun> {
  const run = await serveRun();
  for (let second = 0; second < 60; second += 1) run.give(call(second), call(second, 'claude-sonnet', 200 + second));
  run.give(call(36, 'gpt-4o', 9000), call(1), call(59, 'gpt-4o', 'slow'));
  await eventually(() => expect(run.delivered.length).toBeGreaterThan(10));
  return run;
}

async function untilShown(page: Page): Promise<void> {
  await page.locator('.keys-table tbody tr[data-key]').nth(1).waitFor();
  await page.locator('.chart canvas').first().waitFor();
  await page.getByText('invalid value').first().waitFor();
  await page.locator('#windows table').first().waitFor();
}

function widthOf(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth);
}

describe.skipIf(executablePath === undefined)('the page', () => {
  const { open } = useBrowser();

  it.each([1280, 380])('is found without fault by axe, light and dark, %d px wide', async (width) => {
    const { url } = await busyRun();
    const page = await open(url, { viewport: { width, height: 800 } });
    await untilShown(page);
    expect(await page.locator('main > section').evaluateAll((all) => all.map(({ id }) => id))).toEqual(SECTIONS);
    expect(await axeInBothColors(page)).toEqual([]);
    await page.getByRole('button', { name: 'As a table' }).click();
    await page.locator('.chart-table tbody tr').first().waitFor();
    expect(await axeInBothColors(page)).toEqual([]);
  });

  it('is no wider than its window, and its controls are within reach', async () => {
    const { url } = await busyRun();
    const page = await open(url);
    await untilShown(page);
    for (const width of [320, 380, 720, 1024]) {
      await page.setViewportSize({ width, height: 800 });
      // What is drawn by size is drawn again a frame later.
      await eventually(async () => {
        expect(await widthOf(page)).toBeLessThanOrEqual(width);
        for (const name of ['Pause', 'As a table', 'Dark colors']) {
          const box = await page.getByRole('button', { name }).boundingBox();
          expect([name, (box?.x ?? -1) >= 0, (box?.x ?? 0) + (box?.width ?? 0) <= width]).toEqual([name, true, true]);
        }
        // The number that a key stands for is in sight, however narrow it is.
        const main = await page.locator('.keys-table td.is-main').first().boundingBox();
        expect((main?.x ?? 0) + (main?.width ?? width)).toBeLessThanOrEqual(width);
      });
    }
  });

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
    await eventually(async () => expect(await box.isChecked()).toBe(false));
    const head = page.getByRole('button', { name: 'model', exact: true });
    await head.focus();
    await page.keyboard.press('Enter');
    await page.locator('th[aria-sort="ascending"]').first().waitFor();
    await page.keyboard.press('Enter');
    await page.locator('th[aria-sort="descending"]').first().waitFor();
  });

  it('is told on by each of these checks where it has a fault', async () => {
    const { url } = await busyRun();
    const page = await open(url, { mayComplainOf: /planted|Content Security Policy/ });
    await untilShown(page);
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    await page.evaluate(() => {
      document
        .querySelector('#keys input[type="search"]')
        ?.closest('label')
        ?.replaceWith(document.createElement('input'));
      const pale = Object.assign(document.createElement('p'), { textContent: 'pale' });
      pale.style.color = '#b9c4ce';
      document.querySelector('#state')?.append(pale);
      const wide = document.createElement('div');
      wide.style.width = '2000px';
      document.querySelector('main')?.append(wide);
      const script = Object.assign(document.createElement('script'), { textContent: 'throw new Error("planted")' });
      document.body.append(script);
    });
    const found = (await axe(page)).map((text) => text.split(' ')[1]);
    expect(found).toContain('label');
    expect(found).toContain('color-contrast');
    expect(await axe(page, ['color-contrast'])).toHaveLength(1);
    expect(await widthOf(page)).toBeGreaterThan(1280);
    await eventually(() => expect(complaints.join()).toContain('Content Security Policy'));
  });
});
