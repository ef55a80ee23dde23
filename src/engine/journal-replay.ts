import { ByteReader } from '../aggregations/accumulator-bytes.ts';
import type { EventColumns } from '../event/event-batch.ts';
import { GroupingKey } from '../event/grouping-key.ts';
import type { KeyDictionary } from '../event/key-dictionary.ts';
import type { Instant } from '../time/instant.ts';
import { decodeText } from '../state/text-encoding.ts';
import { readFloats, readNear, readRuns } from './journal-columns.ts';
import { JOURNAL_FORMAT, JournalStep } from './journal.ts';

/** Something that went into an engine. Before a batch all that was due had been taken. */
export interface InputStep {
  readonly type: 'input';
  /** Events to be ingested; null where only clock and watermark moved on. */
  readonly batch: EventColumns | null;
  /** The clock's time of it. */
  readonly now: Instant;
  /** The watermark after it. */
  readonly watermark: Instant;
}

/** So many panes were taken, and handed on with a time of their own. */
export interface FiredStep {
  readonly type: 'fired';
  readonly count: number;
  readonly now: Instant;
}

/** What a journal tells, one after another. */
export type JournalEntry = InputStep | FiredStep;

/** Reads the parts of a {@link Journal}, in their order: its keys are told once. */
export class JournalReader {
  readonly #keys: KeyDictionary;
  /** By id in the journal: the id in the dictionary. */
  readonly #ids = new Map<number, number>();
  #hasBegun = false;

  /** `keys`: the dictionary of the engine that is to take the steps. */
  constructor(keys: KeyDictionary) {
    this.#keys = keys;
  }

  /** What a part tells, the next step read when one has been done. @throws ProcessorError STATE_CORRUPT. */
  *steps(part: Uint8Array): Generator<JournalEntry, void, undefined> {
    const reader: ByteReader = new ByteReader(part);
    reader.expect(reader.byte() === JOURNAL_FORMAT, 'a journal of another version');
    while (reader.left > 0) {
      const step = reader.byte();
      reader.expect(this.#hasBegun === (step !== JournalStep.begin), 'a journal without its beginning');
      this.#hasBegun = true;
      if (step === JournalStep.key) this.#readKey(reader);
      else if (step === JournalStep.begin || step === JournalStep.advance) {
        yield { type: 'input', batch: null, now: reader.float(), watermark: reader.float() };
      } else if (step === JournalStep.fired) yield { type: 'fired', count: reader.whole(), now: reader.float() };
      else {
        reader.expect(step === JournalStep.batch, 'an unknown step of a journal');
        yield { type: 'input', now: reader.float(), watermark: reader.float(), batch: this.#readBatch(reader) };
      }
    }
  }

  #readKey(reader: ByteReader): void {
    const id = reader.whole();
    const text = decodeText(reader.raw(reader.whole()));
    this.#ids.set(id, this.#keys.idOf(text === '' ? null : GroupingKey.parse(text)));
  }

  #readBatch(reader: ByteReader): EventColumns {
    const count = reader.whole();
    const metrics = reader.whole();
    const keys = Int32Array.from(readNear(reader, count), (id) => {
      const known = this.#ids.get(id);
      reader.expect(known !== undefined, 'a key that was never told');
      return known;
    });
    const timestamps = readNear(reader, count);
    const values: Float64Array[] = [];
    for (let metric = 0; metric < metrics; metric += 1) values.push(readFloats(reader, count));
    const watermarks = readRuns(reader, count);
    // State that is kept by partition has no journal.
    return { count, partition: 0, timestamps, watermarks, keys, values };
  }
}
