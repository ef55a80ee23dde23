import { ProcessorError } from '../../errors/processor-error.ts';
import { GroupingKey } from '../../event/grouping-key.ts';
import type { Instant } from '../../time/instant.ts';
import { KeyReader, KeyWriter } from '../../state/key-encoding.ts';
import { decodeText, encodeText } from '../../state/text-encoding.ts';
import { allocate } from './arena.ts';

/** What an entry of the engine's state is. Heads are read at a restart, all else when it is needed. */
export const EntryKind = { head: 0, window: 1, slice: 2, sessions: 3, timer: 4 } as const;
/** One of {@link EntryKind}. */
export type EntryKind = (typeof EntryKind)[keyof typeof EntryKind];

/**
 * The keys of the entries of one window definition: its name, the kind of entry, then where in time it lies, then the
 * grouping key. So the windows of one span of time stand together, in the order in which they fire.
 */
export class EntryKeys {
  /** What every key of the definition begins with. */
  readonly all: Uint8Array;
  readonly heads: Uint8Array;
  readonly sessions: Uint8Array;
  readonly timers: Uint8Array;
  #last: { readonly start: Instant; readonly end: Instant; readonly prefix: Uint8Array } = {
    start: Number.NaN,
    end: Number.NaN,
    prefix: new Uint8Array(),
  };

  /** `prefix`: what the keys of all definitions begin with. */
  constructor(prefix: Uint8Array, name: string) {
    this.all = new KeyWriter().rest(prefix).text(name).finish();
    this.heads = this.#of(EntryKind.head).finish();
    this.sessions = this.#of(EntryKind.sessions).finish();
    this.timers = this.#of(EntryKind.timer).finish();
  }

  /** Of what is known about all windows that start at `start`, or all of a slice. */
  head(kind: EntryKind, start: Instant): Uint8Array {
    return this.#of(EntryKind.head).byte(kind).double(start).finish();
  }

  /** Begins the keys of the windows [start, end). The last is remembered: windows of a span are written one after another. */
  windows(end: Instant, start: Instant): Uint8Array {
    if (this.#last.start !== start || this.#last.end !== end) {
      this.#last = { start, end, prefix: this.#of(EntryKind.window).double(end).double(start).finish() };
    }
    return this.#last.prefix;
  }

  /** Begins the keys of a slice. */
  slice(start: Instant): Uint8Array {
    return this.#of(EntryKind.slice).double(start).finish();
  }

  /** Of the note that sessions of `key` must be looked at when the watermark reaches `deadline`. */
  timer(deadline: Instant, start: Instant, key: GroupingKey | null): Uint8Array {
    return withGroupingKey(this.#of(EntryKind.timer).double(deadline).double(start).finish(), key);
  }

  #of(kind: EntryKind): KeyWriter {
    return new KeyWriter().rest(this.all).byte(kind);
  }
}

/** An entry's key as text, to look it up by: a character for each byte. */
export function entryKeyText(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1');
}

/** The key of an entry of one grouping key, after what all of its like begin with. */
export function withGroupingKey(prefix: Uint8Array, key: GroupingKey | null): Uint8Array {
  const text = key === null ? '' : key.toString();
  const bytes = allocate(prefix.length + text.length);
  bytes.set(prefix);
  // Keys are short and mostly ASCII: by hand this takes a fraction of what an encoder does, and one array.
  for (let i = 0, at = prefix.length; i < text.length; i += 1, at += 1) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x80) return concatenated(prefix, encodeText(text));
    bytes[at] = unit;
  }
  return bytes;
}

function concatenated(prefix: Uint8Array, rest: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(prefix.length + rest.length);
  bytes.set(prefix);
  bytes.set(rest, prefix.length);
  return bytes;
}

/** An entry's key, taken apart as far as all have it in common. */
export interface EntryKey {
  /** Name of the window definition. */
  readonly name: string;
  readonly kind: number;
  /** Reads on behind name and kind. */
  readonly rest: KeyReader;
}

/** `key` without the prefix of all definitions. @throws ProcessorError STATE_CORRUPT for bytes that are no entry's key. */
export function readEntryKey(key: Uint8Array): EntryKey {
  const rest = new KeyReader(key);
  const name = rest.text();
  return { name, kind: rest.byte(), rest };
}

/** The grouping key that ends an entry's key. @throws ProcessorError STATE_CORRUPT. */
export function readGroupingKey(reader: KeyReader): GroupingKey | null {
  const text = decodeText(reader.rest());
  try {
    // The text of a key is never empty, so nothing stands for no key.
    return text === '' ? null : GroupingKey.parse(text);
  } catch (cause) {
    throw new ProcessorError('state', 'STATE_CORRUPT', 'a stored grouping key cannot be read', { cause });
  }
}
