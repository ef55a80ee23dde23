import { isSampled, parseTraceContext, type TraceContext } from '../../telemetry/trace-context.ts';
import type { RecordColumns } from './record-columns.ts';

const TRACEPARENT = Buffer.from('traceparent');
const TRACESTATE = Buffer.from('tracestate');
/** Of version 00; later ones are longer. The last digit says whether the trace is recorded. */
const TRACEPARENT_BYTES = 55;
/** Longer headers are passed over. Of a `tracestate` 512 characters are what all must pass on. */
const MAX_BYTES = 512;
const TRACESTATE_TEXT = /^[\t -~]*$/;
/** Set in small letters, and not in capital ones. */
const SMALL = 0x20;

/**
 * The traces that records came with, by index: those that are to be recorded. Undefined where there are none.
 *
 * Their headers are `traceparent` and `tracestate`, in letters of any case; the last of a name counts, as whoever hands a
 * record on adds its own behind what was there. Headers that are broken are no reason to refuse a record: it has no trace then.
 */
export function recordedTraces(
  columns: RecordColumns,
  bytes: Uint8Array,
): ReadonlyMap<number, TraceContext> | undefined {
  const { starts, ends, cut, count } = columns;
  const walk = new HeaderWalk(bytes);
  let traces: Map<number, TraceContext> | undefined;
  for (let index = 0; index < count; index += 1) {
    const at = cut?.get(index) ?? ends[index] ?? 0;
    if (bytes[at] === 0) continue;
    // Before the value of the next record, at the latest.
    const context = walk.contextAt(at, index + 1 < count ? (starts[index + 1] ?? 0) : bytes.length);
    if (context === undefined) continue;
    traces ??= new Map();
    traces.set(index, context);
  }
  return traces;
}

/** Goes over the headers of one record after the other. Nothing is made of them before it is known to be wanted. */
class HeaderWalk {
  readonly #bytes: Uint8Array;
  #at = 0;
  #end = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The context that the headers at `[at, end)` name, if it is to be recorded. */
  contextAt(at: number, end: number): TraceContext | undefined {
    this.#at = at;
    this.#end = end;
    let parentAt = 0;
    let parentLength = 0;
    let stateAt = 0;
    let stateLength = 0;
    for (let left = this.#varint(); left > 0; left -= 1) {
      const nameLength = this.#varint();
      const nameAt = this.#pass(nameLength);
      const length = this.#varint();
      const valueAt = this.#pass(length);
      if (nameLength < 0 || this.#at > end) return undefined;
      if (this.#isName(nameAt, nameLength, TRACEPARENT)) {
        parentAt = valueAt;
        parentLength = length;
      } else if (this.#isName(nameAt, nameLength, TRACESTATE)) {
        stateAt = valueAt;
        stateLength = length;
      }
    }
    if (!this.#mayBeSampled(parentAt, parentLength)) return undefined;
    const state = this.#text(stateAt, stateLength) ?? '';
    const context = parseTraceContext(this.#text(parentAt, parentLength), TRACESTATE_TEXT.test(state) ? state : '');
    return context !== undefined && isSampled(context) ? context : undefined;
  }

  #varint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#bytes[this.#at++] ?? 0;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    return (value >>> 1) ^ -(value & 1);
  }

  /** @returns where it was. */
  #pass(length: number): number {
    const at = this.#at;
    if (length > 0) this.#at = Math.min(at + length, this.#end + 1);
    return at;
  }

  #isName(at: number, length: number, name: Uint8Array): boolean {
    if (length !== name.length) return false;
    // Names have small letters only, so a byte that is one with the bit set is one of either case.
    for (let i = 0; i < length; i += 1) if (((this.#bytes[at + i] ?? 0) | SMALL) !== name[i]) return false;
    return true;
  }

  /** False for most that are not: the last digit of the flags is even then. */
  #mayBeSampled(at: number, length: number): boolean {
    if (length < TRACEPARENT_BYTES) return false;
    const digit = this.#bytes[at + TRACEPARENT_BYTES - 1] ?? 0;
    // 0 to 9 are odd where their codes are; a to f where they are not.
    return digit < SMALL * 2 ? (digit & 1) === 1 : (digit & 1) === 0;
  }

  #text(at: number, length: number): string | undefined {
    if (length <= 0 || length > MAX_BYTES) return undefined;
    const { buffer, byteOffset } = this.#bytes;
    return Buffer.from(buffer, byteOffset + at, length).toString('latin1');
  }
}
