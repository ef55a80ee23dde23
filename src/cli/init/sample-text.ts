import { DemoTraffic } from '../../sources/demo/demo-traffic.ts';
import type { Instant } from '../../time/instant.ts';

const SAMPLE_EVENTS = 600;
/** Events of the sample in a second of event time: ten minutes in all. */
const SAMPLE_RATE = 1;
const SAMPLE_MS = (SAMPLE_EVENTS / SAMPLE_RATE) * 1000;

/** Events of language models as NDJSON: the ten minutes before an instant. */
export function sampleText(until: Instant): string {
  const options = { seed: 42, keys: 6, eventsPerSec: SAMPLE_RATE, disorderMs: 2000, startAt: until - SAMPLE_MS };
  const traffic = new DemoTraffic(options);
  return Array.from({ length: SAMPLE_EVENTS }, (_, k) => `${traffic.line(k)}\n`).join('');
}
