import { assert } from '../errors/assert.ts';
import { ProcessorError } from '../errors/processor-error.ts';
import { decodeText, encodeText } from './text-encoding.ts';

// Text is ended by 00 01, and a 00 inside it is written 00 ff: what is ended sorts before what goes on.
const ZERO = 0x00;
const ENDED = 0x01;
const ESCAPED = 0xff;

/**
 * Writes the parts of a state key so that keys sort bytewise as their parts do, part by part: numbers by value,
 * text by UTF-16 code unit. The same parts must be read in the same order by a {@link KeyReader}.
 */
export class KeyWriter {
  #bytes = new Uint8Array(64);
  #length = 0;

  /** A whole number from 0 to 255. */
  byte(value: number): this {
    assert(Number.isInteger(value) && value >= 0 && value <= 255, 'a byte is a whole number from 0 to 255');
    this.#reserve(1)[this.#length++] = value;
    return this;
  }

  /** Any double but NaN; −0 is written as 0. 8 bytes. */
  double(value: number): this {
    assert(!Number.isNaN(value), 'a state key holds no NaN');
    const view = new DataView(this.#reserve(8).buffer, this.#length, 8);
    view.setFloat64(0, value + 0);
    // IEEE 754 sorts as sign and magnitude: turn negatives round, and put them before the others.
    const high = view.getUint32(0);
    view.setUint32(0, high >= 0x80000000 ? ~high : high ^ 0x80000000);
    if (high >= 0x80000000) view.setUint32(4, ~view.getUint32(4));
    this.#length += 8;
    return this;
  }

  /** Text of any kind, lone surrogates included, that other parts may follow. */
  text(value: string): this {
    for (const byte of encodeText(value)) {
      this.byte(byte);
      if (byte === ZERO) this.byte(ESCAPED);
    }
    return this.byte(ZERO).byte(ENDED);
  }

  /** Bytes as they are, that nothing may follow. */
  rest(bytes: Uint8Array): this {
    this.#reserve(bytes.length).set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  /** The key. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #reserve(count: number): Uint8Array<ArrayBuffer> {
    if (this.#length + count > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#length + count, this.#bytes.length * 2));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    return this.#bytes;
  }
}

/** Reads the parts of a state key. Every method throws a ProcessorError STATE_CORRUPT if the key has no such part. */
export class KeyReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw corrupt('it ends too early');
    this.#at += 1;
    return byte;
  }

  double(): number {
    if (this.#at + 8 > this.#bytes.length) throw corrupt('it ends inside a number');
    // A copy, by way of subarray: slice of a Buffer would share memory, with bytes of others around it.
    const view = new DataView(new Uint8Array(this.#bytes.subarray(this.#at, this.#at + 8)).buffer);
    this.#at += 8;
    const high = view.getUint32(0);
    view.setUint32(0, high >= 0x80000000 ? high ^ 0x80000000 : ~high);
    if (high < 0x80000000) view.setUint32(4, ~view.getUint32(4));
    const value = view.getFloat64(0);
    if (Number.isNaN(value)) throw corrupt('a number in it is NaN');
    return value;
  }

  text(): string {
    const bytes: number[] = [];
    for (;;) {
      const byte = this.byte();
      bytes.push(byte);
      if (byte !== ZERO) continue;
      const mark = this.byte();
      if (mark === ENDED) return decodeText(Uint8Array.from(bytes.slice(0, -1)));
      if (mark !== ESCAPED) throw corrupt('text in it is not escaped');
    }
  }

  /** What has not been read yet; shares its memory with the key. */
  rest(): Uint8Array {
    const rest = this.#bytes.subarray(this.#at);
    this.#at = this.#bytes.length;
    return rest;
  }
}

function corrupt(what: string): ProcessorError {
  return new ProcessorError('state', 'STATE_CORRUPT', `a state key cannot be read: ${what}`);
}
