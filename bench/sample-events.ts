/** The events that the benchmarks read: seeded, so that every machine measures the same bytes. */
import { createWriteStream, existsSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { once } from 'node:events';
import { seeded } from './seeded.ts';

/** Raise it when the events below change, so that files of an earlier form are not taken for theirs. */
const FORM = 1;
const SEED = 42;
const START_MS = Date.UTC(2026, 0, 5, 10);
const SPAN_MS = 3_600_000;
/** Events are this much out of order, at most; less than a pipeline waits for by default. */
const DISORDER_MS = 5000;
const EVENTS_PER_WRITE = 2000;

const MODELS = [
  'gpt-4',
  'gpt-4o',
  'gpt-4o-mini',
  'claude-3-opus',
  'claude-3-haiku',
  'gemini-1.5-pro',
  'llama-3-70b',
  'llama-3-8b',
  'mistral-large',
  'command-r-plus',
];
const REGIONS = ['us-west-2', 'us-east-1', 'eu-central-1', 'ap-south-1', 'sa-east-1'];
const KEYS_PER_TENANT = MODELS.length * REGIONS.length;

/** Fields of an event that the benchmarks group by: 10 models × 5 regions × tenants. */
export const KEY_FIELDS = ['model', 'region', 'tenant'] as const;
/** The field that they aggregate. */
export const VALUE_FIELD = 'latency_ms';
export const WINDOW_MS = 60_000;

/** Which events a file has. */
export interface Sample {
  readonly events: number;
  /** A multiple of 50. All are equally likely. Default 1,000. */
  readonly keys?: number;
}

/** The path of a file of events under `folder`; written unless it is there. */
export async function sampleFile(folder: string, { events, keys = 1000 }: Sample): Promise<string> {
  const ofKeys = keys === 1000 ? '' : `-${String(keys)}-keys`;
  const path = join(folder, `events-${String(FORM)}-${String(SEED)}-${String(events)}${ofKeys}.ndjson`);
  if (existsSync(path)) return path;
  const tenants = tenantsFor(keys);
  await mkdir(folder, { recursive: true });
  const unfinished = `${path}.${String(process.pid)}`;
  const out = createWriteStream(unfinished);
  const random = seeded(SEED);
  for (let first = 0; first < events; first += EVENTS_PER_WRITE) {
    const count = Math.min(EVENTS_PER_WRITE, events - first);
    const lines = Array.from({ length: count }, (_, index) => eventText(first + index, events, tenants, random));
    if (!out.write(`${lines.join('\n')}\n`)) await once(out, 'drain');
  }
  out.end();
  await once(out, 'finish');
  await rename(unfinished, path);
  return path;
}

function tenantsFor(keys: number): readonly string[] {
  const tenants = keys / KEYS_PER_TENANT;
  if (!Number.isSafeInteger(tenants)) throw new RangeError(`${String(keys)} keys are not a multiple of 50`);
  const digits = Math.max(3, String(tenants).length);
  return Array.from({ length: tenants }, (_, index) => `tenant-${String(index + 1).padStart(digits, '0')}`);
}

function eventText(index: number, events: number, tenants: readonly string[], random: () => number): string {
  const at = START_MS + Math.floor((index / events) * SPAN_MS) - Math.floor(random() * DISORDER_MS);
  return JSON.stringify({
    event_id: `evt-${String(index).padStart(10, '0')}`,
    timestamp: new Date(at).toISOString(),
    model: pick(MODELS, random),
    region: pick(REGIONS, random),
    tenant: pick(tenants, random),
    session: `s-${Math.floor(random() * 1e9).toString(36)}`,
    latency_ms: latencyMs(random),
    usage: {
      input_tokens: Math.floor(random() * 4000),
      output_tokens: Math.floor(random() * 900),
      cost: Math.round(random() * 1e5) / 1e7,
    },
    status: random() < 0.98 ? 'ok' : 'error',
  });
}

/** Log-normal, as latencies are: median 400 ms, with a long tail; to the microsecond. */
function latencyMs(random: () => number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Math.round(1000 * 400 * Math.exp(0.7 * normal)) / 1000;
}

function pick(names: readonly string[], random: () => number): string {
  return names[Math.floor(random() * names.length)] ?? '';
}
