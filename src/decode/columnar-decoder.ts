import { present } from '../errors/assert.ts';
import type { EventBatch } from '../event/event-batch.ts';
import type { KeyDictionary } from '../event/key-dictionary.ts';
import type { ByteBlock } from '../event/record-block.ts';
import type { Instant } from '../time/instant.ts';
import type { DecodeCounters } from './batch-decoder.ts';
import type { DecodePlan, KeySelector } from './decode-plan.ts';
import { FieldStatus, futureFault, keyFault, metricFault, timestampFault, type Fault } from './field-faults.ts';
import { KeyTable } from './key-table.ts';
import { keyTextOfSlot } from './key-text.ts';
import type { PlanFields } from './plan-fields.ts';

const { VALUE, INEXACT_INTEGER, MISSING } = FieldStatus;

/** From bytes straight into columns, for plans of field paths without transforms: no event is made into an object. */
export class ColumnarDecoder {
  readonly #plan: DecodePlan;
  readonly #fields: PlanFields;
  readonly #counters: DecodeCounters;
  readonly #keySelectors: readonly KeySelector[];
  /** Null where there is one group only. */
  readonly #keyTable: KeyTable | null;
  readonly #keys: KeyDictionary;
  readonly #metricSlots: Int32Array;
  readonly #takesEventTime: boolean;
  /** Of the block being decoded: the stamp where event time is not the event's, the latest event time, the one group. */
  #stamp = 0;
  #latest = Infinity;
  #globalId = 0;

  /** `plan` satisfies `isColumnar`. */
  constructor(plan: DecodePlan, keys: KeyDictionary, fields: PlanFields, counters: DecodeCounters) {
    this.#plan = plan;
    this.#fields = fields;
    this.#counters = counters;
    this.#keys = keys;
    this.#keySelectors = typeof plan.key === 'function' ? [] : plan.key;
    const keySlots = this.#keySelectors.map(({ name }, index) => ({
      name,
      slot: present(fields.keySlots[index], `slot of the key field ${name}`),
    }));
    this.#keyTable = keySlots.length === 0 ? null : new KeyTable(keySlots, fields.reader.slots, keys);
    this.#metricSlots = Int32Array.from(fields.metricSlots);
    this.#takesEventTime = plan.time === 'event';
  }

  /** Prepares for the records of a block. */
  begin(block: ByteBlock, now: Instant): void {
    this.#fields.reader.begin(block.format);
    this.#stamp = this.#plan.time === 'ingestion' ? block.receivedAt : now;
    this.#latest = now + this.#plan.maxFutureMs;
    if (this.#keyTable === null) this.#globalId = this.#keys.idOf(null);
  }

  /** Adds the event of record `record` to the batch, or gives its fault and leaves the batch as it was. */
  decode(block: ByteBlock, record: number, batch: EventBatch, now: Instant): Fault | null {
    const { reader, slotReader } = this.#fields;
    if (!reader.read(block, record)) return reader.fault();
    const { bytes } = block;
    const row = batch.count;

    if (this.#takesEventTime) {
      const slot = this.#fields.timestampSlot;
      const status = slotReader.readTimestamp(slot, bytes, batch.timestamps, row);
      if (status !== VALUE) return timestampFault(this.#plan, status, slotReader.describe(slot, bytes));
      const at = batch.timestamps[row]!; // just written
      if (at > this.#latest) return futureFault(this.#plan, at, now);
    } else {
      batch.timestamps[row] = this.#stamp;
    }

    const key = this.#keyTable === null ? this.#globalId : this.#keyTable.idOf(bytes);
    if (key < 0) return this.#keyFault(bytes);

    let missing = 0;
    let inexact = 0;
    for (let metric = 0; metric < this.#metricSlots.length; metric += 1) {
      const column = batch.values[metric]!; // one column per metric
      const status = slotReader.readMetric(this.#metricSlots[metric]!, bytes, column, row); // metric < length
      if (status === VALUE) continue;
      if (status === MISSING) {
        column[row] = Number.NaN;
        missing += 1;
      } else if (status === INEXACT_INTEGER) {
        inexact += 1;
      } else {
        return this.#metricFault(metric, status, bytes);
      }
    }

    batch.keys[row] = key;
    batch.records[row] = record;
    batch.count = row + 1;
    this.#counters.missingValues += missing;
    this.#counters.inexactIntegers += inexact;
    return null;
  }

  #keyFault(bytes: Uint8Array): Fault {
    const { reader, slotReader, keySlots } = this.#fields;
    const index = keySlots.findIndex((slot) => keyTextOfSlot(reader.slots, slot, bytes) === undefined);
    const { name, selector } = present(this.#keySelectors[index], 'key field at fault');
    return keyFault(name, selector, slotReader.describe(present(keySlots[index], 'slot of a key field'), bytes));
  }

  #metricFault(index: number, status: number, bytes: Uint8Array): Fault {
    const { name, selector } = present(this.#plan.metrics[index], 'metric at fault');
    const slot = present(this.#metricSlots[index], 'slot of a metric');
    return metricFault(name, selector, status, this.#fields.slotReader.describe(slot, bytes));
  }
}
