import type { ByteBlock, RecordBlock } from '../../event/record-block.ts';
import type { Millis } from '../../time/instant.ts';
import type { SourceContext, SourcePartition } from '../event-source.ts';
import type { DemoTraffic } from './demo-traffic.ts';

/** How often due events are handed over. */
const TICK_MS: Millis = 25;
/** About 200 KiB of events. */
const MAX_BLOCK_RECORDS = 800;

/** Every `of`-th event of the traffic, from `index` on, below `total`. */
export interface DemoPart {
  readonly index: number;
  readonly of: number;
  readonly total: number;
}

/** A share of the demo's traffic. Offsets are numbers of events in the whole of it. */
export class DemoPartition implements SourcePartition {
  readonly id: string;
  readonly #traffic: DemoTraffic;
  readonly #part: DemoPart;
  readonly #paced: boolean;
  readonly #token: string;
  readonly #context: SourceContext;
  #next: number;
  #waiting = false;
  /** What the clock's monotonic reading stood at when the traffic began, had it run all along. */
  readonly #startedAt: Millis;

  constructor(
    traffic: DemoTraffic,
    part: DemoPart,
    { paced, token }: { readonly paced: boolean; readonly token: string },
    context: SourceContext,
  ) {
    this.id = `demo-${String(part.index)}`;
    this.#traffic = traffic;
    this.#part = part;
    this.#paced = paced;
    this.#token = token;
    this.#context = context;
    this.#next = context.positions.get(this.id)?.offset ?? part.index;
    this.#startedAt = context.clock.monotonic() - traffic.arrivalMs(this.#next);
  }

  get caughtUp(): boolean {
    return this.#waiting;
  }

  async read(): Promise<RecordBlock | null> {
    const { clock, signal } = this.#context;
    while (!signal.aborted && this.#next < this.#part.total) {
      const lines = this.#dueLines();
      if (lines.length > 0) return this.#block(lines);
      const due = this.#startedAt + this.#traffic.arrivalMs(this.#next);
      this.#waiting = true;
      await clock.sleep(Math.max(TICK_MS, Math.ceil(due - clock.monotonic())), signal);
      this.#waiting = false;
    }
    return null;
  }

  #dueLines(): string[] {
    const { of, total } = this.#part;
    const limit = Math.min(this.#context.maxBlockRecords, MAX_BLOCK_RECORDS);
    const elapsed = this.#paced ? this.#context.clock.monotonic() - this.#startedAt : Infinity;
    const lines: string[] = [];
    for (let k = this.#next; k < total && lines.length < limit; k += of) {
      if (this.#traffic.arrivalMs(k) > elapsed) break;
      lines.push(this.#traffic.line(k));
    }
    return lines;
  }

  #block(lines: readonly string[]): ByteBlock {
    const count = lines.length;
    const starts = new Int32Array(count);
    const ends = new Int32Array(count);
    const offsets = new Float64Array(count);
    let at = 0;
    lines.forEach((line, index) => {
      starts[index] = at;
      // All of it is ASCII: as many bytes as characters.
      ends[index] = at + line.length;
      offsets[index] = this.#next + index * this.#part.of;
      at += line.length + 1;
    });
    this.#next += count * this.#part.of;
    return {
      kind: 'bytes',
      format: { type: 'json' },
      bytes: Buffer.from(lines.join('\n'), 'latin1'),
      count,
      starts,
      ends,
      offsets,
      nextOffset: this.#next,
      receivedAt: this.#context.clock.now(),
      token: this.#token,
    };
  }
}
