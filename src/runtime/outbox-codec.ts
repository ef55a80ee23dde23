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

/** A result in the form that sinks write, with the name of its windows, which is no part of that. */
type StoredResult = readonly [windowName: string, result: ResultJson];

interface ResultJson {
  readonly pipeline: string;
  readonly window: {
    readonly type: WindowType;
    readonly start: string;
    readonly end: string;
    readonly key: string | null;
  };
  readonly results: Results;
  readonly pane: Pane;
  readonly timestamp: string;
}

type StoredLate = Omit<LateEventInit, 'window' | 'raw' | 'data'> & {
  readonly window: StoredWindow;
  readonly raw: string;
};
type StoredDeadLetter = Omit<DeadLetterInit, 'raw'> & { readonly raw: string };

/** Bytes of an outbox. An event's JavaScript value is not kept, its raw bytes are. */
export function writeOutbox(outbox: Outbox): Uint8Array {
  const results = outbox.results.map((result) => `[${JSON.stringify(result.windowName)},${result.toText()}]`);
  const lateEvents = outbox.lateEvents.map((late): StoredLate => ({
    window: storedWindow(late.window),
    eventTime: late.eventTime,
    // Infinity has no JSON; only an event behind the end of all input is judged by it.
    watermark: late.watermark === Infinity ? Number.MAX_VALUE : late.watermark,
    partition: late.partition,
    offset: late.offset,
    raw: base64(late.raw),
    timestamp: late.timestamp,
  }));
  const deadLetters = outbox.deadLetters.map(storedDeadLetter);
  const others = `"lateEvents":${JSON.stringify(lateEvents)},"deadLetters":${JSON.stringify(deadLetters)}`;
  return Buffer.from(`{"results":[${results.join(',')}],${others}}`);
}

/** The outbox of bytes that {@link writeOutbox} has made. */
export function readOutbox(bytes: Uint8Array): Outbox {
  const stored = JSON.parse(new TextDecoder().decode(bytes)) as {
    readonly results: readonly StoredResult[];
    readonly lateEvents: readonly StoredLate[];
    readonly deadLetters: readonly StoredDeadLetter[];
  };
  return {
    results: stored.results.map(resultOf),
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

function resultOf([windowName, { pipeline, window, results, pane, timestamp }]: StoredResult): AggregationResult {
  const key = window.key === null ? null : GroupingKey.parse(window.key);
  return new AggregationResult({
    pipeline,
    windowName,
    windowType: window.type,
    window: new Window(Date.parse(window.start), Date.parse(window.end), key),
    results,
    pane,
    timestamp: Date.parse(timestamp),
  });
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
