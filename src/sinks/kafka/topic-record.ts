import type { AggregationResult } from '../../results/aggregation-result.ts';
import { LateEvent } from '../../results/late-event.ts';
import type { DeadLetter } from '../../results/dead-letter.ts';
import type { Instant } from '../../time/instant.ts';

/** What is written to a topic for an item. */
export interface TopicRecord {
  /** Text whose bytes decide the partition; null: any. */
  readonly key: string | null;
  /** Text, or bytes that stay as they are. */
  readonly value: string | Uint8Array;
  /** When it was made, for the topic's retention. */
  readonly timestamp: Instant;
}

/** Makes the record of an item; `mostBytes`: how long its value may be, where something of it can be left out. */
export type RecordOf<T> = (item: T, mostBytes: number) => TopicRecord;

/** A result: by its grouping key, so that the results of a key stay in order. */
export function resultRecord(result: AggregationResult<object>): TopicRecord {
  return { key: result.key?.toString() ?? null, value: result.toText(), timestamp: result.timestamp };
}

/**
 * A dead letter or late event. Its bytes are cut where it would be too long for the topic; `raw_truncated` says so. A late
 * event is written by the key of its window.
 */
export function undeliveredRecord(item: DeadLetter | LateEvent, mostBytes: number): TopicRecord {
  const key = item instanceof LateEvent ? (item.window.key?.toString() ?? null) : null;
  const whole = JSON.stringify(item);
  const tooMany = Buffer.byteLength(whole) - mostBytes;
  const value = tooMany > 0 ? cut(item, tooMany) : whole;
  return { key, value, timestamp: item.timestamp };
}

const TRUNCATED = { raw_truncated: true } as const;
const TRUNCATED_BYTES = Buffer.byteLength(JSON.stringify(TRUNCATED));
/** Four characters of base64 are three bytes: no less can be left out. */
const QUANTUM = 4;

function cut(item: DeadLetter | LateEvent, tooMany: number): string {
  const json = item.toJSON() as { readonly raw: string };
  const length = Math.floor((json.raw.length - tooMany - TRUNCATED_BYTES) / QUANTUM) * QUANTUM;
  return JSON.stringify({ ...json, raw: json.raw.slice(0, Math.max(0, length)), ...TRUNCATED });
}
