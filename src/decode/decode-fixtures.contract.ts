import { expect } from 'vitest';
import { nameOfPath, parseFieldPath, type FieldPath } from '../event/field-path.ts';
import { KeyDictionary } from '../event/key-dictionary.ts';
import type { ByteBlock, ObjectBlock, RecordBlock, RecordFormat } from '../event/record-block.ts';
import type { EventBatch } from '../event/event-batch.ts';
import type { BatchDecoder, DecodeCounters, Rejection } from './batch-decoder.ts';
import type { DecodePlan, KeySelector, MetricSelector, Selector } from './decode-plan.ts';

const encoder = new TextEncoder();

/** The instant that the fixtures take for now: 2023-11-16T18:15:03Z. */
export const NOW = 1_700_158_503_000;

/** A selector of a path. */
export function at(path: FieldPath): Selector & { readonly type: 'path' } {
  return { type: 'path', path: parseFieldPath(path), text: nameOfPath(path) };
}

/** Key fields at paths, by their names. */
export function keysAt(...paths: FieldPath[]): KeySelector[] {
  return paths.map((path) => ({ name: nameOfPath(path), selector: at(path) }));
}

/** Metrics at paths, by their names. */
export function metricsAt(...paths: FieldPath[]): MetricSelector[] {
  return paths.map((path) => ({ name: nameOfPath(path), selector: at(path) }));
}

/** Timestamp `t` in ms, key `k`, metric `v`, no limit on the future, unless said otherwise. */
export function planOf(changes: Partial<DecodePlan> = {}): DecodePlan {
  return {
    timestamp: at('t'),
    timestampUnit: 'ms',
    time: 'event',
    key: keysAt('k'),
    metrics: metricsAt('v'),
    transforms: [],
    maxFutureMs: Infinity,
    ...changes,
  };
}

/** A block of records, given as text or bytes, with a byte between them that belongs to none. */
export function blockOf(records: readonly (string | Uint8Array)[], format: RecordFormat = { type: 'json' }): ByteBlock {
  const parts = records.map((record) => (typeof record === 'string' ? encoder.encode(record) : record));
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length + 1, 1)).fill(0x22);
  const starts = new Int32Array(parts.length);
  const ends = new Int32Array(parts.length);
  let end = 1;
  for (const [index, part] of parts.entries()) {
    starts[index] = end;
    bytes.set(part, end);
    end += part.length;
    ends[index] = end;
    end += 1;
  }
  const offsets = Float64Array.from(starts);
  return {
    kind: 'bytes',
    format,
    count: parts.length,
    offsets,
    nextOffset: end,
    receivedAt: NOW - 5,
    bytes,
    starts,
    ends,
  };
}

/** A block of CSV rows under a header. */
export function csvOf(header: readonly string[], ...rows: (string | Uint8Array)[]): ByteBlock {
  return blockOf(rows, { type: 'csv', header });
}

/** A block of JavaScript values. */
export function objectsOf(...objects: unknown[]): ObjectBlock {
  const offsets = Float64Array.from(objects, (_, index) => index);
  return { kind: 'objects', count: objects.length, offsets, nextOffset: objects.length, receivedAt: NOW - 5, objects };
}

/** Bytes from text and numbers. */
export function bytesOf(...parts: (string | readonly number[])[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => (typeof part === 'string' ? [...encoder.encode(part)] : part)));
}

/** Makes the decoder under test. */
export type MakeDecoder = (plan: DecodePlan, keys: KeyDictionary) => BatchDecoder;

/** One row of a batch, with its key as text. */
export interface Row {
  readonly t: number;
  readonly key: string | null;
  readonly values: readonly number[];
  readonly record: number;
}

export interface Outcome {
  readonly rows: readonly Row[];
  readonly rejections: readonly Rejection[];
  readonly counters: Readonly<DecodeCounters>;
  readonly batch: EventBatch;
}

/** Decodes one block with a fresh decoder; checks that records = decoded + rejected. */
export function run(make: MakeDecoder, block: RecordBlock, plan: DecodePlan = planOf(), now = NOW): Outcome {
  const keys = new KeyDictionary();
  const decoder = make(plan, keys);
  const { batch, rejections } = decoder.decode(block, now);
  const rows = Array.from({ length: batch.count }, (_, row) => ({
    t: batch.timestamps[row] ?? Number.NaN,
    key: keys.keyOf(batch.keys[row] ?? -1)?.toString() ?? null,
    values: batch.values.map((column) => column[row] ?? Number.NaN),
    record: batch.records[row] ?? -1,
  }));
  const { counters } = decoder;
  expect(counters.records).toBe(block.count);
  expect(counters.rejected).toBe(rejections.length);
  expect(counters.decoded).toBe(block.count - rejections.length);
  return { rows, rejections, counters, batch };
}

/** Decodes one JSON record. */
export function single(
  make: MakeDecoder,
  record: string | Uint8Array,
  plan?: DecodePlan,
): {
  readonly row: Row | undefined;
  readonly rejection: Rejection | undefined;
  readonly counters: Readonly<DecodeCounters>;
} {
  const { rows, rejections, counters } = run(make, blockOf([record]), plan);
  return { row: rows[0], rejection: rejections[0], counters };
}
