/**
 * Events per second over the number of keys that one window of an hour holds, with state in memory and in RocksDB with
 * 64 MiB for windows; every result is checked. Writes `bench/results/keys.md` and `keys.svg`.
 * `npm run bench -- keys [--rounds N] [--least N] [--most N] [--mostInMemory N] [--limitMb N]`
 */
import { rmSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { checkHour } from './check-hour.ts';
import { measure, middleOf, type Contender, type Measurement } from './contender.ts';
import { drawChart } from './chart.ts';
import { FOLDER, numbersOf } from './options.ts';
import { processor, type Backend } from './processor.ts';
import { sampleFile, type Sample } from './sample-events.ts';
import { markdownTable, mebibytes, perSecond } from './table.ts';

const RESULTS = join(import.meta.dirname, 'results');
const HOUR_MS = 3_600_000;
const KEY_COUNTS = [1000, 100_000, 1_000_000, 10_000_000];
const LEAST_EVENTS = 2_000_000;

interface Point extends Measurement {
  readonly keys: number;
  readonly events: number;
  readonly backend: Backend;
}

const { rounds, least, most, mostInMemory, limitMb } = numbersOf({
  rounds: 1,
  least: 1,
  most: 10_000_000,
  mostInMemory: 1_000_000,
  limitMb: 64,
});
const points: Point[] = [];
for (const keys of KEY_COUNTS.filter((count) => count >= least && count <= most)) await measureAt(keys);
write();

async function measureAt(keys: number): Promise<void> {
  const sample: Sample = { events: Math.max(LEAST_EVENTS, keys), keys, order: 'passes' };
  const input = await sampleFile(FOLDER, sample);
  const backends: readonly Backend[] = keys <= mostInMemory ? ['memory', 'rocksdb'] : ['rocksdb'];
  const runs = new Map<Backend, Measurement[]>(backends.map((backend) => [backend, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [backend, measured] of runs) measured.push(await measureAndCheck(backend, input, sample));
  }
  for (const [backend, measured] of runs) {
    const point = { keys, events: sample.events, backend, ...middleOf(measured) };
    points.push(point);
    console.log(`${perSecond(keys)} keys, ${backend}: ${perSecond(point.events / point.seconds)} events/s`);
  }
}

async function measureAndCheck(backend: Backend, input: string, sample: Sample): Promise<Measurement> {
  const output = join(FOLDER, `keys-${backend}.ndjson`);
  const contender: Contender = processor({
    name: backend,
    input,
    output,
    windowMs: HOUR_MS,
    backend,
    environment: backend === 'rocksdb' ? { PROCESSOR_STATE__MEMORY_LIMIT_MB: String(limitMb) } : {},
  });
  const measured = await measure(contender);
  await checkHour(output, sample);
  rmSync(output);
  return measured;
}

function write(): void {
  const rows = points.map(({ keys, events, backend, seconds, cpuSeconds, peakBytes }) => [
    perSecond(keys),
    backend,
    perSecond(events),
    perSecond(events / seconds),
    seconds.toFixed(1),
    cpuSeconds.toFixed(1),
    mebibytes(peakBytes),
  ]);
  const head = ['keys', 'state', 'events', 'events/s', 'seconds', 'CPU seconds', 'peak memory'];
  const table = markdownTable(head, rows);
  console.log(
    `\nMedians of ${String(rounds)} rounds, Node ${process.version}, load ${loadavg()[0]?.toFixed(1) ?? ''}; all results exact\n\n${table}`,
  );
  writeFileSync(join(RESULTS, 'keys.md'), `${table}\n`);
  const line = (backend: Backend) => ({
    name: backend === 'memory' ? 'memory' : `rocksdb, ${String(limitMb)} MiB for windows`,
    points: points
      .filter((point) => point.backend === backend)
      .map(({ keys, events, seconds }) => ({ x: keys, y: events / seconds })),
  });
  const chart = {
    title: 'Events per second over keys in a window',
    x: 'keys',
    lines: [line('memory'), line('rocksdb')],
  };
  writeFileSync(join(RESULTS, 'keys.svg'), drawChart(chart));
}
