import { instantOfNumber, type TimestampUnit } from '../time/timestamp.ts';
import { describeNumberText, describeValue } from './describe-value.ts';
import { FieldStatus } from './field-faults.ts';
import { FieldKind, FieldSlots } from './field-slots.ts';
import { parseNumber } from './number-parser.ts';
import { NO_SLOT, type PlanFields } from './plan-fields.ts';
import { SlotReader } from './slot-reader.ts';

const encoder = new TextEncoder();

/**
 * Reads timestamps and metrics from JavaScript values by the same rules, and with the same code, as from bytes. A
 * number that stands unchanged in the record is read from its digits there, since `JSON.parse` may have rounded it.
 */
export class ValueReader {
  readonly #fields: PlanFields;
  readonly #unit: TimestampUnit;
  /** One value written out as bytes, for the reader of slots. */
  readonly #written = new FieldSlots(1);
  readonly #writtenReader: SlotReader;
  readonly #double = new Float64Array(1);

  constructor(fields: PlanFields, unit: TimestampUnit) {
    this.#fields = fields;
    this.#unit = unit;
    this.#writtenReader = new SlotReader(this.#written, unit);
  }

  /** `slot` is where the value came from in `bytes`, or {@link NO_SLOT}; `isCell`: text may be meant as a number. */
  readTimestamp(
    value: unknown,
    slot: number,
    bytes: Uint8Array,
    isCell: boolean,
    into: Float64Array,
    at: number,
  ): number {
    if (value === null || value === undefined) return FieldStatus.MISSING;
    if (typeof value === 'string') {
      const text = this.#write(value, isCell);
      return this.#writtenReader.readTimestamp(0, text, into, at);
    }
    if (typeof value === 'number' && this.#isNumberOf(value, slot, bytes)) {
      return this.#fields.slotReader.readTimestamp(slot, bytes, into, at);
    }
    const instant = instantOfValue(value, this.#unit);
    if (instant === undefined) return FieldStatus.INVALID;
    into[at] = instant;
    return FieldStatus.VALUE;
  }

  /** As {@link ValueReader.readTimestamp}, for a metric. */
  readMetric(value: unknown, slot: number, bytes: Uint8Array, isCell: boolean, into: Float64Array, at: number): number {
    if (value === null || value === undefined) return FieldStatus.MISSING;
    if (typeof value === 'string' && isCell) {
      return this.#writtenReader.readMetric(0, this.#write(value, true), into, at);
    }
    if (typeof value !== 'number') return FieldStatus.INVALID;
    // Up to 2^53 there is nothing that the digits could add.
    if (Math.abs(value) > Number.MAX_SAFE_INTEGER && this.#isNumberOf(value, slot, bytes)) {
      return this.#fields.slotReader.readMetric(slot, bytes, into, at);
    }
    if (!Number.isFinite(value)) return FieldStatus.NOT_FINITE;
    into[at] = value;
    return FieldStatus.VALUE;
  }

  /** The value as messages name it: a number as it stood in the record, if it does. */
  describe(value: unknown, slot: number, bytes: Uint8Array): string {
    return typeof value === 'number' && this.#isNumberOf(value, slot, bytes)
      ? describeNumberText(this.#fields.reader.slots.rawText(slot, bytes))
      : describeValue(value);
  }

  #write(text: string, isCell: boolean): Uint8Array {
    const bytes = encoder.encode(text);
    this.#written.set(0, isCell ? FieldKind.CELL : FieldKind.STRING, 0, bytes.length);
    return bytes;
  }

  /** True if the slot holds this very number. */
  #isNumberOf(value: number, slot: number, bytes: Uint8Array): boolean {
    const { slots } = this.#fields.reader;
    if (slot === NO_SLOT || slots.kindOf(slot) !== FieldKind.NUMBER) return false;
    parseNumber(bytes, slots.starts[slot]!, slots.ends[slot]!, this.#double, 0); // a slot of these slots
    return this.#double[0] === value;
  }
}

function instantOfValue(value: unknown, unit: TimestampUnit): number | undefined {
  if (typeof value === 'number') return instantOfNumber(value, unit);
  return value instanceof Date ? instantOfNumber(value.getTime(), 'ms') : undefined;
}
