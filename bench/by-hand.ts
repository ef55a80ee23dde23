/**
 * What one writes by hand where no stream processor is at hand: read lines, group, sort at the end. It keeps every
 * value, knows no lateness, and has nothing to show before the input ends. `node bench/by-hand.ts <input> <output>`
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { finished } from 'node:stream/promises';
import { WINDOW_MS, type SampleEvent } from './sample-events.ts';

const [input = '', output = ''] = process.argv.slice(2);
/** By start of the window, then by key. */
const windows = new Map<number, Map<string, number[]>>();

for await (const line of createInterface({ input: createReadStream(input), crlfDelay: Infinity })) {
  const event = JSON.parse(line) as SampleEvent;
  const at = Date.parse(event.timestamp);
  const start = Math.floor(at / WINDOW_MS) * WINDOW_MS;
  const key = `model=${event.model}::region=${event.region}::tenant=${event.tenant}`;
  let groups = windows.get(start);
  if (groups === undefined) windows.set(start, (groups = new Map<string, number[]>()));
  const values = groups.get(key);
  if (values === undefined) groups.set(key, [event.latency_ms]);
  else values.push(event.latency_ms);
}

const out = createWriteStream(output);
for (const start of [...windows.keys()].sort((a, b) => a - b)) {
  const window = { start: new Date(start).toISOString(), end: new Date(start + WINDOW_MS).toISOString() };
  for (const [key, values] of windows.get(start) ?? []) {
    out.write(`${JSON.stringify({ window: { ...window, key }, results: aggregate(values) })}\n`);
  }
}
out.end();
await finished(out);

function aggregate(values: number[]): Record<string, number | undefined> {
  values.sort((a, b) => a - b);
  const count = values.length;
  let sum = 0;
  for (const value of values) sum += value;
  const average = sum / count;
  let squares = 0;
  for (const value of values) squares += (value - average) ** 2;
  const percentile = (p: number): number | undefined => values[Math.ceil((p * count) / 100) - 1];
  return {
    count,
    sum,
    average,
    min: values[0],
    max: values[count - 1],
    stddev: Math.sqrt(squares / count),
    p50: percentile(50),
    p95: percentile(95),
    p99: percentile(99),
  };
}
