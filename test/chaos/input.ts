import type { KeyField } from '../../src/event/grouping-key.ts';
import type { OracleConfig, OracleEvent } from '../oracle/model.ts';
import type { Random } from './random.ts';
import type { SourceKind } from './world.ts';

/** One record of the input. */
export interface InputRecord {
  /** As it is sent: one line without its end. */
  readonly text: string;
  /** What it means, its place aside; null where it cannot be read. */
  readonly event: Omit<OracleEvent, 'offset'> | null;
  /** Why it cannot be read; null where it can. */
  readonly reason: string | null;
}

/** What one file is to hold. */
export interface FileInput {
  readonly name: string;
  readonly records: readonly InputRecord[];
  /** Before this record the file is renamed, and another one of its name begun; −1 for never. */
  readonly rotatedAt: number;
}

/** A body that is posted. Each attempt adds an event of its own: see {@link markerOf}. */
export interface RequestInput {
  readonly number: number;
  readonly records: readonly InputRecord[];
  /** Of the newest event so far: an event of this time is not late. */
  readonly time: number;
}

/** All that is sent to the processor, in order. */
export interface Input {
  readonly keyFields: readonly string[];
  readonly files: readonly FileInput[];
  readonly requests: readonly RequestInput[];
  /** Requests under way at a time. */
  readonly senders: number;
  /** Whether some events may be late. */
  readonly hasLate: boolean;
  /** Time of the event that ends each partition, and by which all other windows close. */
  readonly closingTime: number;
}

/** What an input is drawn for. */
export interface InputOptions {
  readonly source: SourceKind;
  readonly partitions: number;
  readonly oracle: OracleConfig;
  readonly senders: number;
  readonly mayBeLate: boolean;
  /** So many keys that they do not all stay in memory. */
  readonly isCold: boolean;
  /** Files may be renamed, and begun anew. */
  readonly mayRotate: boolean;
}

const BEGIN = 1_700_000_000_000;
const HOUR_MS = 3_600_000;
const VALUE_UNIT = 1024;

/** Draws events of 2023, all values multiples of 1/1024, so that sums are exact. */
export function drawInput(random: Random, options: InputOptions): Input {
  const { source, partitions, senders } = options;
  const events = new EventDrawer(random, options);
  const files: FileInput[] = [];
  const requests: RequestInput[] = [];
  if (source === 'http') {
    const count = random.whole(100, 400);
    for (let number = 0; number < count; number += 1) requests.push(drawRequest(random, events, number, senders));
  } else {
    const most = options.isCold ? 15_000 : source === 'bounded' ? 20_000 : 6000;
    for (let p = 0; p < partitions; p += 1) {
      events.rewind();
      const count = random.whole(500, most);
      const records = Array.from({ length: count }, () => events.draw());
      const isZipped = source === 'bounded' && random.chance(0.5);
      const rotatedAt = options.mayRotate && random.chance(0.5) ? random.whole(1, count - 1) : -1;
      files.push({ name: `events-${String(p)}.ndjson${isZipped ? '.gz' : ''}`, records, rotatedAt });
    }
  }
  const closingTime = events.latest + HOUR_MS;
  const closing = [events.at(closingTime, 'closing')];
  return {
    keyFields: events.keyFields,
    // Files that end need nothing that closes their windows.
    files: source === 'follow' ? files.map((file) => ({ ...file, records: [...file.records, ...closing] })) : files,
    requests:
      source === 'http' ? [...requests, { number: requests.length, records: closing, time: closingTime }] : requests,
    senders,
    hasLate: events.hasLate,
    closingTime,
  };
}

function drawRequest(random: Random, events: EventDrawer, number: number, senders: number): RequestInput {
  // Those that are sent side by side are of the same time.
  if (number % senders === 0) events.moveOn(random.whole(0, 2000));
  const records = Array.from({ length: random.whole(1, 30) }, () => events.drawNow());
  return { number, records, time: events.now };
}

/** The event by which an attempt at a request can be told from the results: it has a key of its own. */
export function markerOf(input: Input, request: RequestInput, attempt: number): InputRecord {
  return recordAt(input.keyFields, request.time, [markerKey(request, attempt), null], {}, []);
}

/** The first key field of a marker. */
export function markerKey(request: RequestInput, attempt: number): string {
  return `request ${String(request.number)}, attempt ${String(attempt)}`;
}

class EventDrawer {
  readonly keyFields: readonly string[];
  readonly #random: Random;
  readonly #options: InputOptions;
  readonly #keys: number;
  readonly #lateShare: number;
  readonly #badShare: number;
  readonly #stepMs: number;
  /** Event time, disorder aside. */
  now = BEGIN;
  latest = BEGIN;

  constructor(random: Random, options: InputOptions) {
    this.#random = random;
    this.#options = options;
    this.keyFields = random.one([['model'], ['model', 'region']]);
    this.#keys = options.isCold ? 20_000 : random.one([1, 5, 40, 300]);
    this.#lateShare = options.mayBeLate ? random.one([0, 0.005, 0.03]) : 0;
    this.#badShare = random.one([0, 0.002, 0.02]);
    this.#stepMs = random.one([2, 20, 100]);
  }

  get hasLate(): boolean {
    return this.#lateShare > 0;
  }

  /** Begins another partition, of about the same time. */
  rewind(): void {
    this.now = BEGIN + this.#random.whole(0, 5000);
  }

  moveOn(ms: number): void {
    this.now += ms;
    this.latest = Math.max(this.latest, this.now);
  }

  draw(): InputRecord {
    this.moveOn(this.#random.whole(0, 2 * this.#stepMs));
    return this.drawNow();
  }

  drawNow(): InputRecord {
    const random = this.#random;
    if (random.chance(this.#badShare)) return this.#bad();
    const disorder = this.#options.oracle.outOfOrderness ?? 0;
    const isLate = random.chance(this.#lateShare);
    const behind = isLate ? disorder + random.whole(1, 60_000) : random.whole(0, disorder);
    return this.at(this.now - behind, `model ${String(random.whole(1, this.#keys))}`);
  }

  /** An event of this time and key. */
  at(time: number, model: string): InputRecord {
    const random = this.#random;
    const region = random.one(['eu', 'us', null]);
    const { metrics } = this.#options.oracle;
    const values = metrics.map(() => (random.chance(0.05) ? null : random.whole(-VALUE_UNIT, 2 ** 20) / VALUE_UNIT));
    const fields = Object.fromEntries(
      metrics.flatMap((name, index) => (values[index] === null ? [] : [[name, values[index]]])),
    );
    return recordAt(this.keyFields, time, [model, region], fields, values);
  }

  #bad(): InputRecord {
    const time = String(this.now);
    const [text, reason] = this.#random.one<readonly [string, string]>([
      [`{"timestamp":${time},"model":`, 'not_json'],
      ['{"model":"model 1"}', 'missing_timestamp'],
      ['{"timestamp":"soon","model":"model 1"}', 'invalid_timestamp'],
      [`[${time}]`, 'not_an_object'],
      [`{"timestamp":${time},"model":{"name":"model 1"}}`, 'invalid_key'],
    ]);
    return { text, event: null, reason };
  }
}

function recordAt(
  keyFields: readonly string[],
  timestamp: number,
  keys: readonly (string | null)[],
  fields: Readonly<Record<string, unknown>>,
  values: readonly (number | null)[],
): InputRecord {
  const key = keyFields.map((name, index): KeyField => [name, keys[index] ?? null]);
  const present = Object.fromEntries(key.filter(([, value]) => value !== null));
  return {
    text: JSON.stringify({ timestamp, ...present, ...fields }),
    event: { timestamp, key, values },
    reason: null,
  };
}
