import { ByteWriter } from '../aggregations/accumulator-bytes.ts';
import type { EventColumns } from '../event/event-batch.ts';
import type { KeyDictionary } from '../event/key-dictionary.ts';
import type { Instant } from '../time/instant.ts';
import { encodeText } from '../state/text-encoding.ts';
import { writeFloats, writeNear, writeRuns } from './journal-columns.ts';

/** Version of the form of {@link Journal.take}'s bytes. */
export const JOURNAL_FORMAT = 1;

/** What a record of a journal begins with. */
export const JournalStep = { begin: 0, advance: 1, key: 2, batch: 3, fired: 4 } as const;

/**
 * What has gone into an engine since its windows were last stored, as bytes: batches, watermarks and the clock. Done again
 * on what was stored then (see {@link JournalReader}), it gives the same windows and the same panes. So an epoch can be kept
 * by what it has read, at the cost of copying a few columns, and windows that each of many epochs changes are stored once
 * for all of them.
 *
 * Columns are copied as they lie in memory, so a journal is for machines of the same byte order.
 */
export class Journal {
  readonly #keys: KeyDictionary;
  readonly #mostBytes: number;
  #writer = new ByteWriter(1 << 16);
  /** Holds the part that was taken last. */
  #taken = new ByteWriter(1 << 16);
  /** By key id: the journal that last told its text. */
  #told = new Uint32Array(1024);
  #journal = 0;
  #generation = -1;
  /** Of the parts that were taken since the windows were last stored. */
  #takenBytes = 0;
  /** False until windows are stored, and where more was to be written than a journal may hold. */
  #isWhole = false;
  #now: Instant = 0;
  #watermark: Instant = -Infinity;

  /** `mostBytes`: how long it may become until the windows are stored again; where it would be longer, there is none. */
  constructor(keys: KeyDictionary, mostBytes: number) {
    this.#keys = keys;
    this.#mostBytes = mostBytes;
  }

  /** All windows are stored as they are now, under the watermark last told: what follows is relative to that. */
  begin(): void {
    this.#takenBytes = 0;
    this.#journal += 1;
    this.#isWhole = true;
    this.#beginPart();
    this.#writeAdvance(JournalStep.begin);
  }

  /** A batch was ingested at `now`, and the watermark moved to, or stayed at, `watermark`. */
  ingested(batch: EventColumns, now: Instant, watermark: Instant): void {
    const { count } = batch;
    if (count === 0) {
      this.ticked(now);
      this.advanced(watermark);
      return;
    }
    this.#now = now;
    this.#watermark = watermark;
    if (!this.#isWhole) return;
    this.#tellKeys(batch);
    const writer = this.#writer;
    writer.byte(JournalStep.batch);
    writer.float(now);
    writer.float(watermark);
    writer.whole(count);
    writer.whole(batch.values.length);
    writeNear(writer, batch.keys, count);
    writeNear(writer, batch.timestamps, count);
    for (const column of batch.values) writeFloats(writer, column, count);
    writeRuns(writer, batch.watermarks, count);
    this.#isWhole = this.#takenBytes + writer.length <= this.#mostBytes;
  }

  /** The watermark has moved on without a batch. */
  advanced(watermark: Instant): void {
    if (this.#watermark === watermark) return;
    this.#watermark = watermark;
    if (this.#isWhole) this.#writeAdvance();
  }

  /** The clock has moved on without a batch. */
  ticked(now: Instant): void {
    if (this.#now === now) return;
    this.#now = now;
    if (this.#isWhole) this.#writeAdvance();
  }

  /** So many panes were taken, and handed on with the time `now`. */
  fired(count: number, now: Instant): void {
    if (!this.#isWhole || count === 0) return;
    this.#writer.byte(JournalStep.fired);
    this.#writer.whole(count);
    this.#writer.float(now);
  }

  /**
   * What was written since the last call; null if there is no journal from when the windows were stored. Its memory is
   * used again: it is valid until the next part or delta is taken.
   */
  take(): Uint8Array | null {
    if (!this.#isWhole) return null;
    const part = this.#writer.written;
    this.#takenBytes += part.length;
    [this.#writer, this.#taken] = [this.#taken, this.#writer];
    this.#beginPart();
    return part;
  }

  #beginPart(): void {
    this.#writer.clear();
    this.#writer.byte(JOURNAL_FORMAT);
  }

  #writeAdvance(step: number = JournalStep.advance): void {
    this.#writer.byte(step);
    this.#writer.float(this.#now);
    this.#writer.float(this.#watermark);
  }

  /** Tells the texts of a batch's keys that this journal has not told yet. */
  #tellKeys({ keys, count }: EventColumns): void {
    // Ids that were dropped are given to other keys.
    if (this.#generation !== this.#keys.generation) this.#journal += 1;
    this.#generation = this.#keys.generation;
    for (let i = 0; i < count; i += 1) {
      const id = keys[i] ?? 0;
      if (id >= this.#told.length) this.#grow(id);
      if (this.#told[id] === this.#journal) continue;
      this.#told[id] = this.#journal;
      const text = encodeText(this.#keys.keyOf(id)?.toString() ?? '');
      this.#writer.byte(JournalStep.key);
      this.#writer.whole(id);
      this.#writer.whole(text.length);
      this.#writer.raw(text);
    }
  }

  #grow(id: number): void {
    const told = new Uint32Array(Math.max(id + 1, 2 * this.#told.length));
    told.set(this.#told);
    this.#told = told;
  }
}
