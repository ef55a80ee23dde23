/**
 * What one writes by hand where no stream processor is at hand: read lines, group, sort at the end. It keeps every
 * value, knows no lateness, and has nothing to show before the input ends. `node bench/by-hand.mjs <input> <output>`
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { finished } from 'node:stream/promises';
import { aggregate } from './aggregate.mjs';

const WINDOW_MS = 60_000;

const [input = '', output = ''] = process.argv.slice(2);
/** @typedef {{ timestamp: string, model: string, region: string, tenant: string, latency_ms: number }} Event */
/** @typedef {Map<string, number[]>} Groups values by key */
/** By start of the window. */
const windows = /** @type {Map<number, Groups>} */ (new Map());

for await (const line of createInterface({ input: createReadStream(input), crlfDelay: Infinity })) {
  const event = /** @type {Event} */ (JSON.parse(line));
  const start = Math.floor(Date.parse(event.timestamp) / WINDOW_MS) * WINDOW_MS;
  const key = `model=${event.model}::region=${event.region}::tenant=${event.tenant}`;
  let groups = windows.get(start);
  if (groups === undefined) windows.set(start, (groups = /** @type {Groups} */ (new Map())));
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
