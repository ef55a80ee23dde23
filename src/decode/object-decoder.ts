import { present } from '../errors/assert.ts';
import type { EventBatch } from '../event/event-batch.ts';
import { valueAt } from '../event/field-path.ts';
import { GroupingKey } from '../event/grouping-key.ts';
import type { KeyDictionary } from '../event/key-dictionary.ts';
import type { RecordBlock } from '../event/record-block.ts';
import type { Instant } from '../time/instant.ts';
import type { DecodeCounters } from './batch-decoder.ts';
import type { Columns } from './columns.ts';
import type { DecodePlan, Selector } from './decode-plan.ts';
import { describeThrown, describeValue } from './describe-value.ts';
import { FieldStatus, futureFault, keyFault, metricFault, timestampFault, type Fault } from './field-faults.ts';
import { KeyCache } from './key-cache.ts';
import { keyTextOf } from './key-text.ts';
import type { PlanFields } from './plan-fields.ts';
import { applyTransforms, TransformFault } from './transform-chain.ts';
import { ValueReader } from './value-reader.ts';

const NO_BYTES = new Uint8Array(0);

/** Through JavaScript values: for plans with functions or transforms, and for sources that have objects. */
export class ObjectDecoder {
  readonly #plan: DecodePlan;
  readonly #keys: KeyDictionary;
  readonly #fields: PlanFields;
  readonly #columns: Columns;
  readonly #counters: DecodeCounters;
  readonly #values: ValueReader;
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });
  /** The bytes behind the record at hand. */
  #bytes: Uint8Array = NO_BYTES;
  /** Whether the record at hand is a row of a CSV file, where numbers are text. */
  #isRow = false;
  readonly #keyCache: KeyCache;
  /** Texts of the key fields of the event at hand. */
  readonly #keyTexts: (string | null)[] = [];
  /** The function of the plan being called, should it throw: what it is, and the name it goes by, if any. */
  #step = '';
  #stepName = '';

  constructor(plan: DecodePlan, keys: KeyDictionary, fields: PlanFields, columns: Columns, counters: DecodeCounters) {
    this.#plan = plan;
    this.#keys = keys;
    this.#fields = fields;
    this.#columns = columns;
    this.#counters = counters;
    this.#values = new ValueReader(fields, plan.timestampUnit);
    this.#keyCache = new KeyCache(typeof plan.key === 'function' ? [] : plan.key.map(({ name }) => name), keys);
  }

  /** Prepares for the records of a block. */
  begin(block: RecordBlock): void {
    this.#isRow = block.kind === 'bytes' && block.format.type === 'csv';
    this.#bytes = block.kind === 'bytes' ? block.bytes : NO_BYTES;
    if (block.kind === 'bytes') this.#fields.reader.begin(block.format);
    else this.#fields.reader.slots.clear();
  }

  /** Adds the events of record `record` to the batch, or gives its fault and leaves the batch as it was. */
  decode(block: RecordBlock, record: number, batch: EventBatch, now: Instant): Fault | null {
    if (block.kind === 'bytes' && !this.#fields.reader.read(block, record)) return this.#fields.reader.fault();
    const first = batch.count;
    const { missingValues, inexactIntegers } = this.#counters;
    const fault = this.#addEvents(block, record, batch, now);
    if (fault === null) {
      if (batch.count === first) this.#counters.filtered += 1;
      return null;
    }
    // No half records: what its first events have left goes too.
    batch.count = first;
    batch.data.length = first;
    this.#counters.missingValues = missingValues;
    this.#counters.inexactIntegers = inexactIntegers;
    return fault;
  }

  #addEvents(block: RecordBlock, record: number, batch: EventBatch, now: Instant): Fault | null {
    const value = this.#valueOf(block, record);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return { code: 'not_an_object', message: `expected an object, found ${describeValue(value)}`, path: null };
    }
    try {
      for (const event of applyTransforms(this.#plan.transforms, value)) {
        // Each event to come of the block has a row already, so that only flatMaps make the columns grow.
        this.#columns.reserve(batch.count + block.count - record);
        const fault = this.#addEvent(block, record, event, batch, now);
        if (fault !== null) return fault;
      }
      return null;
    } catch (error) {
      if (error instanceof TransformFault) return error.fault;
      const step = this.#stepName === '' ? this.#step : `${this.#step} "${this.#stepName}"`;
      return { code: 'transform_failed', message: `${step} threw: ${describeThrown(error)}`, path: null };
    }
  }

  /** The record as a value. Its bytes have been found sound, so that JSON.parse has nothing to complain of. */
  #valueOf(block: RecordBlock, record: number): unknown {
    if (block.kind === 'objects') return block.objects[record];
    if (this.#isRow) return this.#fields.reader.rowObject(block.bytes);
    const bytes = block.bytes.subarray(block.starts[record], block.ends[record]);
    return JSON.parse(this.#decoder.decode(bytes)) as unknown;
  }

  #addEvent(block: RecordBlock, record: number, event: unknown, batch: EventBatch, now: Instant): Fault | null {
    const row = batch.count;
    const fault =
      this.#addTimestamp(block, event, batch, now) ?? this.#addKey(event, batch) ?? this.#addMetrics(event, batch);
    if (fault !== null) return fault;
    batch.records[row] = record;
    batch.data[row] = event;
    batch.count = row + 1;
    return null;
  }

  #addTimestamp(block: RecordBlock, event: unknown, batch: EventBatch, now: Instant): Fault | null {
    const plan = this.#plan;
    const row = batch.count;
    if (plan.time !== 'event') {
      batch.timestamps[row] = plan.time === 'ingestion' ? block.receivedAt : now;
      return null;
    }
    this.#step = 'the timestamp selector';
    this.#stepName = '';
    const value = this.#select(plan.timestamp, event);
    const slot = this.#fields.timestampSlot;
    const status = this.#values.readTimestamp(value, slot, this.#bytes, this.#isRow, batch.timestamps, row);
    if (status !== FieldStatus.VALUE) {
      return timestampFault(plan, status, this.#values.describe(value, slot, this.#bytes));
    }
    const at = present(batch.timestamps[row], 'timestamp just read');
    return at > now + plan.maxFutureMs ? futureFault(plan, at, now) : null;
  }

  #addKey(event: unknown, batch: EventBatch): Fault | null {
    const { key: selectors } = this.#plan;
    if (typeof selectors === 'function') {
      this.#step = 'the key function';
      this.#stepName = '';
      const key = selectors(event as never);
      if (key !== null && !(key instanceof GroupingKey)) {
        const message = `the key function must return a GroupingKey or null, found ${describeValue(key)}`;
        return { code: 'invalid_key', message, path: null };
      }
      batch.keys[batch.count] = this.#keys.idOf(key);
      return null;
    }
    const texts = this.#keyTexts;
    this.#step = 'the selector of the key field';
    for (let index = 0; index < selectors.length; index += 1) {
      const { name, selector } = present(selectors[index], 'key field');
      this.#stepName = name;
      const value = this.#select(selector, event);
      const text = keyTextOf(value);
      if (text === undefined) {
        const slot = present(this.#fields.keySlots[index], 'slot of a key field');
        return keyFault(name, selector, this.#values.describe(value, slot, this.#bytes));
      }
      texts[index] = text;
    }
    batch.keys[batch.count] = this.#keyCache.idOf(texts);
    return null;
  }

  #addMetrics(event: unknown, batch: EventBatch): Fault | null {
    const row = batch.count;
    const { metrics } = this.#plan;
    this.#step = 'the selector of the metric';
    for (let index = 0; index < metrics.length; index += 1) {
      const { name, selector } = present(metrics[index], 'metric');
      this.#stepName = name;
      const value = this.#select(selector, event);
      const slot = present(this.#fields.metricSlots[index], 'slot of a metric');
      const column = present(batch.values[index], 'column of a metric');
      const status = this.#values.readMetric(value, slot, this.#bytes, this.#isRow, column, row);
      if (status === FieldStatus.MISSING) {
        column[row] = Number.NaN;
        this.#counters.missingValues += 1;
      } else if (status === FieldStatus.INEXACT_INTEGER) {
        this.#counters.inexactIntegers += 1;
      } else if (status !== FieldStatus.VALUE) {
        return metricFault(name, selector, status, this.#values.describe(value, slot, this.#bytes));
      }
    }
    return null;
  }

  /** What a selector gives. In a CSV row a column whose name is the whole path comes first. */
  #select(selector: Selector, event: unknown): unknown {
    if (selector.type === 'function') return selector.select(event as never);
    const { path, text } = selector;
    const isColumn = this.#isRow && typeof event === 'object' && event !== null && Object.hasOwn(event, text);
    return isColumn ? (event as Record<string, unknown>)[text] : valueAt(event, path);
  }
}
