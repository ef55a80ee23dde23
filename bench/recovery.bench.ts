/**
 * How long a start takes on a state of many live accumulators after the process was killed while it read: one window of
 * an hour, a key each. Kept in `bench/results/recovery.json` and `recovery.md`, each number of keys on its own.
 * `npm run bench -- recovery [--keys N] [--rounds N] [--limitMb N]`
 */
import { appendFileSync, closeSync, openSync, readdirSync, readSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { keepPoint } from './kept-points.ts';
import { FOLDER, numbersOf } from './options.ts';
import { newStateFolders, type StateFolders } from './processor.ts';
import { sampleFile } from './sample-events.ts';
import { Service, type Health, type ServiceOptions } from './service.ts';
import { markdownTable, mebibytes, perSecond } from './table.ts';

const HOUR_MS = 3_600_000;
/** How often some 16,000 events are appended, and after how many epochs of them the process is killed. */
const TIMES_MORE = 20;
const KILLED_AFTER = 15;
const KEY_COUNTS = [10_000, 1_000_000, 10_000_000];

/** One start after a kill. Times in ms from the start of the process. */
interface Start {
  readonly healthyMs: number;
  /** The first commit of what was read after the start. */
  readonly firstCommitMs: number;
  /** Epochs whose input was done again. */
  readonly epochs: number;
  /** Entries of the window state that were read. */
  readonly entries: number;
  readonly stateBytes: number;
  /** Of these, in logs, all of which RocksDB reads. */
  readonly logBytes: number;
}

const { keys, rounds, limitMb } = numbersOf({ keys: 0, rounds: 3, limitMb: 256 });
for (const count of keys === 0 ? KEY_COUNTS.slice(0, 2) : [keys]) {
  const starts = await startsOf(count);
  const points = keepPoint('recovery', { keys: count, node: process.version, ...middleOf(starts) });
  render(points);
}

async function startsOf(count: number): Promise<readonly Start[]> {
  const sample = await sampleFile(FOLDER, { events: count, keys: count, order: 'passes' });
  const state = newStateFolders();
  // What is appended to it is read while the process is killed, and after each start.
  const growing = join(FOLDER, `recovery-${String(process.pid)}.ndjson`);
  const more = firstLines(sample);
  writeFileSync(growing, more.text);
  const output = join(FOLDER, `recovery-${String(process.pid)}.out`);
  const options: ServiceOptions = { paths: [sample, growing], output, state, windowMs: HOUR_MS, limitMb };
  try {
    let service = new Service(options);
    let read = count + more.count;
    await service.until((health) => health.events.read >= read, 100);
    const starts: Start[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const { health: before } = await service.until(() => true, 1);
      for (let n = 0; n < TIMES_MORE; n += 1) appendFileSync(growing, more.text);
      read += TIMES_MORE * more.count;
      const isInMidst = (now: Health): boolean => now.epoch >= before.epoch + KILLED_AFTER || now.events.read >= read;
      await service.until(isInMidst, 1);
      await service.end('SIGKILL');
      const sizes = sizesOf(state);
      service = new Service(options);
      starts.push({ ...(await timesOf(service)), ...sizes });
      await service.until((health) => health.events.read >= read, 20);
    }
    await service.end('SIGKILL');
    return starts;
  } finally {
    state.remove();
    for (const path of [growing, output]) rmSync(path, { force: true });
  }
}

async function timesOf(service: Service): Promise<Omit<Start, 'stateBytes' | 'logBytes'>> {
  const healthy = await service.until(({ status }) => status === 'ok', 2);
  const takenUp = service.logged('window state taken up');
  const epoch = Number(/\d+$/.exec(String(service.logged('going on from epoch')?.['msg']))?.[0]);
  const committed = await service.until((health) => health.epoch > epoch, 2);
  return {
    healthyMs: healthy.afterMs,
    firstCommitMs: committed.afterMs,
    epochs: Number(takenUp?.['epochsDoneAgain']),
    entries: Number(takenUp?.['entries']),
  };
}

function sizesOf({ path }: StateFolders): Pick<Start, 'stateBytes' | 'logBytes'> {
  let [stateBytes, logBytes] = [0, 0];
  for (const name of readdirSync(join(path, 'db'))) {
    const { size } = statSync(join(path, 'db', name));
    stateBytes += size;
    if (name.endsWith('.log')) logBytes += size;
  }
  return { stateBytes, logBytes };
}

/** The first lines of a file, as many as there are in 4 MiB. */
function firstLines(path: string): { readonly text: string; readonly count: number } {
  const bytes = Buffer.alloc(4 << 20);
  const file = openSync(path, 'r');
  const read = bytes.toString('latin1', 0, readSync(file, bytes));
  closeSync(file);
  const text = read.slice(0, read.lastIndexOf('\n') + 1);
  return { text, count: text.split('\n').length - 1 };
}

function middleOf(starts: readonly Start[]): Start {
  const middle = (of: (start: Start) => number): number =>
    starts.map(of).toSorted((a, b) => a - b)[starts.length >> 1] ?? Number.NaN;
  return {
    healthyMs: middle((start) => start.healthyMs),
    firstCommitMs: middle((start) => start.firstCommitMs),
    epochs: middle((start) => start.epochs),
    entries: middle((start) => start.entries),
    stateBytes: middle((start) => start.stateBytes),
    logBytes: middle((start) => start.logBytes),
  };
}

function render(points: readonly (Start & { readonly keys: number })[]): void {
  const rows = points.map(({ keys: count, healthyMs, firstCommitMs, epochs, entries, stateBytes, logBytes }) => [
    perSecond(count),
    mebibytes(stateBytes),
    mebibytes(logBytes),
    perSecond(entries),
    perSecond(epochs),
    `${(healthyMs / 1000).toFixed(2)} s`,
    `${(firstCommitMs / 1000).toFixed(2)} s`,
  ]);
  const head = ['accumulators', 'state', 'of it logs', 'entries read', 'epochs done again', 'healthy', 'first commit'];
  const table = markdownTable(head, rows);
  console.log(`\n${table}`);
  writeFileSync(join(import.meta.dirname, 'results', 'recovery.md'), `${table}\n`);
}
