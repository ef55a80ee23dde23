/**
 * The profiles of the reference, measured: for throughput, for latency, for little memory. How fast a file is worked off, and
 * how long after its end a window of a second is delivered while made-up traffic comes in. `npm run bench -- profiles
 * [--events N] [--rounds N] [--rate N] [--seconds N]`
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { measureInTurn } from './contender.ts';
import { FOLDER, numbersOf } from './options.ts';
import { PROCESSOR, processor } from './processor.ts';
import { WINDOW_MS, sampleFile } from './sample-events.ts';
import { markdownTable, mebibytes, perSecond, times } from './table.ts';

interface Profile {
  readonly name: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly backend: 'memory' | 'rocksdb';
}

/** What comes first is not counted, while the process starts. */
const WARM_UP_MS = 2000;

const PROFILES: readonly Profile[] = [
  { name: 'defaults', settings: {}, backend: 'memory' },
  { name: 'high throughput', settings: { PARALLELISM: '16', BUFFER_SIZE: '50000' }, backend: 'memory' },
  {
    name: 'low latency',
    settings: { PARALLELISM: '2', BUFFER_SIZE: '1000', WATERMARK__EMIT_INTERVAL_SECS: '1' },
    backend: 'memory',
  },
  {
    name: 'low latency, 10 ms epochs',
    settings: { BUFFER_SIZE: '1000', WATERMARK__EMIT_INTERVAL_SECS: '0', COMMIT_INTERVAL_MS: '10' },
    backend: 'memory',
  },
  { name: 'rocksdb, all aggregates', settings: {}, backend: 'rocksdb' },
  { name: 'memory efficient', settings: { AGGREGATION__ENABLED: 'count,average' }, backend: 'rocksdb' },
];

const { events, rounds, rate, seconds } = numbersOf({ events: 2_000_000, rounds: 3, rate: 2000, seconds: 10 });
const input = await sampleFile(FOLDER, { events });
const contenders = PROFILES.map(({ name, settings, backend }, i) =>
  processor({
    name,
    input,
    output: join(FOLDER, `profile-${String(i)}.ndjson`),
    windowMs: WINDOW_MS,
    backend,
    environment: variables(settings),
  }),
);
const middles = await measureInTurn(contenders, rounds);
const baseline = [...middles.values()][0]?.seconds ?? Number.NaN;
const rows: string[][] = [];
for (const [i, { name, settings, backend }] of PROFILES.entries()) {
  const contender = contenders[i];
  const middle = contender === undefined ? undefined : middles.get(contender);
  if (middle === undefined) continue;
  const latencies = await latenciesOf(variables(settings), backend);
  rows.push([
    name,
    perSecond(events / middle.seconds),
    times(baseline / middle.seconds),
    mebibytes(middle.peakBytes),
    `${at(latencies, 0.5)} ms`,
    `${at(latencies, 0.99)} ms`,
  ]);
}
console.log(
  `${perSecond(events)} events, medians of ${String(rounds)} rounds; latency at ${perSecond(rate)} events/s; Node ${process.version}, load ${loadavg()[0]?.toFixed(1) ?? ''}\n`,
);
console.log(markdownTable(['profile', 'events/s', 'ratio', 'peak memory', 'p50 latency', 'p99 latency'], rows));

function variables(settings: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(settings).map(([name, value]) => [`PROCESSOR_${name}`, value]));
}

/** From the end of each window to the arrival of its result at the other end of a pipe, in ms, in order. */
async function latenciesOf(settings: Record<string, string>, backend: 'memory' | 'rocksdb'): Promise<number[]> {
  const environment = {
    ...settings,
    PROCESSOR_SOURCE__TYPE: 'demo',
    PROCESSOR_SOURCE__EVENTS_PER_SEC: String(rate),
    PROCESSOR_SOURCE__DISORDER_SECS: '0',
    PROCESSOR_SOURCE__TOTAL: String(rate * seconds),
    PROCESSOR_WATERMARK__MAX_OUT_OF_ORDERNESS_SECS: '0',
    PROCESSOR_EVENT__KEY: 'model,region',
    PROCESSOR_EVENT__VALUE: 'latency_ms',
    PROCESSOR_HTTP__ENABLED: 'false',
    PROCESSOR_ERROR_HANDLING__DEAD_LETTER_PATH: join(FOLDER, 'profile-dead-letters.ndjson'),
  };
  const contender = processor({ name: 'live', input: '', output: '', windowMs: 1000, backend, environment });
  const config = join(FOLDER, 'profile.yaml');
  writeFileSync(config, 'processor: {}\n');
  const args = [PROCESSOR, 'run', '--window', '1s', '--format', 'json', '--log-level', 'error', '--config', config];
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...contender.prepare?.() },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const begun = Date.now();
  const latencies: number[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    const { window, pane } = JSON.parse(line) as { window: { end: string }; pane: { timing: string } };
    const end = Date.parse(window.end);
    const latency = Date.now() - end;
    // Late events open windows of before the start, and the end of the input fires what is open: neither counts.
    if (pane.timing === 'on_time' && latency >= 0 && end > begun + WARM_UP_MS) latencies.push(latency);
  }
  if (child.exitCode === null) await once(child, 'exit');
  contender.tidy?.();
  return latencies.toSorted((a, b) => a - b);
}

function at(sorted: readonly number[], share: number): string {
  return perSecond(sorted[Math.floor(sorted.length * share)] ?? Number.NaN);
}
