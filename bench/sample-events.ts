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
const HOUR_MS = 3_600_000;
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
  /** A multiple of 50. Default 1,000. */
  readonly keys?: number;
  /**
   * `random`: each event has any of the keys. `passes`: each key comes once before any comes again, in another order
   * each time, and all events are in the hour from `10:00`. Default `random`.
   */
  readonly order?: 'random' | 'passes';
  /** How long they take, from `10:00`. Default 1. */
  readonly hours?: number;
}

/** What the benchmarks check of an event. */
export interface SampleEvent {
  /** From 0. */
  readonly key: number;
  /** To the microsecond. */
  readonly latencyMs: number;
  text(): string;
}

/** The path of a file of events under `folder`; written unless it is there. */
export async function sampleFile(folder: string, sample: Sample): Promise<string> {
  const { events, keys = 1000, order = 'random', hours = 1 } = sample;
  const name = [
    FORM,
    SEED,
    events,
    ...(keys === 1000 ? [] : [`${String(keys)}-keys`]),
    ...(order === 'random' ? [] : [order]),
    ...(hours === 1 ? [] : [`${String(hours)}-hours`]),
  ];
  const path = join(folder, `events-${name.join('-')}.ndjson`);
  if (existsSync(path)) return path;
  await mkdir(folder, { recursive: true });
  const unfinished = `${path}.${String(process.pid)}`;
  const out = createWriteStream(unfinished);
  let lines: string[] = [];
  for (const event of sampleEvents(sample)) {
    lines.push(event.text());
    if (lines.length < EVENTS_PER_WRITE) continue;
    if (!out.write(`${lines.join('\n')}\n`)) await once(out, 'drain');
    lines = [];
  }
  out.end(lines.length === 0 ? '' : `${lines.join('\n')}\n`);
  await once(out, 'finish');
  await rename(unfinished, path);
  return path;
}

/** The events of a sample, one after another. */
export function* sampleEvents({
  events,
  keys = 1000,
  order = 'random',
  hours = 1,
}: Sample): Generator<SampleEvent, void, undefined> {
  if (keys % KEYS_PER_TENANT !== 0) throw new RangeError(`${String(keys)} keys are not a multiple of 50`);
  const random = seeded(SEED);
  const tenants = keys / KEYS_PER_TENANT;
  const digits = Math.max(3, String(tenants).length);
  const inPasses = order === 'passes';
  for (let index = 0; index < events; index += 1) {
    const from = inPasses ? START_MS + DISORDER_MS : START_MS;
    const spanMs = hours * HOUR_MS - (inPasses ? DISORDER_MS : 0);
    const at = from + Math.floor((index / events) * spanMs) - Math.floor(random() * DISORDER_MS);
    const key = inPasses ? keyInPass(index, keys) : anyKey(tenants, random);
    yield sampleEvent({ index, at, key, digits }, random);
  }
}

/** The index of the key of a window in the results, as {@link SampleEvent} has it; -1 for any other text. */
export function keyOf(fields: Readonly<Record<(typeof KEY_FIELDS)[number], string>>): number {
  const [model, region] = [MODELS.indexOf(fields.model), REGIONS.indexOf(fields.region)];
  const tenant = Number(/^tenant-(\d+)$/.exec(fields.tenant)?.[1] ?? 0) - 1;
  return model === -1 || region === -1 || tenant === -1
    ? -1
    : (tenant * REGIONS.length + region) * MODELS.length + model;
}

function anyKey(tenants: number, random: () => number): number {
  const model = Math.floor(random() * MODELS.length);
  const region = Math.floor(random() * REGIONS.length);
  const tenant = Math.floor(random() * tenants);
  return (tenant * REGIONS.length + region) * MODELS.length + model;
}

/** Steps of a length that has no divisor in common with the number of keys come to each of them once. */
function keyInPass(index: number, keys: number): number {
  const pass = Math.floor(index / keys);
  let step = Math.floor(keys * 0.618) + 2 * pass;
  while (divisorOf(step, keys) !== 1) step += 1;
  return ((index % keys) * step + pass) % keys;
}

function divisorOf(one: number, other: number): number {
  return other === 0 ? one : divisorOf(other, one % other);
}

function sampleEvent(
  {
    index,
    at,
    key,
    digits,
  }: { readonly index: number; readonly at: number; readonly key: number; readonly digits: number },
  random: () => number,
): SampleEvent {
  const session = Math.floor(random() * 1e9);
  const latencyMs = logNormalMs(random);
  const [input, output, cost] = [random() * 4000, random() * 900, random() * 1e5];
  const status = random() < 0.98 ? 'ok' : 'error';
  const tenant = Math.floor(key / KEYS_PER_TENANT);
  const text = (): string =>
    JSON.stringify({
      event_id: `evt-${String(index).padStart(10, '0')}`,
      timestamp: new Date(at).toISOString(),
      model: MODELS[key % MODELS.length],
      region: REGIONS[Math.floor(key / MODELS.length) % REGIONS.length],
      tenant: `tenant-${String(tenant + 1).padStart(digits, '0')}`,
      session: `s-${session.toString(36)}`,
      latency_ms: latencyMs,
      usage: { input_tokens: Math.floor(input), output_tokens: Math.floor(output), cost: Math.round(cost) / 1e7 },
      status,
    });
  return { key, latencyMs, text };
}

/** Log-normal, as latencies are: median 400 ms, with a long tail; to the microsecond. */
function logNormalMs(random: () => number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Math.round(1000 * 400 * Math.exp(0.7 * normal)) / 1000;
}
