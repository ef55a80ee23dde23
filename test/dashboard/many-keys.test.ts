import { describe, expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import { MemorySource } from '../../src/sources/memory/memory-source.ts';
import { executablePath, useBrowser } from './browser.ts';
import { eventually } from '../waiting.ts';
import { call, serveRun } from './served-run.ts';

const KEYS = 10_000;

/** Calls of ten thousand models, in two windows. */
function calls() {
  const names = Array.from({ length: KEYS }, (_, n) => `model-${String(n).padStart(5, '0')}`);
  return [0, 10].flatMap((second) => names.map((name, n) => call(second, name, n)));
}

/** The names in the rows that are drawn, from the top of what is in sight. */
function inSight(page: Page): Promise<readonly string[]> {
  return page.locator('.keys-box').evaluate((box) => {
    const { top, bottom } = box.getBoundingClientRect();
    const rows = [...box.querySelectorAll<HTMLElement>('tbody tr[data-key]')];
    const visible = rows.filter((row) => {
      const rect = row.getBoundingClientRect();
      return rect.top >= top && rect.bottom <= bottom;
    });
    return visible.map((row) => row.dataset['key']?.replace(/^model=|::.*/g, '') ?? '');
  });
}

describe.skipIf(executablePath === undefined)('ten thousand keys', () => {
  const { open } = useBrowser();

  it('are scrolled through, found and sorted with few of them drawn', async () => {
    const run = await serveRun({ source: new MemorySource(calls()) });
    await eventually(() => expect(run.monitor.results.keys).toBe(KEYS));
    const page = await open(run.url);
    await page.getByText('10,000 keys', { exact: true }).waitFor();
    const box = page.locator('.keys-box');
    const drawn = (): Promise<number> => page.locator('.keys-table tbody tr').count();

    await page.getByRole('button', { name: 'model', exact: true }).click();
    await eventually(async () => expect((await inSight(page))[0]).toBe('model-00000'));
    const height = await box.evaluate((element) => element.scrollHeight);
    // At every place that is scrolled to stand the keys of that place, in their order.
    for (const share of [0.1, 0.5, 0.25, 0.9]) {
      await box.evaluate((element, top) => element.scrollTo({ top }), height * share);
      const expected = Math.round((height * share) / 38);
      await eventually(async () => {
        const names = await inSight(page);
        expect(names.length).toBeGreaterThan(8);
        expect(Math.abs(Number(names[0]?.slice('model-'.length)) - expected)).toBeLessThanOrEqual(2);
        expect(names).toEqual(names.toSorted());
      });
      expect(await drawn()).toBeLessThan(40);
    }
    await box.focus();
    await page.keyboard.press('End');
    await eventually(async () => expect((await inSight(page)).at(-1)).toBe('model-09999'));
    expect(await page.locator('.keys-table').getAttribute('aria-rowcount')).toBe('10001');

    // However few columns there is room for, the keys are among them.
    await page.setViewportSize({ width: 380, height: 800 });
    const name = page.locator('.keys-table tbody tr[data-key] .key-field').first();
    await eventually(async () => expect((await name.boundingBox())?.width).toBeGreaterThan(100));
    await page.setViewportSize({ width: 1280, height: 900 });

    await page.getByLabel('Search').fill('0777');
    await eventually(async () => expect((await inSight(page))[0]).toBe('model-00777'));
    await eventually(async () => {
      expect(await page.locator('#keys .card-note').textContent()).toBe('11 of 10,000 keys');
      expect(await box.evaluate((element) => element.scrollTop)).toBe(0);
    });
    await page.getByLabel('Search').fill('');
    await page.getByRole('button', { name: 'p95', exact: true }).click();
    await eventually(async () => expect((await inSight(page))[0]).toBe('model-09999'));
  });
});
