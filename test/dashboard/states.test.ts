import { describe, expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import type { Checkpoints, Explanation, Partitions, Problems, Status } from '../../src/http/api/types.ts';
import { axeInBothColors } from './axe.ts';
import { executablePath, useBrowser } from './browser.ts';
import { eventually } from '../waiting.ts';
import { call, serveRun, type ServedRun } from './served-run.ts';

/** Has the page told something else than the processor says. */
async function told<T>(page: Page, path: string, change: (answer: T) => T): Promise<void> {
  await page.route(
    (url) => url.pathname === `/v1/${path}`,
    async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, json: change((await response.json()) as T) });
    },
  );
}

async function runWithResults(): Promise<ServedRun> {
  const run = await serveRun();
  run.give(call(0), call(1, 'claude-sonnet'), call(30));
  await eventually(() => expect(run.delivered).toHaveLength(2));
  return run;
}

const TWELVE = Array.from({ length: 12 }, (_, n) => `events/${String(n)}`);

function troubled(status: Status): Status {
  const sink = { name: 'sink:database', status: 'degraded', message: 'no room; waiting' } as const;
  return {
    ...status,
    health: 'degraded',
    components: [...status.components, sink],
    firing: true,
    storage: {
      ...status.storage,
      backend: 'rocksdb',
      full: true,
      checkpoint_failures: 1,
      last_checkpoint: { id: 'auto-1', age_seconds: 0.2, size_bytes: 2_000_000, duration_seconds: 0.1 },
    },
    counters: { ...status.counters, rejected: 3, filtered: 7, unassigned: 2, skipped: 1 },
  };
}

function manyPartitions({ partitions: [one] }: Partitions): Partitions {
  const partitions = TWELVE.flatMap((id, n) =>
    one === undefined
      ? []
      : [
          {
            ...one,
            id,
            state: n === 1 ? ('idle' as const) : n === 2 ? ('finished' as const) : ('active' as const),
            holds_back: n === 11,
            behind_seconds: n === 1 ? 900 : n === 11 ? 8 : n / 100,
          },
        ],
  );
  return { total: partitions.length, partitions };
}

function manyWindows(explained: Explanation): Explanation {
  const [first] = explained.windows;
  const windows = Array.from({ length: 20 }, (_, n) => {
    const start = new Date(Date.UTC(2026, 2, 2, 10, n)).toISOString();
    const why = { text: 'Its time has not come.', start, end: start, fired: n > 9 };
    return first === undefined
      ? []
      : [{ ...first, ...why, reason: n > 9 ? ('fired' as const) : ('watermark' as const) }];
  }).flat();
  return { ...explained, windows, total: 20, waiting: 10 };
}

describe.skipIf(executablePath === undefined)('the page shows', () => {
  const { open } = useBrowser();

  it('what is wrong where it is, and that is found without fault by axe', async () => {
    const { url } = await runWithResults();
    const checkpoint = { time: '2026-03-02T09:00:00.000Z', duration_seconds: 1, size_bytes: 2_000_000 };
    const page = await open(url, {
      async prepare(made) {
        await told(made, 'status', troubled);
        await told(made, 'partitions', manyPartitions);
        await told(made, 'windows/explain', manyWindows);
        await told<Checkpoints>(made, 'checkpoints', () => ({
          total: 2,
          checkpoints: [
            { id: 'auto-2', ...checkpoint, size_bytes: null, error: 'the disk is full' },
            { id: 'auto-1', ...checkpoint, error: null },
          ],
        }));
        await told<Problems>(made, 'problems', () => ({
          total: 2,
          problems: (['warn', 'error'] as const).map((level) => ({
            time: checkpoint.time,
            level,
            message: `a ${level}`,
            details: { sink: 'database' },
          })),
        }));
      },
    });
    await page.locator('.headline', { hasText: 'Degraded. sink:database: no room; waiting' }).waitFor();
    await page.locator('.stage-troubled', { hasText: 'no room; waiting' }).waitFor();
    await page.getByText('The disk is full: the processor waits for room').waitFor();
    await eventually(async () => {
      expect(await page.locator('#picture').textContent()).toContain('windows are firing');
      expect(await page.locator('#left-out .card-note').textContent()).toBe(
        '3 rejected, 0 too late, 7 filtered out, 2 in no window, 1 refused by a sink',
      );
    });
    await page.getByText('None to be listed').waitFor();
    await page.getByText('auto-2').waitFor();
    await page.getByText('a warn').waitFor();

    const names = page.locator('.partition strong');
    // The one that all wait for is among the few, and none changes its place.
    await eventually(async () => expect(await names.allTextContents()).toEqual([...TWELVE.slice(0, 5), 'events/11']));
    expect(await page.locator('.partition', { hasText: 'events/11' }).textContent()).toContain('holds the watermark');
    // One that nobody waits for says nothing of how far the others are.
    const bars = await page.locator('.lag-bar > span').evaluateAll((all) => all.map((bar) => bar.style.width));
    expect([bars[1], bars.at(-1)]).toEqual(['0%', '100%']);
    expect(await axeInBothColors(page)).toEqual([]);

    await page.getByRole('button', { name: 'Show all 12' }).click();
    await eventually(async () => expect(await names.count()).toBe(12));
    await page.getByText('Waiting for their end: the first 6 of 10').waitFor();
    await page.getByText('Fired, and kept for late events: the first 3 of 10').waitFor();
    await page.getByRole('button', { name: 'Show more' }).click();
    await eventually(async () => expect(await page.locator('.windows-table tbody tr').count()).toBe(20));
    await page.locator('#traffic select').nth(1).selectOption('bands');
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByText('as of').waitFor();
    expect(await axeInBothColors(page)).toEqual([]);
  });

  it('that something is refused, and has it when it is no longer', async () => {
    const { url } = await runWithResults();
    const json = { error: { code: 'invalid_query', message: 'there are too many' } };
    const isKeys = (at: URL): boolean => at.pathname === '/v1/keys';
    const page = await open(url, {
      async prepare(made) {
        await made.clock.install();
        await made.route(isKeys, (route) => route.fulfill({ status: 400, json }));
      },
    });
    const keys = page.locator('#keys');
    await keys.getByText('The processor does not give keys: there are too many. It is asked again.').waitFor();
    expect(await keys.getByText('Loading').count()).toBe(0);
    expect(await axeInBothColors(page)).toEqual([]);
    await page.unroute(isKeys);
    await page.clock.fastForward(5000);
    await keys.locator('tbody tr[data-key]').nth(1).waitFor();
    expect(await keys.getByText('does not give').count()).toBe(0);
  });

  it('that it waits for the first answer, and what it waits for', async () => {
    const { url } = await serveRun();
    const page = await open(url, { prepare: (made) => made.route('**/v1/**', () => undefined) });
    await page.getByText('Loading what the processor tells').waitFor();
    await page.getByText('Connecting').waitFor();
    expect(await axeInBothColors(page)).toEqual([]);
    await page.unrouteAll({ behavior: 'ignoreErrors' });
  });

  it('that no key is chosen, with the way back', async () => {
    const { url } = await runWithResults();
    const page = await open(url);
    for (const name of ['gpt-4o · eu', 'claude-sonnet · eu'])
      await page.getByLabel(`Show ${name} in the chart`).uncheck();
    await page.getByText('No key is chosen').waitFor();
    expect(await axeInBothColors(page)).toEqual([]);
    await page.getByRole('button', { name: 'back to the busiest keys' }).click();
    await page.locator('.chart canvas').first().waitFor();
  });

  it('without fault that it is empty, disconnected or locked', async () => {
    const empty = await serveRun();
    const page = await open(empty.url);
    await page.getByText('No results yet').waitFor();
    await page.getByText(/Waiting for the first event from the .* source\./).waitFor();
    await page.getByText('has not had an event.').waitFor();
    await page.locator('.tile', { hasText: 'Events in' }).getByText('0 /s').waitFor();
    expect(await axeInBothColors(page)).toEqual([]);
    await empty.close();
    await page.getByText('No connection to the processor').waitFor();
    expect(await axeInBothColors(page)).toEqual([]);
    const locked = await open((await serveRun({ token: 'secret' })).url);
    await locked.getByText('This processor asks for its token').waitFor();
    expect(await axeInBothColors(locked)).toEqual([]);
    await locked.getByRole('textbox', { name: 'Token' }).fill('wrong');
    await locked.getByRole('button', { name: 'Unlock' }).click();
    await locked.getByText('That is not the token of this processor').waitFor();
    expect(await axeInBothColors(locked)).toEqual([]);
  });
});
