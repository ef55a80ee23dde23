import { describe, expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import { formatValue, unitOf } from '../../dashboard/src/format/numbers.ts';
import type { AggregationResult } from '../../src/results/aggregation-result.ts';
import { executablePath, useBrowser } from './browser.ts';
import { eventually } from '../waiting.ts';
import { call, serveRun, type ServedRun } from './served-run.ts';

const MODELS = ['gpt-4o', 'claude-sonnet', 'mistral'];

/** By the name that the API gives a number: what each result has of it. */
function numbersOf({ results }: AggregationResult): Readonly<Record<string, unknown>> {
  const byMetric = results as Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  return Object.fromEntries(
    Object.entries(byMetric).flatMap(([metric, aggregates]) =>
      Object.entries(aggregates).map(([aggregate, value]) => [`${metric}.${aggregate}`, value]),
    ),
  );
}

/** The last pane of each window and key, by key and end. */
function lastPanes(delivered: readonly AggregationResult[]): ReadonlyMap<string, AggregationResult> {
  return new Map(delivered.map((result) => [`${String(result.key)}/${String(result.window.end)}`, result]));
}

async function cellsOf(
  page: Page,
  rows: string,
): Promise<readonly (readonly [id: string, name: string, value: number, text: string])[]> {
  return page.$$eval(`${rows} [data-value]`, (cells) =>
    cells.map((cell) => {
      const row = cell.closest('tr');
      const id = `${row?.dataset['key'] ?? ''}/${row?.dataset['end'] ?? ''}`;
      const [name, value] = [cell.getAttribute('data-name') ?? '', Number(cell.getAttribute('data-value'))];
      return [id, name, value, cell.firstChild?.textContent ?? ''] as const;
    }),
  );
}

/** A number as the page writes it. */
function written(name: string, value: unknown): unknown {
  const [metric = '', aggregate = ''] = name.split('.');
  return typeof value === 'number' ? formatValue(value, unitOf(metric, aggregate)) : undefined;
}

function giveCalls({ give }: ServedRun): void {
  for (let second = 0; second < 60; second += 1) {
    give(
      ...MODELS.map((model, n) => call(second, model, 1000 * (n + 1) + ((second * 37) % 101), n === 0 ? 'us' : 'eu')),
    );
  }
  // Late, and still counted: the window from 30 s to 40 s fires again.
  give(call(36, 'gpt-4o', 99_000, 'us'));
}

describe.skipIf(executablePath === undefined)('the numbers on the page', () => {
  const { open } = useBrowser();

  it('are those of the results that were delivered, in the table of keys and in that of the chart', async () => {
    const run = await serveRun();
    giveCalls(run);
    // Windows up to 50 s have fired, and one of them twice.
    await eventually(() => expect(run.delivered).toHaveLength(3 * 5 + 1));
    const panes = lastPanes(run.delivered);
    const page = await open(run.url);
    await page.locator('.keys-table tbody tr[data-key]').nth(2).waitFor();

    const cells = async (rows: string, count: number) =>
      eventually(async () => {
        const found = await cellsOf(page, rows);
        expect(found).toHaveLength(count);
        return found;
      });
    const inTable = await cells('.keys-table', 3 * 7);
    for (const [id, name, value, text] of inTable) {
      const key = id.slice(0, -1);
      const latest = [...panes.values()].findLast((result) => String(result.key) === key);
      const delivered = latest === undefined ? undefined : numbersOf(latest)[name];
      expect([key, name, value, text]).toEqual([key, name, delivered, written(name, delivered)]);
    }

    await page.getByRole('button', { name: 'As a table' }).click();
    const inChart = await cells('.chart-table', panes.size * 2);
    for (const [id, name, value, text] of inChart) {
      const result = panes.get(id);
      const delivered = result === undefined ? undefined : numbersOf(result)[name];
      expect([id, name, value, text]).toEqual([id, name, delivered, written(name, delivered)]);
    }
    const revised = page.locator('.chart-table tr', { hasText: 'revised' });
    expect(await revised.count()).toBe(1);
    expect(await revised.getAttribute('data-key')).toBe('model=gpt-4o::region=us');
    expect(await revised.locator('[data-name="latency_ms.p95"]').textContent()).toBe('1 m 39 s');
  });

  it('follow what is chosen: metric, aggregate, percentiles, keys and order', async () => {
    const run = await serveRun();
    giveCalls(run);
    const page = await open(run.url);
    const rows = page.locator('.keys-table tbody tr[data-key]');
    await rows.nth(2).waitFor();
    await eventually(() => expect(run.delivered).toHaveLength(16));

    const metric = page.locator('#traffic select').nth(0);
    const view = page.locator('#traffic select').nth(1);
    await metric.selectOption('cost_usd');
    await view.selectOption('average');
    await page.locator('.keys-table .is-main', { hasText: '$0.01' }).first().waitFor();
    await metric.selectOption('latency_ms');
    await view.selectOption('p95');

    await page.getByRole('button', { name: 'p95', exact: true }).click();
    await page.locator('th[aria-sort="descending"]', { hasText: 'p95' }).waitFor();
    const order = async (): Promise<unknown> =>
      rows.evaluateAll((all) => all.map((row) => row.dataset['key']?.replace(/^model=|::.*/g, '')));
    await eventually(async () => expect(await order()).toEqual(['mistral', 'claude-sonnet', 'gpt-4o']));
    await page.getByRole('button', { name: 'p95', exact: true }).click();
    await eventually(async () => expect(await order()).toEqual(['gpt-4o', 'claude-sonnet', 'mistral']));

    await page.getByLabel('Show mistral · eu in the chart').uncheck();
    await view.selectOption('bands');
    await eventually(async () => {
      expect(await page.getByRole('list', { name: 'Keys in the chart' }).textContent()).not.toContain('mistral');
      expect(await page.locator('.legend-moment').textContent()).toMatch(/p50 .*, p95 .*, p99 /);
    });
    // Something is drawn: the line of the key, in its color.
    const drawn = (): Promise<number> =>
      page
        .locator('.chart canvas')
        .first()
        .evaluate((canvas) => {
          const { width, height } = canvas as HTMLCanvasElement;
          const { data } = (canvas as HTMLCanvasElement).getContext('2d')?.getImageData(0, 0, width, height) ?? {
            data: [],
          };
          let count = 0;
          for (let at = 0; at < data.length; at += 4) {
            const [red = 0, , blue = 0, alpha = 0] = [data[at], data[at + 1], data[at + 2], data[at + 3]];
            if (alpha > 200 && blue - red > 100) count += 1;
          }
          return count;
        });
    await eventually(async () => expect(await drawn()).toBeGreaterThan(500));

    await page.getByLabel('Search').fill('EU claude');
    await eventually(async () => expect(await order()).toEqual(['claude-sonnet']));
    await page.getByLabel('Search').fill('nothing like it');
    await page.getByText('No key has these words').waitFor();
  });

  it('say what was left out, and why, with the first bytes', async () => {
    const run = await serveRun();
    run.give(call(0), call(1, 'gpt-4o', 'slow\u0007'), call(100), call(2, 'late-model'));
    const page = await open(run.url);
    await page.getByText('invalid value').first().waitFor();
    const rejected = page.getByRole('list', { name: 'Recently rejected records' });
    const late = page.getByRole('list', { name: 'Recent events that came too late' });
    // The two lists and the figure come with answers of their own.
    await eventually(async () => {
      expect(await rejected.textContent()).toContain('latency_ms');
      expect(await rejected.textContent()).toContain(String.raw`"latency_ms":"slow\\u0007"`);
      expect(await late.textContent()).toMatch(/1 m 33 s behind the watermark.*late-model · eu/);
      expect(await page.locator('.tile', { hasText: 'Too late' }).locator('.tile-value').textContent()).toBe('1');
    });
  });

  it('say why a window is open, and whom the watermark waits for', async () => {
    const run = await serveRun();
    run.give(call(0), call(8));
    const page = await open(run.url);
    const windows = page.locator('#windows');
    await windows.getByText('The watermark of partition only is 7 s before the end.').waitFor();
    expect(await windows.textContent()).toContain(
      'reached by an event 5 s after the end, for so much disorder is allowed',
    );
    await eventually(async () => expect(await page.locator('#picture').textContent()).toContain('holds the watermark'));
    run.give(call(20));
    await windows.getByText('It has fired, and is kept for late events').first().waitFor();
  });
});
