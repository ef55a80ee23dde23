import type { ByteBlock, RecordBlock } from '../../event/record-block.ts';
import { unlessAborted } from '../abortable.ts';
import type { SourceContext, SourcePartition } from '../event-source.ts';
import type { Backlog, LogEvents } from './log/backlog.ts';

/** A block is closed once its events have this many bytes. */
const BLOCK_BYTES = 262_144;

/** Where a buffer begins, and what is to be read before what is added to it. */
export interface EventBufferStart {
  /** Offset of the first event that is added. */
  readonly offset: number;
  /** Absent: nothing. */
  readonly backlog?: Backlog;
}

/** Events that were taken and wait to be read: the partition of an HTTP source. Whoever adds keeps it within bounds. */
export class EventBuffer implements SourcePartition {
  static readonly id = 'http';
  readonly id = EventBuffer.id;
  readonly #context: SourceContext;
  readonly #backlog: Backlog | null;
  /** What was read from the backlog and did not fit into a block. */
  #replayed: LogEvents = { first: 0, events: [] };
  #events: Uint8Array[] = [];
  /** Events of `#events` that have been read. */
  #read = 0;
  #sizeBytes = 0;
  /** Events that are on their way to the disk, which {@link add} will bring. */
  #reserved = 0;
  #reservedBytes = 0;
  #offset: number;
  #wake: (() => void) | null = null;

  constructor(context: SourceContext, { offset, backlog }: EventBufferStart) {
    this.#context = context;
    this.#offset = offset;
    this.#backlog = backlog ?? null;
  }

  /** Events in memory: those that wait, and those that are on their way to the disk. */
  get count(): number {
    return this.#waiting + this.#reserved;
  }

  /** Their bytes. */
  get sizeBytes(): number {
    return this.#sizeBytes + this.#reservedBytes;
  }

  get caughtUp(): boolean {
    return this.#waiting === 0 && this.#isReplayed;
  }

  /** What is left of the log of an earlier run is not counted before it has been read. */
  lag(): number | null {
    return this.#isReplayed ? this.#waiting : null;
  }

  get #waiting(): number {
    return this.#events.length - this.#read;
  }

  get #isReplayed(): boolean {
    return this.#replayed.events.length === 0 && (this.#backlog?.done ?? true);
  }

  /** Keeps room for events that come later, or gives it back with {@link release}. */
  reserve(events: readonly Uint8Array[]): void {
    this.#reserved += events.length;
    this.#reservedBytes += bytesOf(events);
  }

  /** Gives back what {@link reserve} has kept. */
  release(events: readonly Uint8Array[]): void {
    this.#reserved -= events.length;
    this.#reservedBytes -= bytesOf(events);
    this.#wake?.();
  }

  /** Keeps the bytes that it is given, which must not change. */
  add(events: readonly Uint8Array[]): void {
    for (const event of events) this.#events.push(event);
    this.#sizeBytes += bytesOf(events);
    this.#wake?.();
  }

  /**
   * What waits is handed over even after the signal: it was promised to those who sent it. A backlog keeps its promise
   * on disk: where the signal comes before its end, the rest is read by the next run, and all behind it.
   */
  async read(): Promise<RecordBlock | null> {
    const { signal } = this.#context;
    while (!this.#isReplayed) {
      if (signal.aborted) return null;
      if (this.#replayed.events.length > 0) return this.#replayedBlock();
      this.#replayed = (await this.#backlog?.read()) ?? { first: 0, events: [] };
    }
    while (this.#waiting === 0 && (this.#reserved > 0 || !signal.aborted)) {
      const added = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await (signal.aborted ? added : unlessAborted(added, signal));
      this.#wake = null;
    }
    return this.#waiting === 0 ? null : this.#block();
  }

  #replayedBlock(): ByteBlock {
    const { first, events } = this.#replayed;
    const count = this.#fitting(events, 0);
    this.#replayed = { first: first + count, events: events.slice(count) };
    return blockOf(events.slice(0, count), first, this.#context.clock.now());
  }

  #block(): ByteBlock {
    const count = this.#fitting(this.#events, this.#read);
    const events = this.#events.slice(this.#read, this.#read + count);
    this.#sizeBytes -= bytesOf(events);
    this.#read += count;
    if (this.#read * 2 >= this.#events.length) {
      this.#events = this.#events.slice(this.#read);
      this.#read = 0;
    }
    const offset = this.#offset;
    this.#offset += count;
    return blockOf(events, offset, this.#context.clock.now());
  }

  /** How many of the events from one on make a block. */
  #fitting(events: readonly Uint8Array[], from: number): number {
    let count = 0;
    let sizeBytes = 0;
    while (count < this.#context.maxBlockRecords && from + count < events.length && sizeBytes < BLOCK_BYTES) {
      sizeBytes += events[from + count]?.length ?? 0;
      count += 1;
    }
    return count;
  }
}

/** Bytes of all of them. */
export function bytesOf(events: readonly Uint8Array[]): number {
  return events.reduce((sum, { length }) => sum + length, 0);
}

function blockOf(events: readonly Uint8Array[], offset: number, receivedAt: number): ByteBlock {
  const count = events.length;
  const starts = new Int32Array(count);
  const ends = new Int32Array(count);
  let at = 0;
  events.forEach((event, index) => {
    starts[index] = at;
    at += event.length;
    ends[index] = at;
  });
  return {
    kind: 'bytes',
    format: { type: 'json' },
    bytes: Buffer.concat(events),
    count,
    starts,
    ends,
    offsets: Float64Array.from(starts, (_, index) => offset + index),
    nextOffset: offset + count,
    receivedAt,
  };
}
