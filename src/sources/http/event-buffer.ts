import type { ByteBlock, RecordBlock } from '../../event/record-block.ts';
import { unlessAborted } from '../abortable.ts';
import type { SourceContext, SourcePartition } from '../event-source.ts';

/** A block is closed once its events have this many bytes. */
const BLOCK_BYTES = 262_144;

/** Events that were taken and wait to be read: the partition of an HTTP source. Whoever adds keeps it within bounds. */
export class EventBuffer implements SourcePartition {
  readonly id = 'http';
  readonly #context: SourceContext;
  #events: Uint8Array[] = [];
  /** Events of `#events` that have been read. */
  #read = 0;
  #sizeBytes = 0;
  #offset: number;
  #wake: (() => void) | null = null;

  constructor(context: SourceContext) {
    this.#context = context;
    this.#offset = context.positions.get(this.id)?.offset ?? 0;
  }

  /** Events that wait. */
  get count(): number {
    return this.#events.length - this.#read;
  }

  /** Their bytes. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get caughtUp(): boolean {
    return this.count === 0;
  }

  /** Takes copies: of a large request with one good event, only that is to stay in memory. */
  add(events: readonly Uint8Array[]): void {
    for (const event of events) {
      this.#events.push(Buffer.from(event));
      this.#sizeBytes += event.length;
    }
    this.#wake?.();
  }

  /** What waits is handed over even after the signal: it was promised to those who sent it. */
  async read(): Promise<RecordBlock | null> {
    const { signal } = this.#context;
    while (this.count === 0 && !signal.aborted) {
      const added = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await unlessAborted(added, signal);
      this.#wake = null;
    }
    return this.count === 0 ? null : this.#block();
  }

  #block(): ByteBlock {
    const events: Uint8Array[] = [];
    let sizeBytes = 0;
    while (
      events.length < this.#context.maxBlockRecords &&
      this.#read < this.#events.length &&
      sizeBytes < BLOCK_BYTES
    ) {
      const event = this.#events[this.#read] ?? new Uint8Array();
      events.push(event);
      sizeBytes += event.length;
      this.#read += 1;
    }
    this.#sizeBytes -= sizeBytes;
    if (this.#read * 2 >= this.#events.length) {
      this.#events = this.#events.slice(this.#read);
      this.#read = 0;
    }
    const offset = this.#offset;
    this.#offset += events.length;
    return blockOf(events, offset, this.#context.clock.now());
  }
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
