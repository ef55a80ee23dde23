/**
 * Events per second of the decoder against JSON.parse with field access and a Map of keys, on one core, over the same
 * seeded events. `npm run bench -- decode [events]`
 */
import { createBatchDecoder } from '../src/decode/create-batch-decoder.ts';
import type { DecodePlan } from '../src/decode/decode-plan.ts';
import { parseFieldPath } from '../src/event/field-path.ts';
import { KeyDictionary } from '../src/event/key-dictionary.ts';
import type { ByteBlock } from '../src/event/record-block.ts';
import { seeded } from './seeded.ts';

const MODELS = ['gpt-4', 'gpt-4o-mini', 'claude-3-opus', 'claude-3-haiku', 'llama-3-70b', 'mistral-large'];
const REGIONS = ['us-west-2', 'us-east-1', 'eu-central-1', 'ap-south-1'];
const RECORDS_PER_BLOCK = 4096;
const ROUNDS = 9;
const START_MS = 1_700_158_503_000;

function eventText(index: number, random: () => number): string {
  return JSON.stringify({
    event_id: `evt-${String(index).padStart(10, '0')}`,
    timestamp: new Date(START_MS + index * 7).toISOString(),
    model: MODELS[Math.floor(random() * MODELS.length)],
    region: REGIONS[Math.floor(random() * REGIONS.length)],
    session: `s-${Math.floor(random() * 1e9).toString(36)}`,
    latency_ms: Math.round(random() * 3_000_000) / 1000,
    usage: {
      input_tokens: Math.floor(random() * 4000),
      output_tokens: Math.floor(random() * 900),
      cost: Math.round(random() * 1e5) / 1e7,
    },
    ok: random() < 0.98,
  });
}

function blocksOf(events: number): ByteBlock[] {
  const random = seeded(42);
  const blocks: ByteBlock[] = [];
  for (let first = 0; first < events; first += RECORDS_PER_BLOCK) {
    const count = Math.min(RECORDS_PER_BLOCK, events - first);
    const lines = Array.from({ length: count }, (_, index) => Buffer.from(eventText(first + index, random)));
    const starts = new Int32Array(count);
    const ends = new Int32Array(count);
    let at = 0;
    for (const [index, line] of lines.entries()) {
      starts[index] = at;
      at += line.length;
      ends[index] = at;
      at += 1;
    }
    const bytes = new Uint8Array(Buffer.concat(lines.flatMap((line) => [line, Buffer.from('\n')])));
    const offsets = Float64Array.from(starts);
    blocks.push({
      kind: 'bytes',
      format: { type: 'json' },
      count,
      offsets,
      nextOffset: at,
      receivedAt: 0,
      bytes,
      starts,
      ends,
    });
  }
  return blocks;
}

const path = (text: string) => ({ type: 'path', path: parseFieldPath(text), text }) as const;
const PLAN: DecodePlan = {
  timestamp: path('timestamp'),
  timestampUnit: 'ms',
  time: 'event',
  key: [
    { name: 'model', selector: path('model') },
    { name: 'region', selector: path('region') },
  ],
  metrics: [
    { name: 'latency_ms', selector: path('latency_ms') },
    { name: 'cost', selector: path('usage.cost') },
  ],
  transforms: [],
  maxFutureMs: Infinity,
};

interface LlmEvent {
  readonly timestamp: string;
  readonly model: string;
  readonly region: string;
  readonly latency_ms: number;
  readonly usage: { readonly cost: number };
}

function parseWithJson(blocks: readonly ByteBlock[]): number {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const ids = new Map<string, number>();
  let checksum = 0;
  for (const block of blocks) {
    for (let record = 0; record < block.count; record += 1) {
      const text = decoder.decode(block.bytes.subarray(block.starts[record], block.ends[record]));
      const event = JSON.parse(text) as LlmEvent;
      const key = `${event.model}::${event.region}`;
      let id = ids.get(key);
      if (id === undefined) ids.set(key, (id = ids.size));
      checksum += Date.parse(event.timestamp) + id + event.latency_ms + event.usage.cost;
    }
  }
  return checksum;
}

function parseWithDecoder(plan: DecodePlan): (blocks: readonly ByteBlock[]) => number {
  const decoder = createBatchDecoder(plan, new KeyDictionary());
  return (blocks) => {
    let checksum = 0;
    for (const block of blocks) {
      const { batch, rejections } = decoder.decode(block, 0);
      if (rejections.length > 0) throw new Error(rejections[0]?.message);
      const [latency, cost] = batch.values;
      for (let row = 0; row < batch.count; row += 1) {
        checksum += (batch.timestamps[row] ?? 0) + (batch.keys[row] ?? 0) + (latency?.[row] ?? 0) + (cost?.[row] ?? 0);
      }
    }
    return checksum;
  };
}

const blocks = blocksOf(Number(process.argv[2] ?? 200_000));
const events = blocks.reduce((sum, block) => sum + block.count, 0);
const sizeBytes = blocks.reduce((sum, block) => sum + block.nextOffset, 0) / events;
const contenders = {
  'JSON.parse': parseWithJson,
  'through objects': parseWithDecoder({ ...PLAN, transforms: [{ type: 'filter', apply: () => true }] }),
  columnar: parseWithDecoder(PLAN),
  'columnar, nothing wanted': parseWithDecoder({ ...PLAN, time: 'processing', key: [], metrics: [] }),
};

console.log(
  `${String(events)} events of ${sizeBytes.toFixed(0)} bytes, median of ${String(ROUNDS)} rounds, Node ${process.version}`,
);
// The contenders in turn, so that whatever else the machine does meets all of them.
const rates = new Map(Object.keys(contenders).map((name) => [name, [] as number[]]));
for (let round = -2; round < ROUNDS; round += 1) {
  for (const [name, run] of Object.entries(contenders)) {
    const begun = performance.now();
    run(blocks);
    if (round >= 0) rates.get(name)?.push(events / (performance.now() - begun) / 1000);
  }
}
let baseline = 0;
for (const [name, measured] of rates) {
  const median = measured.sort((a, b) => a - b)[ROUNDS >> 1] ?? 0;
  if (baseline === 0) baseline = median;
  const size = `${(median * sizeBytes).toFixed(0)} MB/s`;
  console.log(`${name.padEnd(24)} ${median.toFixed(2)} M events/s, ${size}, ${(median / baseline).toFixed(2)}×`);
}
