/**
 * Whether the stream stands still while a checkpoint is made: a run at full speed on a state of a gigabyte, its progress
 * looked at every few milliseconds, with checkpoints and without. Writes `bench/results/checkpoint.md`.
 * `npm run bench -- checkpoint [--stateMb N] [--checkpoints N] [--keys N] [--limitMb N]`
 */
import { randomFillSync } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RocksDBStateBackend } from '../src/state/rocksdb/rocksdb-state-backend.ts';
import { FOLDER, numbersOf } from './options.ts';
import { newStateFolders, type StateFolders } from './processor.ts';
import { sampleFile, WINDOW_MS } from './sample-events.ts';
import { Service } from './service.ts';
import { markdownTable, mebibytes } from './table.ts';

const EVERY_MS = 2;
const BALLAST_BYTES = 1000;
const ENTRIES_AT_A_TIME = 10_000;
/** Between two checkpoints, and before the first. */
const QUIET_MS = 1500;

/** From the last progress seen to the next; ms from the start of the watching. */
interface Gap {
  readonly from: number;
  readonly to: number;
}

/** While a checkpoint was made. */
interface Span {
  readonly from: number;
  readonly to: number;
}

const { stateMb, checkpoints, keys, limitMb } = numbersOf({
  stateMb: 1024,
  checkpoints: 8,
  keys: 1000,
  limitMb: 256,
});
const state = newStateFolders();
const output = join(FOLDER, `checkpoint-${String(process.pid)}.out`);
try {
  await fill(state);
  const sample = await sampleFile(FOLDER, { events: 12_000_000, keys });
  const service = new Service({ paths: [sample], output, state, windowMs: WINDOW_MS, limitMb });
  await service.until((health) => health.events.read > 500_000, 20);
  const gaps: Gap[] = [];
  const spans: Span[] = [];
  const over = new AbortController();
  const watching = watch(service, gaps, over.signal);
  for (let n = 0; n < checkpoints; n += 1) {
    await sleep(QUIET_MS);
    const from = performance.now();
    await service.checkpoint();
    spans.push({ from, to: performance.now() });
  }
  await sleep(QUIET_MS);
  over.abort();
  await watching;
  await service.end('SIGKILL');
  render(gaps, spans);
} finally {
  state.remove();
  rmSync(output, { force: true });
}

/** Fills a state with entries of nobody: how long a checkpoint takes depends on how much there is, not on whose it is. */
async function fill({ path, checkpointPath }: StateFolders): Promise<void> {
  const backend = new RocksDBStateBackend(path, checkpointPath);
  await backend.open();
  const entries = Math.ceil((stateMb * 2 ** 20) / BALLAST_BYTES);
  for (let done = 0; done < entries; done += ENTRIES_AT_A_TIME) {
    const operations = Array.from({ length: ENTRIES_AT_A_TIME }, (_, i) => ({
      key: Buffer.from(`ballast ${String(done + i).padStart(12, '0')}`),
      value: randomFillSync(new Uint8Array(BALLAST_BYTES)),
    }));
    await backend.batch(operations);
  }
  await backend.close();
}

async function watch(service: Service, gaps: Gap[], over: AbortSignal): Promise<void> {
  let [read, from] = [-1, 0];
  while (!over.aborted) {
    const health = await service.health();
    const now = performance.now();
    if (health !== null && health.events.read !== read) {
      if (read !== -1) gaps.push({ from, to: now });
      [read, from] = [health.events.read, now];
    }
    await sleep(EVERY_MS);
  }
}

function render(gaps: readonly Gap[], spans: readonly Span[]): void {
  const isDuring = (gap: Gap): boolean => spans.some(({ from, to }) => gap.from < to && gap.to > from);
  const durations = spans.map(({ from, to }) => to - from).toSorted((a, b) => a - b);
  const longest = durations.at(-1) ?? 0;
  const row = (name: string, some: readonly Gap[]): string[] => {
    const lengths = some.map(({ from, to }) => to - from).toSorted((a, b) => a - b);
    const at = (rank: number): string => `${(lengths[Math.ceil(rank * lengths.length) - 1] ?? 0).toFixed(0)} ms`;
    return [name, String(some.length), at(0.5), at(0.99), at(1)];
  };
  const table = markdownTable(
    ['progress', 'gaps seen', 'median', '99 %', 'longest'],
    [
      row('while a checkpoint is made', gaps.filter(isDuring)),
      row(
        'else',
        gaps.filter((gap) => !isDuring(gap)),
      ),
    ],
  );
  console.log(
    `\n${String(spans.length)} checkpoints, of ${mebibytes(stateMb * 2 ** 20)} and more; the slowest took ${(longest / 1000).toFixed(1)} s\n\n${table}`,
  );
  writeFileSync(join(import.meta.dirname, 'results', 'checkpoint.md'), `${table}\n`);
}
