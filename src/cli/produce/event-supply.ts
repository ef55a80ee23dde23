import { ProcessorError } from '../../errors/processor-error.ts';
import { rawBytesOf } from '../../event/record-block.ts';
import { DemoTraffic } from '../../sources/demo/demo-traffic.ts';
import type { OpenSource, SourceContext, SourcePartition } from '../../sources/event-source.ts';
import { FileSource } from '../../sources/file/file-source.ts';
import { StdinSource } from '../../sources/stdin/stdin-source.ts';
import type { Instant, Millis } from '../../time/instant.ts';
import type { CliIo } from '../cli-io.ts';
import type { ProduceSettings } from './produce-settings.ts';

const DEMO_DISORDER_MS: Millis = 5000;

/** Where events to be sent come from. */
export interface EventSupply {
  /** The next of them, in bytes, at most so many; null at the end, or when the run's signal has aborted. */
  next(limit: number): Promise<readonly Uint8Array[] | null>;
  /** Events that were left out, since they are longer than any that a processor would take, or cut off. */
  readonly leftOut: number;
  close(): Promise<void>;
}

/** A supply, and when its events are due. */
export interface OpenSupply {
  readonly supply: EventSupply;
  /** From the start to event `k`; absent where they may go as fast as they can. */
  readonly arrivalMs?: (k: number) => Millis;
}

/** Opens what the settings ask for. @throws ProcessorError of kind `source`. */
export async function openSupply(
  { events, count, rate }: Pick<ProduceSettings, 'events' | 'count' | 'rate'>,
  { stdin }: Pick<CliIo, 'stdin'>,
  context: Omit<SourceContext, 'positions'>,
): Promise<OpenSupply> {
  if (events.type === 'demo') {
    const traffic = trafficOf(events, count, rate, context.clock.now());
    const supply = new DemoSupply(traffic, count);
    return rate === undefined ? { supply } : { supply, arrivalMs: (k) => traffic.arrivalMs(k) };
  }
  const source = events.paths.includes('-') ? new StdinSource({ stream: stdin }) : new FileSource(events.paths);
  const supply = new SourceSupply(await source.open({ ...context, positions: new Map() }));
  return rate === undefined ? { supply } : { supply, arrivalMs: (k) => (k / rate) * 1000 };
}

/** Made-up traffic at a rate from now on, or of the time up to now. */
function trafficOf(
  { seed, keys, spanMs }: Extract<ProduceSettings['events'], { readonly type: 'demo' }>,
  count: number,
  rate: number | undefined,
  now: Instant,
): DemoTraffic {
  const options = { seed, keys, disorderMs: DEMO_DISORDER_MS };
  if (rate !== undefined) return new DemoTraffic({ ...options, eventsPerSec: rate, startAt: now });
  const startAt = now - spanMs;
  const eventsPerSec = (count * 1000) / spanMs;
  // There is more traffic by day than by night: at the average rate the last event would not be of now.
  const lastMs = new DemoTraffic({ ...options, eventsPerSec, startAt }).arrivalMs(count);
  return new DemoTraffic({ ...options, eventsPerSec: (eventsPerSec * lastMs) / spanMs, startAt });
}

/** The traffic of the demonstration: `total` events of it. */
class DemoSupply implements EventSupply {
  readonly leftOut = 0;
  readonly #traffic: DemoTraffic;
  readonly #total: number;
  #next = 0;

  constructor(traffic: DemoTraffic, total: number) {
    this.#traffic = traffic;
    this.#total = total;
  }

  next(limit: number): Promise<readonly Uint8Array[] | null> {
    const end = Math.min(this.#total, this.#next + limit);
    if (end === this.#next) return Promise.resolve(null);
    const events: Uint8Array[] = [];
    for (; this.#next < end; this.#next += 1) events.push(Buffer.from(this.#traffic.line(this.#next), 'latin1'));
    return Promise.resolve(events);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** What a source reads, one partition after the other, each record as it stands there. */
class SourceSupply implements EventSupply {
  readonly #source: OpenSource;
  readonly #partitions: SourcePartition[];
  #read: Uint8Array[] = [];
  leftOut = 0;

  constructor(source: OpenSource) {
    this.#source = source;
    this.#partitions = [...source.partitions];
  }

  async next(limit: number): Promise<readonly Uint8Array[] | null> {
    while (this.#read.length === 0) {
      const [partition] = this.#partitions;
      if (partition === undefined) return null;
      if (!(await this.#readFrom(partition))) this.#partitions.shift();
    }
    const events = this.#read.slice(0, limit);
    this.#read = this.#read.slice(limit);
    return events;
  }

  async close(): Promise<void> {
    await this.#source.close();
  }

  async #readFrom(partition: SourcePartition): Promise<boolean> {
    const block = await partition.read();
    if (block === null) return false;
    if (block.kind !== 'bytes' || block.format.type !== 'json') {
      const advice = 'only JSON can be sent as it stands: one object a line, or an array of them';
      throw new ProcessorError('source', 'SOURCE_FAILED', `${partition.id}: ${advice}`);
    }
    for (let record = 0; record < block.count; record += 1) {
      if (block.faults?.has(record) === true) this.leftOut += 1;
      else this.#read.push(rawBytesOf(block, record));
    }
    return true;
  }
}
