import { readDecimalInstant } from '../time/decimal-instant.ts';
import { readRfc3339 } from '../time/rfc3339.ts';
import { decimalShiftOf, instantOfText, type TimestampUnit } from '../time/timestamp.ts';
import { describeNumberText, describeValue } from './describe-value.ts';
import { FieldStatus } from './field-faults.ts';
import { FieldKind, type FieldSlots } from './field-slots.ts';
import { isDecimal, NumberStatus, parseNumber } from './number-parser.ts';

const { ABSENT, NULL, NUMBER, STRING, ESCAPED, CELL } = FieldKind;
const { VALUE, INEXACT_INTEGER, MISSING, INVALID, NOT_FINITE } = FieldStatus;
/** What {@link parseNumber} gives, as a status of the field. */
const STATUS_OF_NUMBER = new Uint8Array(3);
STATUS_OF_NUMBER[NumberStatus.EXACT] = VALUE;
STATUS_OF_NUMBER[NumberStatus.INEXACT_INTEGER] = INEXACT_INTEGER;
STATUS_OF_NUMBER[NumberStatus.NOT_FINITE] = NOT_FINITE;

/** Not the number's own text but a name of it: NaN and the infinities, as programs print them. */
const NOT_FINITE_NAME = /^[-+]?(?:nan|inf|infinity)$/i;

/** Reads timestamps and metrics from slots into columns, from the bytes alone. Each method gives a {@link FieldStatus}. */
export class SlotReader {
  readonly #slots: FieldSlots;
  readonly #shift: number;

  constructor(slots: FieldSlots, unit: TimestampUnit) {
    this.#slots = slots;
    this.#shift = decimalShiftOf(unit);
  }

  readTimestamp(slot: number, bytes: Uint8Array, into: Float64Array, at: number): number {
    const start = this.#slots.starts[slot]!; // a slot of these slots, always
    const end = this.#slots.ends[slot]!; // likewise
    switch (this.#slots.kinds[slot]) {
      case STRING:
        return readRfc3339(bytes, start, end, into, at) ? VALUE : INVALID;
      case NUMBER:
        return this.#readDecimal(bytes, start, end, into, at);
      case ABSENT:
      case NULL:
        return MISSING;
      case CELL:
        return this.#readCellTimestamp(bytes, start, end, into, at);
      case ESCAPED: {
        const instant = instantOfText(this.#slots.valueOf(slot, bytes) as string); // an escaped text is text
        if (instant === undefined) return INVALID;
        into[at] = instant;
        return VALUE;
      }
      default:
        return INVALID;
    }
  }

  readMetric(slot: number, bytes: Uint8Array, into: Float64Array, at: number): number {
    const start = this.#slots.starts[slot]!; // a slot of these slots, always
    const end = this.#slots.ends[slot]!; // likewise
    switch (this.#slots.kinds[slot]) {
      case NUMBER:
        return STATUS_OF_NUMBER[parseNumber(bytes, start, end, into, at)]!; // one of three
      case ABSENT:
      case NULL:
        return MISSING;
      case CELL:
        return this.#readCellMetric(slot, bytes, into, at);
      default:
        return INVALID;
    }
  }

  /** What stands in a slot, as messages name it. */
  describe(slot: number, bytes: Uint8Array): string {
    return this.#slots.kindOf(slot) === NUMBER
      ? describeNumberText(this.#slots.rawText(slot, bytes))
      : describeValue(this.#slots.valueOf(slot, bytes));
  }

  #readDecimal(bytes: Uint8Array, start: number, end: number, into: Float64Array, at: number): number {
    const isInRange = readDecimalInstant(bytes, start, end, this.#shift, into, at);
    return isInRange ? VALUE : INVALID;
  }

  #readCellTimestamp(bytes: Uint8Array, cellStart: number, cellEnd: number, into: Float64Array, at: number): number {
    const start = trimmedStart(bytes, cellStart, cellEnd);
    const end = trimmedEnd(bytes, start, cellEnd);
    if (start === end) return MISSING;
    if (isDecimal(bytes, start, end)) return this.#readDecimal(bytes, start, end, into, at);
    return readRfc3339(bytes, start, end, into, at) ? VALUE : INVALID;
  }

  #readCellMetric(slot: number, bytes: Uint8Array, into: Float64Array, at: number): number {
    const start = trimmedStart(bytes, this.#slots.starts[slot]!, this.#slots.ends[slot]!); // as above
    const end = trimmedEnd(bytes, start, this.#slots.ends[slot]!); // as above
    if (start === end) return MISSING;
    if (isDecimal(bytes, start, end)) return STATUS_OF_NUMBER[parseNumber(bytes, start, end, into, at)]!; // one of three
    const isNamed = NOT_FINITE_NAME.test(this.#slots.rawText(slot, bytes).trim());
    return isNamed ? NOT_FINITE : INVALID;
  }
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09;
}

function trimmedStart(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && isBlank(bytes[at])) at += 1;
  return at;
}

function trimmedEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = end;
  while (at > start && isBlank(bytes[at - 1])) at -= 1;
  return at;
}
