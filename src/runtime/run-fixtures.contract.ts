import { createPipeline } from '../pipeline/create-pipeline.ts';
import type { PipelineBuilder } from '../pipeline/pipeline-builder.ts';
import type { AggregationResult, MetricResults } from '../results/aggregation-result.ts';
import type { EventSink } from '../sinks/event-sink.ts';
import type { EventSource, OpenSource, SourceContext, SourcePartition } from '../sources/event-source.ts';
import { MemorySource } from '../sources/memory/memory-source.ts';
import { objectBlock } from '../sources/memory/object-block.ts';
import { MemoryStateBackend } from '../state/memory/memory-state-backend.ts';
import type { CheckpointInfo, StateOperation, StateRepair } from '../state/state-backend.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Clock } from '../time/clock.ts';
import type { ManualClock } from '../time/manual-clock.ts';
import { BoundedOutOfOrdernessWatermark } from '../time/bounded-out-of-orderness-watermark.ts';

/** An event of the tests of runs. */
export interface Reading {
  readonly timestamp: number;
  readonly key: string;
  readonly value: number;
}

/** `count` events a step apart, of two keys. */
export function readings(count: number, stepMs = 1): Reading[] {
  return Array.from({ length: count }, (_, i) => ({ timestamp: i * stepMs, key: i % 2 === 0 ? 'a' : 'b', value: i }));
}

/** A pipeline of readings by key, watermarks right behind the events; windows, sinks and the rest are up to the test. */
export function readingsPipeline(
  source: EventSource | readonly Reading[],
  name = 'p',
): PipelineBuilder<Reading, MetricResults> {
  return createPipeline<Reading>(name)
    .withSource('open' in source ? source : new MemorySource(source))
    .withKey('key')
    .withValue('value')
    .withMaxFuture(Infinity)
    .withWatermarkGenerator(new BoundedOutOfOrdernessWatermark(0));
}

/** Takes everything, in order. */
export class CollectingSink<T = AggregationResult> implements EventSink<T> {
  readonly name: string;
  readonly items: T[] = [];
  /** Number of items of each delivery. */
  readonly batches: number[] = [];
  readonly epochs: number[] = [];

  constructor(name = 'collecting') {
    this.name = name;
  }

  async sendBatch(items: readonly T[], { epoch }: { readonly epoch: number }): Promise<void> {
    this.items.push(...items);
    this.batches.push(items.length);
    this.epochs.push(epoch);
  }
}

/** State in memory that can be made to note, delay or refuse its commits. */
export class WatchedBackend extends MemoryStateBackend {
  /** Called before each commit, with its number from 1. */
  beforeCommit: (commit: number, operations: readonly StateOperation[]) => Promise<void> | void = () => undefined;
  /** Called after each commit. */
  afterCommit: (commit: number) => Promise<void> | void = () => undefined;
  /** Called before each write that is no commit: that of the end of a run, and those that go with checkpoints. */
  beforeNote: (operations: readonly StateOperation[]) => Promise<void> | void = () => undefined;
  /** Called after each write that is no commit. */
  afterNote: () => Promise<void> | void = () => undefined;
  commits = 0;

  override async batch(operations: readonly StateOperation[]): Promise<void> {
    const isCommit = operations.some(({ key, value }) => value !== undefined && textOf(key).endsWith('/outbox'));
    if (!isCommit) {
      await this.beforeNote(operations);
      await super.batch(operations);
      await this.afterNote();
      return;
    }
    this.commits += 1;
    await this.beforeCommit(this.commits, operations);
    await super.batch(operations);
    await this.afterCommit(this.commits);
  }
}

/** A {@link WatchedBackend} that says it outlives the process, so that runs make checkpoints of it. */
export class DurableBackend extends WatchedBackend {
  readonly directory = 'state';
  repair: StateRepair | null = null;
  /** Called before each checkpoint. */
  beforeCheckpoint: (id: string) => Promise<void> | void = () => undefined;

  override async checkpoint(id: string): Promise<CheckpointInfo> {
    await this.beforeCheckpoint(id);
    return super.checkpoint(id);
  }
}

function textOf(key: Uint8Array): string {
  return Buffer.from(key).toString();
}

/** A partition whose reads are answered by a function. */
export function partitionOf(
  id: string,
  read: SourcePartition['read'],
  caughtUp: () => boolean = () => false,
): SourcePartition {
  return {
    id,
    read,
    get caughtUp() {
      return caughtUp();
    },
  };
}

/** A source of partitions that are made when it is opened. */
export function sourceOf(
  partitions: (context: SourceContext) => readonly SourcePartition[],
  more: Partial<OpenSource> = {},
): EventSource {
  return {
    // As that of the pipelines it stands in for: state goes on under sources of one kind only.
    name: 'memory',
    open: async (context) => ({ partitions: partitions(context), close: async () => undefined, ...more }),
  };
}

/** Blocks of the given events, then the end; a block resumes nothing. */
export function blocksOf(...blocks: readonly (readonly Reading[])[]): SourcePartition['read'] {
  const rest = [...blocks];
  let offset = 0;
  return async () => {
    const events = rest.shift();
    if (events === undefined) return null;
    const block = objectBlock(events, offset, 0);
    offset = block.nextOffset;
    return block;
  };
}

/** A source of one partition that gives a block at each call of `give`, and ends with the run. */
export function scriptedSource(more?: Partial<OpenSource>): {
  readonly source: EventSource;
  readonly give: (...events: Reading[]) => void;
} {
  const waiting: Reading[][] = [];
  let wake: () => void = () => undefined;
  const source = sourceOf(({ positions, signal }) => {
    let offset = positions.get('only')?.offset ?? 0;
    const read: SourcePartition['read'] = async () => {
      while (waiting.length === 0 && !signal.aborted) {
        await Promise.race([untilAborted(signal), new Promise<void>((resolve) => (wake = resolve))]);
      }
      const events = waiting.shift();
      if (events === undefined) return null;
      const block = objectBlock(events, offset, 0);
      offset = block.nextOffset;
      return block;
    };
    return [partitionOf('only', read)];
  }, more);
  return {
    source,
    give: (...events) => {
      waiting.push(events);
      wake();
    },
  };
}

/** A read that settles only when the run ends. */
export function untilAborted(signal: AbortSignal): Promise<null> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(null);
    else signal.addEventListener('abort', () => resolve(null), { once: true });
  });
}

/** A promise with the means to settle it. */
export interface Gate {
  readonly opened: Promise<void>;
  open(): void;
  refuse(error: unknown): void;
}

/** A {@link Gate} that is closed. */
export function gate(): Gate {
  let open!: () => void; // The promise's executor sets both at once.
  let refuse!: (error: unknown) => void; // As above.
  const opened = new Promise<void>((resolve, reject) => {
    open = resolve;
    refuse = reject;
  });
  return { opened, open, refuse };
}

/** Lets everything that can happen without time passing happen. */
export async function settle(clock: Clock, turns = 20): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await clock.nextTurn();
}

/** Lets time pass in small steps, until `done` or for `most` steps. */
export async function passTime(clock: ManualClock, stepMs: number, done: () => boolean, most = 500): Promise<void> {
  for (let step = 0; step < most && !done(); step += 1) {
    clock.advance(stepMs);
    await settle(clock, 5);
  }
}

/** What a logger was told. */
export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly fields: object;
  readonly message: string;
}

/** A logger that remembers. */
export function rememberingLogger(): Logger & { readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const at =
    (level: LogLine['level']) =>
    (fields: object, message: string): void => {
      lines.push({ level, fields, message });
    };
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** `[start,end) key count timing#pane`, as short as a table wants it. */
export function shown({ window, key, results, pane }: AggregationResult): string {
  const count = 'count' in results && typeof results.count === 'number' ? results.count : Number.NaN;
  return `[${window.start},${window.end}) ${key?.toString() ?? ''} ${count} ${pane.timing}#${pane.index}`;
}
