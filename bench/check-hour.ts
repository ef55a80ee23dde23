import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { keyOf, sampleEvents, type KEY_FIELDS, type Sample } from './sample-events.ts';

interface HourLine {
  readonly key: Readonly<Record<(typeof KEY_FIELDS)[number], string>>;
  readonly results: { readonly count: number; readonly sum: number };
}

/**
 * Checks that a file of results has one line for each key of a sample in passes, with the count and the sum of its
 * events. Holds two numbers a key.
 * @throws Error naming the first that is wrong.
 */
export async function checkHour(path: string, sample: Sample): Promise<void> {
  const keys = sample.keys ?? 0;
  const counts = new Uint32Array(keys);
  // In µs: latencies are whole numbers of them, so that sums are exact.
  const sums = new Float64Array(keys);
  for (const { key, latencyMs } of sampleEvents(sample)) {
    counts[key] = (counts[key] ?? 0) + 1;
    sums[key] = (sums[key] ?? 0) + Math.round(latencyMs * 1000);
  }
  for await (const line of createInterface({ input: createReadStream(path) })) {
    const { key, results } = JSON.parse(line) as HourLine;
    const index = keyOf(key);
    const expected = `count ${String(counts[index])} and sum ${String((sums[index] ?? 0) / 1000)}`;
    const isRight = results.count === counts[index] && Math.abs(results.sum * 1000 - (sums[index] ?? 0)) < 0.01;
    if (!isRight) throw new Error(`${path} should have ${expected} once, but has ${line}`);
    counts[index] = 0;
  }
  const missing = counts.findIndex((count) => count > 0);
  if (missing !== -1) throw new Error(`${path} has nothing for the key with the index ${String(missing)}`);
}
