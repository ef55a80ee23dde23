import { describe, expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import { executablePath, useBrowser } from './browser.ts';
import { eventually } from '../waiting.ts';
import { call, serveRun } from './served-run.ts';

const TOKEN = 'canary-7d20';

async function tileOf(page: Page, title: string): Promise<string | null> {
  return page.locator('.tile', { hasText: title }).locator('.tile-note').textContent();
}

/** Marks a page, to tell later that it has not been loaded anew. */
async function mark(page: Page): Promise<() => Promise<boolean>> {
  await page.evaluate(() => Object.assign(window, { isMarked: true }));
  return () => page.evaluate(() => 'isMarked' in window);
}

describe.skipIf(executablePath === undefined)('the page and the processor', () => {
  const { open } = useBrowser();

  it('says what it waits for before there are results, and shows them when they come', async () => {
    const { url, give } = await serveRun();
    const page = await open(url);
    await page.getByText('No results yet').waitFor();
    // The name of the windows comes with the first status.
    await page.locator('#traffic').getByText('when a window of tumbling(size=10s) is over').waitFor();
    await page.getByText('No keys yet').waitFor();
    await page.getByText('No window is open').waitFor();
    await page.getByText('No record was rejected').waitFor();
    await page.getByText('No event came too late').waitFor();
    const isSame = await mark(page);
    give(call(0), call(1), call(30));
    await page.locator('.keys-table tbody tr[data-key]').waitFor();
    await page.locator('.chart canvas').first().waitFor();
    expect(await page.getByText('No results yet').count()).toBe(0);
    expect(await isSame()).toBe(true);
  });

  it('survives a restart of the processor, and says meanwhile that nothing is heard', async () => {
    const first = await serveRun();
    first.give(call(0), call(30));
    const page = await open(first.url);
    await page.locator('.keys-table tbody tr[data-key]').waitFor();
    const isSame = await mark(page);
    await first.close();
    await page.getByText('No connection to the processor').waitFor();
    await page.getByText('Disconnected').waitFor();
    await eventually(async () => expect(await page.title()).toBe('Disconnected · calls'));
    expect(await page.getByText('Healthy').count()).toBe(0);
    await page.getByText('When last heard:').waitFor();
    // What was said last is still there.
    expect(await page.locator('.keys-table tbody tr[data-key]').count()).toBe(1);

    const second = await serveRun({ port: first.port });
    second.give(call(0, 'other'), call(1, 'another'), call(30));
    await page.getByRole('button', { name: 'Try now' }).click();
    await page.getByText('Healthy').first().waitFor();
    await eventually(async () => expect(await page.locator('#keys').textContent()).toContain('another'));
    await page.getByText('No connection to the processor').waitFor({ state: 'detached' });
    expect(await page.locator('#keys').textContent()).not.toContain('gpt-4o');
    expect(await isSame()).toBe(true);
  });

  it('comes back by itself', async () => {
    const first = await serveRun();
    const page = await open(first.url);
    await page.getByText('No results yet').waitFor();
    await first.close();
    await page.getByText('No connection to the processor').waitFor();
    await serveRun({ port: first.port });
    await page.getByText('No connection to the processor').waitFor({ state: 'detached' });
    await page.getByText('Healthy').first().waitFor();
    await eventually(async () => expect(await page.title()).toBe('Healthy · calls'));
  });

  it('stands still while it is paused, and catches up when it goes on', async () => {
    const { url, give, monitor } = await serveRun();
    give(call(0), call(30));
    const page = await open(url);
    await page.locator('.keys-table tbody tr[data-key]').waitFor();
    await eventually(async () => expect(await tileOf(page, 'Events in')).toBe('2 in all'));
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByText('as of').waitFor();
    const before = monitor.results.version;
    give(call(31, 'newcomer'), call(90));
    await eventually(() => expect(monitor.results.version).toBeGreaterThan(before));
    // The time since the pause is told, about once a second; that is all that moves.
    await page.getByText(/as of (?:[2-9]|\d\d+) s ago/).waitFor();
    expect(await tileOf(page, 'Events in')).toBe('2 in all');
    expect(await page.locator('#keys').textContent()).not.toContain('newcomer');
    await page.getByRole('button', { name: 'Resume' }).click();
    await eventually(async () => expect(await tileOf(page, 'Events in')).toBe('4 in all'));
    await eventually(async () => expect(await page.locator('#keys').textContent()).toContain('newcomer'));
  });

  it('asks for the token of the server, and keeps it to this tab', async () => {
    const { url, give } = await serveRun({ token: TOKEN });
    give(call(0), call(30));
    const page = await open(url);
    await page.getByText('This processor asks for its token').waitFor();
    await page.getByRole('textbox', { name: 'Token' }).fill('wrong');
    await page.getByRole('button', { name: 'Unlock' }).click();
    await page.getByText('That is not the token of this processor').waitFor();
    await page.getByRole('textbox', { name: 'Token' }).fill(TOKEN);
    await page.getByRole('textbox', { name: 'Token' }).press('Enter');
    await page.locator('.keys-table tbody tr[data-key]').waitFor();
    await page.reload();
    await page.locator('.keys-table tbody tr[data-key]').waitFor();
    const kept = await page.evaluate(() => Object.values(localStorage).join() + document.cookie + location.href);
    expect(kept).not.toContain(TOKEN);
  });
});
