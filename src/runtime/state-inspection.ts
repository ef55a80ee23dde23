import { describeStateEntry } from '../engine/state-entry.ts';
import type { Instant } from '../time/instant.ts';
import { EpochStore, epochReaderOf, placeOfEntry, type StateReader, type StoredEpoch } from './epoch-store.ts';

/** Key prefixes told apart; entries of further ones are counted together. */
const MAX_KEY_PREFIXES = 100_000;

/** Entries of a state, and the bytes of their keys and values. */
export interface EntryCount {
  entries: number;
  bytes: number;
}

/** The windows of one span of time, over all keys. */
export interface SpanCount extends EntryCount {
  readonly windowName: string;
  readonly start: Instant;
  readonly end: Instant;
}

/** What the window state of a pipeline consists of. */
export interface WindowStateContents {
  /** By name of the window definition. */
  readonly windows: ReadonlyMap<string, EntryCount>;
  /** The earliest windows, by end. */
  readonly earliest: readonly SpanCount[];
  /** By the value of the first key field, largest first: `model=gpt-4`. */
  readonly keyPrefixes: readonly (readonly [prefix: string, count: EntryCount])[];
  /** What is left out of `keyPrefixes`. */
  readonly otherKeys: EntryCount;
}

/** How much to show. */
export interface InspectionLimits {
  readonly spans: number;
  readonly keyPrefixes: number;
}

/** Counts the entries of a pipeline's window state as they go by, in key order; holds no more than a bounded number of counts. */
class WindowStateCount {
  readonly #windows = new Map<string, EntryCount>();
  readonly #prefixes = new Map<string, EntryCount>();
  readonly #others: EntryCount = { entries: 0, bytes: 0 };
  readonly #spans: SpanCount[] = [];
  readonly #limits: InspectionLimits;
  #current: SpanCount | undefined;

  constructor(limits: InspectionLimits) {
    this.#limits = limits;
  }

  /** `key` as the engine has given it; `bytes` are those of the stored key and value. */
  add(key: Uint8Array, bytes: number): void {
    const { windowName, kind, span, key: groupingKey } = describeStateEntry(key);
    count(this.#windows, windowName, bytes);
    if (kind === 'index') return;
    const [first] = groupingKey?.fields ?? [];
    if (first !== undefined) this.#countPrefix(`${first[0]}=${first[1] ?? 'null'}`, bytes);
    if (kind === 'window' && span !== null) this.#countSpan(windowName, span, bytes);
  }

  contents(): WindowStateContents {
    const sorted = [...this.#prefixes].sort(([, a], [, b]) => b.bytes - a.bytes);
    const otherKeys = { ...this.#others };
    for (const [, { entries, bytes }] of sorted.slice(this.#limits.keyPrefixes)) {
      otherKeys.entries += entries;
      otherKeys.bytes += bytes;
    }
    this.#keepEarliest();
    return {
      windows: this.#windows,
      earliest: this.#spans,
      keyPrefixes: sorted.slice(0, this.#limits.keyPrefixes),
      otherKeys,
    };
  }

  #countPrefix(prefix: string, bytes: number): void {
    if (this.#prefixes.size < MAX_KEY_PREFIXES || this.#prefixes.has(prefix)) count(this.#prefixes, prefix, bytes);
    else {
      this.#others.entries += 1;
      this.#others.bytes += bytes;
    }
  }

  /** The windows of one span stand together, and spans in the order of their ends. */
  #countSpan(
    windowName: string,
    { start, end }: { readonly start: Instant; readonly end: Instant },
    bytes: number,
  ): void {
    const last = this.#current;
    if (last?.windowName === windowName && last.start === start && last.end === end) {
      last.entries += 1;
      last.bytes += bytes;
      return;
    }
    this.#current = { windowName, start, end, entries: 1, bytes };
    this.#spans.push(this.#current);
    if (this.#spans.length >= this.#limits.spans + 1024) this.#keepEarliest();
  }

  #keepEarliest(): void {
    this.#spans.sort((a, b) => a.end - b.end || a.start - b.start || (a.windowName < b.windowName ? -1 : 1));
    this.#spans.length = Math.min(this.#spans.length, this.#limits.spans);
  }
}

function count(counts: Map<string, EntryCount>, name: string, bytes: number): void {
  const known = counts.get(name);
  if (known === undefined) counts.set(name, { entries: 1, bytes });
  else {
    known.entries += 1;
    known.bytes += bytes;
  }
}

/** What a state holds of one pipeline. */
export interface PipelineContents {
  readonly name: string;
  /** The last committed epoch; undefined where the record of it is missing. */
  readonly epoch: StoredEpoch | undefined;
  readonly windowState: WindowStateContents;
  /** All of it. */
  readonly size: EntryCount;
}

/** What a state holds. */
export interface StateContents {
  readonly pipelines: readonly PipelineContents[];
  /** What belongs to no pipeline, such as what a `WindowStateManager` has put there. */
  readonly others: EntryCount;
}

/**
 * What is in a state, in one pass over all of it.
 * @throws ProcessorError STATE_CORRUPT, STATE_MISMATCH for another format, or what the backend throws.
 */
export async function inspectState(reader: StateReader, limits: InspectionLimits): Promise<StateContents> {
  const found = new Map<string, { readonly size: EntryCount; readonly windows: WindowStateCount }>();
  const others: EntryCount = { entries: 0, bytes: 0 };
  for await (const { key, value } of reader.scan(new Uint8Array())) {
    const bytes = key.length + value.length;
    const place = placeOfEntry(key);
    if (place === undefined) {
      others.entries += 1;
      others.bytes += bytes;
      continue;
    }
    const pipeline = found.get(place.pipeline) ?? {
      size: { entries: 0, bytes: 0 },
      windows: new WindowStateCount(limits),
    };
    found.set(place.pipeline, pipeline);
    pipeline.size.entries += 1;
    pipeline.size.bytes += bytes;
    if (place.windowKey !== undefined) pipeline.windows.add(place.windowKey, bytes);
  }
  const pipelines: PipelineContents[] = [];
  for (const [name, { size, windows }] of found) {
    const epoch = await new EpochStore(epochReaderOf(reader), name).read();
    pipelines.push({ name, epoch, windowState: windows.contents(), size });
  }
  return { pipelines, others };
}
