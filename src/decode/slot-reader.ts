import { readDecimalInstant } from '../time/decimal-instant.ts';
import { readRfc3339 } from '../time/rfc3339.ts';
import { decimalShiftOf, instantOfText, type TimestampUnit } from '../time/timestamp.ts';
import { describeNumberText, describeValue } from './describe-value.ts';
import { FieldStatus } from './field-faults.ts';
import { FieldKind, type FieldSlots } from './field-slots.ts';
import { isDecimal, NumberStatus, parseNumber } from './number-parser.ts';

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
      case FieldKind.STRING:
        return readRfc3339(bytes, start, end, into, at) ? FieldStatus.VALUE : FieldStatus.INVALID;
      case FieldKind.NUMBER:
        return this.#readDecimal(bytes, start, end, into, at);
      case FieldKind.ABSENT:
      case FieldKind.NULL:
        return FieldStatus.MISSING;
      case FieldKind.CELL:
        return this.#readCellTimestamp(bytes, start, end, into, at);
      case FieldKind.ESCAPED: {
        const instant = instantOfText(this.#slots.valueOf(slot, bytes) as string); // an escaped text is text
        if (instant === undefined) return FieldStatus.INVALID;
        into[at] = instant;
        return FieldStatus.VALUE;
      }
      default:
        return FieldStatus.INVALID;
    }
  }

  readMetric(slot: number, bytes: Uint8Array, into: Float64Array, at: number): number {
    const start = this.#slots.starts[slot]!; // a slot of these slots, always
    const end = this.#slots.ends[slot]!; // likewise
    switch (this.#slots.kinds[slot]) {
      case FieldKind.NUMBER:
        return statusOf(parseNumber(bytes, start, end, into, at));
      case FieldKind.ABSENT:
      case FieldKind.NULL:
        return FieldStatus.MISSING;
      case FieldKind.CELL:
        return this.#readCellMetric(slot, bytes, into, at);
      default:
        return FieldStatus.INVALID;
    }
  }

  /** What stands in a slot, as messages name it. */
  describe(slot: number, bytes: Uint8Array): string {
    return this.#slots.kindOf(slot) === FieldKind.NUMBER
      ? describeNumberText(this.#slots.rawText(slot, bytes))
      : describeValue(this.#slots.valueOf(slot, bytes));
  }

  #readDecimal(bytes: Uint8Array, start: number, end: number, into: Float64Array, at: number): number {
    const isInRange = readDecimalInstant(bytes, start, end, this.#shift, into, at);
    return isInRange ? FieldStatus.VALUE : FieldStatus.INVALID;
  }

  #readCellTimestamp(bytes: Uint8Array, cellStart: number, cellEnd: number, into: Float64Array, at: number): number {
    const start = trimmedStart(bytes, cellStart, cellEnd);
    const end = trimmedEnd(bytes, start, cellEnd);
    if (start === end) return FieldStatus.MISSING;
    if (isDecimal(bytes, start, end)) return this.#readDecimal(bytes, start, end, into, at);
    return readRfc3339(bytes, start, end, into, at) ? FieldStatus.VALUE : FieldStatus.INVALID;
  }

  #readCellMetric(slot: number, bytes: Uint8Array, into: Float64Array, at: number): number {
    const start = trimmedStart(bytes, this.#slots.starts[slot]!, this.#slots.ends[slot]!); // as above
    const end = trimmedEnd(bytes, start, this.#slots.ends[slot]!); // as above
    if (start === end) return FieldStatus.MISSING;
    if (isDecimal(bytes, start, end)) return statusOf(parseNumber(bytes, start, end, into, at));
    const isNamed = NOT_FINITE_NAME.test(this.#slots.rawText(slot, bytes).trim());
    return isNamed ? FieldStatus.NOT_FINITE : FieldStatus.INVALID;
  }
}

function statusOf(status: number): number {
  if (status === NumberStatus.EXACT) return FieldStatus.VALUE;
  return status === NumberStatus.NOT_FINITE ? FieldStatus.NOT_FINITE : FieldStatus.INEXACT_INTEGER;
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
