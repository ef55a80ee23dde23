import { parseAggregationSpec } from '../aggregations/parse-aggregation-spec.ts';
import type { EventBatch } from '../event/event-batch.ts';
import { GroupingKey } from '../event/grouping-key.ts';
import { KeyDictionary } from '../event/key-dictionary.ts';
import type { EngineOptions } from './engine-options.ts';
import type { DroppedEvent, FiredPane, WindowEngine } from './window-engine.ts';

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
      ...options,
      keys: this.keys,
    });
    this.stored = new Map(stored);
    for (const [key, value] of stored) {
      // As Buffers, which backends hand out, and whose memory is shared with others.
      this.engine.load({ key: Buffer.from(key, 'hex'), value: Buffer.from(value) });
    }
  }

  /** Feeds a batch, moves the watermark, and takes what is due. */
  feed(events: readonly BenchEvent[], watermark = -Infinity): FiredPane[] {
    this.add(events);
    return this.advance(watermark);
  }

  add(events: readonly BenchEvent[]): readonly DroppedEvent[] {
    return this.engine.ingest(this.#batch(events), this.now);
  }

  advance(watermark: number): FiredPane[] {
    this.engine.advance(watermark);
    return this.take();
  }

  take(limit = 3): FiredPane[] {
    const panes: FiredPane[] = [];
    for (;;) {
      const fired = this.engine.takeFired(limit);
      panes.push(...fired);
      if (fired.length < limit) return panes;
    }
  }

  /** Writes what has changed to {@link EngineBench.stored}. */
  commit(): void {
    for (const { key, value } of this.engine.takeDelta()) {
      const text = Buffer.from(key).toString('hex');
      if (value === undefined) this.stored.delete(text);
      else this.stored.set(text, value);
    }
  }

  #batch(events: readonly BenchEvent[]): EventBatch {
    const { length } = events;
    return {
      count: length,
      timestamps: Float64Array.from(events, ({ at }) => at),
      watermarks: Float64Array.from(events, ({ watermark }) => watermark ?? -Infinity),
      keys: Int32Array.from(events, ({ key }) =>
        this.keys.idOf(key === undefined ? null : GroupingKey.fromFields([['k', key]])),
      ),
      values: [Float64Array.from(events, ({ value }) => value ?? 1)],
      records: Int32Array.from(events, (_, i) => i),
      data: [],
      block: {
        kind: 'objects',
        count: length,
        objects: [...events],
        offsets: new Float64Array(length),
        nextOffset: length,
        receivedAt: 0,
      },
    };
  }
}

/** `name [start,end) key count timing#index`, with `.` behind a final pane. */
export function brief({ windowName, window, results, pane }: FiredPane): string {
  const count = 'count' in results && typeof results.count === 'number' ? String(results.count) : '?';
  const key = window.key === null ? '' : `${window.key.toString().slice(2)} `;
  return `${windowName} [${window.start},${window.end}) ${key}${count} ${pane.timing}#${pane.index}${pane.final ? '.' : ''}`;
}
