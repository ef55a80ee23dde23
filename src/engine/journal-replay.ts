import { ByteReader } from '../aggregations/accumulator-bytes.ts';
import type { EventColumns } from '../event/event-batch.ts';
import { GroupingKey } from '../event/grouping-key.ts';
import type { KeyDictionary } from '../event/key-dictionary.ts';
import type { Instant } from '../time/instant.ts';
import { decodeText } from '../state/text-encoding.ts';
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
    const keys = new Int32Array(columnOf(reader, 4 * count)).map((id) => {
      const known = this.#ids.get(id);
      reader.expect(known !== undefined, 'a key that was never told');
      return known;
    });
    const timestamps = new Float64Array(columnOf(reader, 8 * count));
    const values: Float64Array[] = [];
    for (let metric = 0; metric < metrics; metric += 1) values.push(new Float64Array(columnOf(reader, 8 * count)));
    const watermarks = readRuns(reader, count);
    return { count, timestamps, watermarks, keys, values };
  }
}

/** Bytes of a column, with memory of their own: those of a part need not lie where a column may begin. */
function columnOf(reader: ByteReader, sizeBytes: number): ArrayBuffer {
  const { buffer } = new Uint8Array(reader.raw(sizeBytes));
  return buffer;
}

function readRuns(reader: ByteReader, count: number): Float64Array {
  const column = new Float64Array(count);
  for (let from = 0; from < count;) {
    const to = from + reader.whole();
    reader.expect(to > from && to <= count, 'a column of another length');
    column.fill(reader.float(), from, to);
    from = to;
  }
  return column;
}
