/**
 * What one writes by hand on top of a client for Kafka: its stream of messages, `JSON.parse`, a `Map`, and windows that
 * are written once every partition has come past their end. It commits nothing, and a restart begins anew. Until
 * SIGTERM. `node bench/kafka-by-hand.mjs <bootstrap servers> <topic> <partitions> <output>`
 */
import { createWriteStream } from 'node:fs';
import { Consumer } from '@platformatic/kafka';
import { aggregate } from './aggregate.mjs';

const WINDOW_MS = 60_000;
/** Events are this much out of order, at most. */
const DISORDER_MS = 5000;

const [bootstrapServers = '', topic = '', partitions = '', output = ''] = process.argv.slice(2);
/** @typedef {{ timestamp: string, model: string, region: string, tenant: string, latency_ms: number }} Event */
/** @typedef {Map<string, number[]>} Groups values by key */
/** By start of the window. */
const windows = /** @type {Map<number, Groups>} */ (new Map());
/** By partition. */
const latest = /** @type {number[]} */ (Array(Number(partitions)).fill(-Infinity));

const out = createWriteStream(output);
const consumer = new Consumer({
  clientId: 'by-hand',
  groupId: `by-hand-${process.pid}`,
  bootstrapBrokers: bootstrapServers.split(','),
  // The sizes that the processor asks for.
  maxBytes: 50 * 1024 * 1024,
  autocommit: false,
});
const stream = await consumer.consume({ topics: [topic], mode: 'earliest' });
stream.on('data', ({ partition, value }) => take(partition, /** @type {Event} */ (JSON.parse(value.toString()))));
process.on('SIGTERM', () => process.exit(0));

/**
 * @param {number} partition
 * @param {Event} event
 */
function take(partition, event) {
  const at = Date.parse(event.timestamp);
  add(at, event);
  const before = latest[partition] ?? -Infinity;
  if (at <= before) return;
  latest[partition] = at;
  if (minuteOf(at - DISORDER_MS) > minuteOf(before - DISORDER_MS)) close(Math.min(...latest) - DISORDER_MS);
}

/** @param {number} ms */
function minuteOf(ms) {
  return Math.floor(ms / WINDOW_MS);
}

/**
 * @param {number} at
 * @param {Event} event
 */
function add(at, event) {
  const start = minuteOf(at) * WINDOW_MS;
  const key = `model=${event.model}::region=${event.region}::tenant=${event.tenant}`;
  let groups = windows.get(start);
  if (groups === undefined) windows.set(start, (groups = /** @type {Groups} */ (new Map())));
  const values = groups.get(key);
  if (values === undefined) groups.set(key, [event.latency_ms]);
  else values.push(event.latency_ms);
}

/** Writes the windows that end by then. @param {number} watermark */
function close(watermark) {
  for (const start of [...windows.keys()].sort((a, b) => a - b)) {
    if (start + WINDOW_MS > watermark) break;
    const window = { start: new Date(start).toISOString(), end: new Date(start + WINDOW_MS).toISOString() };
    for (const [key, values] of windows.get(start) ?? []) {
      out.write(`${JSON.stringify({ window: { ...window, key }, results: aggregate(values) })}\n`);
    }
    windows.delete(start);
  }
}
