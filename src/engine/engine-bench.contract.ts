import { parseAggregationSpec } from '../aggregations/parse-aggregation-spec.ts';
import type { EventColumns } from '../event/event-batch.ts';
import { GroupingKey } from '../event/grouping-key.ts';
import { KeyDictionary } from '../event/key-dictionary.ts';
import type { EngineOptions } from './engine-options.ts';
import type { DroppedEvent, FiredPane, StateRequest, StoredEntry, WindowEngine } from './window-engine.ts';

/** Where the engines under test keep their entries. */
export const PREFIX = Uint8Array.of(0, 47, 255);

/** Makes the engine under test. */
export type EngineFactory = (options: EngineOptions) => WindowEngine;

/** An event as the tests write it: time, key, value, and its partition's watermark before it. */
export interface BenchEvent {
  readonly at: number;
  readonly key?: string;
  readonly value?: number;
  readonly watermark?: number;
}

/** An engine with a dictionary of its own, its stored state as deltas have left it, and short ways to feed it. */
export class EngineBench {
  readonly engine: WindowEngine;
  readonly keys = new KeyDictionary();
  /** What was last ingested. */
  batch: EventColumns | null = null;
  /** State by key, as text, as a backend would hold it. */
  readonly stored: Map<string, Uint8Array>;
  now = 0;

  constructor(
    make: EngineFactory,
    options: Partial<EngineOptions>,
    stored: ReadonlyMap<string, Uint8Array> = new Map(),
  ) {
    this.engine = make({
      windows: [],
      lateRule: 'event',
      metrics: ['value'],
      flatResults: true,
      aggregation: parseAggregationSpec({
        aggregates: ['count', 'sum', 'min', 'max', 'percentile'],
        percentiles: [50],
      }),
      aggregators: [],
      trackChanges: true,
      residentBytesLimit: Infinity,
      entryPrefix: PREFIX,
      byPartition: false,
      ...options,
      keys: this.keys,
    });
    this.stored = new Map(stored);
    for (const prefix of this.engine.restartPrefixes) {
      for (const entry of this.#entriesOf({ type: 'range', prefix, after: null, limit: Infinity })) {
        this.engine.load(entry);
      }
    }
  }

  /** Feeds a batch, moves the watermark, and takes what is due. */
  feed(events: readonly BenchEvent[], watermark = -Infinity): FiredPane[] {
    this.add(events);
    return this.advance(watermark);
  }

  /** Adds a batch of events of one partition. */
  add(events: readonly BenchEvent[], partition = 0): readonly DroppedEvent[] {
    return this.ingest(this.#batch(events, partition));
  }

  ingest(batch: EventColumns): readonly DroppedEvent[] {
    this.answer(() => this.engine.requestFor(batch));
    this.batch = batch;
    return this.engine.ingest(batch, this.now);
  }

  /** Supplies all that is asked for. */
  answer(ask: () => StateRequest | null): void {
    for (let request = ask(); request !== null; request = ask()) this.supply(request);
  }

  /** Supplies what one request asks for. */
  supply(request: StateRequest): void {
    this.engine.supply(request, this.#entriesOf(request));
  }

  advance(watermark: number): FiredPane[] {
    this.engine.advance(watermark);
    return this.take();
  }

  take(limit = 3): FiredPane[] {
    const panes: FiredPane[] = [];
    for (;;) {
      const fired = this.takeSome(limit);
      panes.push(...fired);
      if (fired.length < limit) return panes;
    }
  }

  /** Takes `limit` panes, or all that there are; early panes and retractions come on top. */
  takeSome(limit: number): FiredPane[] {
    const panes: FiredPane[] = [];
    for (;;) {
      this.answer(() => this.engine.requestForFiring());
      const fired = this.engine.takeFired(limit - panes.length);
      panes.push(...fired);
      if (panes.length >= limit || (fired.length === 0 && this.engine.requestForFiring() === null)) return panes;
    }
  }

  /** Writes what has changed to {@link EngineBench.stored}, and lets go of what need not stay in memory. */
  commit(): void {
    this.engine.spill();
    this.keys.retain((id) => this.engine.isLive(id));
    for (const { key, value } of this.engine.takeDelta()) {
      const text = Buffer.from(key).toString('hex');
      if (value === undefined) this.stored.delete(text);
      else this.stored.set(text, value);
    }
  }

  /** What a request asks for, as Buffers, which backends hand out, and whose memory is shared with others. */
  #entriesOf(request: StateRequest): StoredEntry[] {
    const entryOf = (key: string): StoredEntry[] => {
      const value = this.stored.get(key);
      return value === undefined ? [] : [{ key: Buffer.from(key, 'hex'), value: Buffer.from(value) }];
    };
    const textOf = (key: Uint8Array): string => Buffer.from(key).toString('hex');
    if (request.type === 'keys') return request.keys.flatMap((key) => entryOf(textOf(key)));
    const after = request.after === null ? '' : textOf(request.after);
    return [...this.stored.keys()]
      .filter((key) => key.startsWith(textOf(request.prefix)) && key > after)
      .sort()
      .slice(0, request.limit)
      .flatMap(entryOf);
  }

  #batch(events: readonly BenchEvent[], partition: number): EventColumns {
    const { length } = events;
    return {
      count: length,
      partition,
      timestamps: Float64Array.from(events, ({ at }) => at),
      watermarks: Float64Array.from(events, ({ watermark }) => watermark ?? -Infinity),
      keys: Int32Array.from(events, ({ key }) =>
        this.keys.idOf(key === undefined ? null : GroupingKey.fromFields([['k', key]])),
      ),
      values: [Float64Array.from(events, ({ value }) => value ?? 1)],
    };
  }
}

/** `name [start,end) key count timing#index`, with `.` behind a final pane. */
export function brief({ windowName, window, results, pane }: FiredPane): string {
  const count = 'count' in results && typeof results.count === 'number' ? String(results.count) : '?';
  const key = window.key === null ? '' : `${window.key.toString().slice(2)} `;
  return `${windowName} [${window.start},${window.end}) ${key}${count} ${pane.timing}#${pane.index}${pane.final ? '.' : ''}`;
}
