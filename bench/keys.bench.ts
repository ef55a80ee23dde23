/**
 * Events per second over the number of keys that one window of an hour holds, with state in memory and in RocksDB with a
 * bound on windows in memory; every result is checked. Each point is kept in `bench/results/keys.json`, in place of what
 * was measured there before, and `keys.md` and `keys.svg` are made of all of them: so each can be measured alone.
 * `npm run bench -- keys [--rounds N] [--least N] [--most N] [--only memory|rocksdb] [--limitMb N] [--heapMb N]`
 */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkHour } from './check-hour.ts';
import { measure, middleOf, type Contender, type Measurement } from './contender.ts';
import { drawChart } from './chart.ts';
import { keepPoint, keptPoints } from './kept-points.ts';
import { choiceOf, FOLDER, numbersOf } from './options.ts';
import { processor, type Backend } from './processor.ts';
import { sampleFile, type Sample } from './sample-events.ts';
import { markdownTable, mebibytes, perSecond } from './table.ts';

const RESULTS = join(import.meta.dirname, 'results');
const HOUR_MS = 3_600_000;
const KEY_COUNTS = [1000, 100_000, 1_000_000, 10_000_000];
const LEAST_EVENTS = 2_000_000;
const BACKENDS: readonly Backend[] = ['memory', 'rocksdb'];

interface Point {
  readonly keys: number;
  readonly events: number;
  readonly backend: Backend;
  /** Of windows in memory (RocksDB), or of Node's heap where one was given (memory); in MiB. */
  readonly boundMb: number | null;
  readonly node: string;
  /** Null where it did not come to its end. */
  readonly measured: Measurement | null;
}

const only = choiceOf('only', BACKENDS);
const { rounds, least, most, limitMb, heapMb } = numbersOf(
  { rounds: 1, least: 1, most: 1_000_000, limitMb: 64, heapMb: 0 },
  ['only'],
);
for (const keys of KEY_COUNTS.filter((count) => count >= least && count <= most)) await measureAt(keys);
render(keptPoints('keys') as readonly Point[]); // Only this benchmark keeps any under the name.

async function measureAt(keys: number): Promise<void> {
  const sample: Sample = { events: Math.max(LEAST_EVENTS, keys), keys, order: 'passes' };
  const input = await sampleFile(FOLDER, sample);
  const runs = new Map<Backend, Measurement[]>();
  for (const backend of BACKENDS) if (only === undefined || only === backend) runs.set(backend, []);
  const failed = new Set<Backend>();
  for (let round = 0; round < rounds; round += 1) {
    for (const [backend, measured] of runs) {
      const one = await measureAndCheck(backend, input, sample);
      if (one === null) failed.add(backend);
      else measured.push(one);
    }
  }
  for (const [backend, measured] of runs) {
    const boundMb = backend === 'rocksdb' ? limitMb : heapMb > 0 ? heapMb : null;
    const middle = failed.has(backend) ? null : middleOf(measured);
    keepPoint<Point>('keys', {
      keys,
      events: sample.events,
      backend,
      boundMb,
      node: process.version,
      measured: middle,
    });
    const speed = middle === null ? 'it did not fit' : `${perSecond(sample.events / middle.seconds)} events/s`;
    console.log(`${perSecond(keys)} keys, ${backend}: ${speed}`);
  }
}

/** Null where the state did not fit into the memory that it was given. */
async function measureAndCheck(backend: Backend, input: string, sample: Sample): Promise<Measurement | null> {
  const output = join(FOLDER, `keys-${backend}-${String(process.pid)}.ndjson`);
  const contender: Contender = processor({
    name: backend,
    input,
    output,
    windowMs: HOUR_MS,
    backend,
    nodeOptions: backend === 'memory' && heapMb > 0 ? [`--max-old-space-size=${String(heapMb)}`] : [],
    environment: backend === 'rocksdb' ? { PROCESSOR_STATE__MEMORY_LIMIT_MB: String(limitMb) } : {},
  });
  try {
    const measured = await measure(contender);
    await checkHour(output, sample);
    return measured;
  } catch (error) {
    // State on disk has no such excuse.
    if (backend === 'rocksdb' || !String(error).includes('ended with code')) throw error;
    console.log(String(error));
    return null;
  } finally {
    rmSync(output, { force: true });
  }
}

function render(points: readonly Point[]): void {
  const rows = points.map(({ keys, events, backend, boundMb, measured }) => [
    perSecond(keys),
    backend,
    boundMb === null ? '' : `${perSecond(boundMb)} MiB`,
    perSecond(events),
    measured === null ? 'does not fit' : perSecond(events / measured.seconds),
    measured?.seconds.toFixed(1) ?? '',
    measured?.cpuSeconds.toFixed(1) ?? '',
    measured === null ? '' : mebibytes(measured.peakBytes),
  ]);
  const head = ['keys', 'state', 'bound', 'events', 'events/s', 'seconds', 'CPU seconds', 'peak memory'];
  const table = markdownTable(head, rows);
  console.log(`\nAll results exact\n\n${table}`);
  writeFileSync(join(RESULTS, 'keys.md'), `${table}\n`);
  const lines = BACKENDS.map((backend) => ({
    name: backend === 'memory' ? 'memory' : 'rocksdb, windows in memory bounded',
    points: points.flatMap(({ keys, events, backend: of, measured }) =>
      of === backend && measured !== null ? [{ x: keys, y: events / measured.seconds }] : [],
    ),
  }));
  const title = 'Events per second over keys in a window';
  writeFileSync(join(RESULTS, 'keys.svg'), drawChart({ title, x: 'keys', lines }));
}
