import { GroupingKey, type KeyField } from '../event/grouping-key.ts';
import { Window, type WindowType } from '../event/window.ts';
import { AggregationResult, type Pane, type Results } from '../results/aggregation-result.ts';
import { DeadLetter, type DeadLetterInit } from '../results/dead-letter.ts';
import { LateEvent, type LateEventInit } from '../results/late-event.ts';
import type { Outbox } from './outbox.ts';

interface StoredWindow {
  readonly start: number;
  readonly end: number;
  readonly key: readonly KeyField[] | null;
}

interface StoredResult {
  readonly pipeline: string;
  readonly windowName: string;
  readonly windowType: WindowType;
  readonly window: StoredWindow;
  readonly results: Results;
  readonly pane: Pane;
  readonly timestamp: number;
}

type StoredLate = Omit<LateEventInit, 'window' | 'raw' | 'data'> & {
  readonly window: StoredWindow;
  readonly raw: string;
};
type StoredDeadLetter = Omit<DeadLetterInit, 'raw'> & { readonly raw: string };

/** Bytes of an outbox. An event's JavaScript value is not kept, its raw bytes are. */
export function writeOutbox(outbox: Outbox): Uint8Array {
  return Buffer.from(
    JSON.stringify({
      results: outbox.results.map(storedResult),
      lateEvents: outbox.lateEvents.map((late): StoredLate => ({
        window: storedWindow(late.window),
        eventTime: late.eventTime,
        // Infinity has no JSON; only an event behind the end of all input is judged by it.
        watermark: late.watermark === Infinity ? Number.MAX_VALUE : late.watermark,
        partition: late.partition,
        offset: late.offset,
        raw: base64(late.raw),
        timestamp: late.timestamp,
      })),
      deadLetters: outbox.deadLetters.map(storedDeadLetter),
    }),
  );
}

/** The outbox of bytes that {@link writeOutbox} has made. */
export function readOutbox(bytes: Uint8Array): Outbox {
  const stored = JSON.parse(new TextDecoder().decode(bytes)) as {
    readonly results: readonly StoredResult[];
    readonly lateEvents: readonly StoredLate[];
    readonly deadLetters: readonly StoredDeadLetter[];
  };
  return {
    results: stored.results.map((result) => new AggregationResult({ ...result, window: windowOf(result.window) })),
    lateEvents: stored.lateEvents.map(
      (late) =>
        new LateEvent({
          ...late,
          watermark: late.watermark === Number.MAX_VALUE ? Infinity : late.watermark,
          window: windowOf(late.window),
          raw: Buffer.from(late.raw, 'base64'),
          data: undefined,
        }),
    ),
    deadLetters: stored.deadLetters.map(
      (letter) => new DeadLetter({ ...letter, raw: Buffer.from(letter.raw, 'base64') }),
    ),
  };
}

function storedResult({
  pipeline,
  windowName,
  windowType,
  window,
  results,
  pane,
  timestamp,
}: AggregationResult): StoredResult {
  return { pipeline, windowName, windowType, window: storedWindow(window), results, pane, timestamp };
}

function storedDeadLetter({ code, message, path, partition, offset, raw, timestamp }: DeadLetter): StoredDeadLetter {
  return { code, message, path, partition, offset, raw: base64(raw), timestamp };
}

function storedWindow(window: Window): StoredWindow {
  return { start: window.start, end: window.end, key: window.key?.fields ?? null };
}

function windowOf(stored: StoredWindow): Window {
  return new Window(stored.start, stored.end, stored.key === null ? null : GroupingKey.fromFields(stored.key));
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
