import { ByteReader } from '../../aggregations/accumulator-bytes.ts';
import { present } from '../../errors/assert.ts';
import type { GroupingKey } from '../../event/grouping-key.ts';
import type { Instant, Millis } from '../../time/instant.ts';
import { joinOwners, readOwners, writeOwners, type Owners } from './owners.ts';
import { entryBytes, readWindowState, writeWindowState, type EntryShape } from './state-codec.ts';
import { StoredItem } from './stored-item.ts';
import type { WindowState } from './window-state.ts';

/** When the sessions of a key must be looked at: at `deadline`, in the order of the sessions' starts. */
export interface Timer {
  readonly deadline: Instant;
  readonly start: Instant;
}

/** Order of timers: that in which their sessions fire. */
export function isEarlier(a: Timer, b: Timer): boolean {
  return a.deadline === b.deadline ? a.start < b.start : a.deadline < b.deadline;
}

/** What the entry of a key's sessions says without their contents, where it says of which partitions it is. */
export interface SessionsOutline {
  /** Null where none is stored. */
  readonly timer: Timer | null;
  readonly sessions: number;
}

/** The outline of what {@link KeySessions.encode} wrote. @throws ProcessorError ACCUMULATOR_CORRUPT. */
export function readSessionsOutline(value: Uint8Array): SessionsOutline {
  const reader: ByteReader = new ByteReader(value);
  readOwners(reader);
  const timer = { deadline: reader.float(), start: reader.float() };
  return { timer: timer.deadline === Infinity ? null : timer, sessions: reader.whole() };
}

/** The sessions of one key that hold state, by end: one entry, for an event may join any of them. */
export class KeySessions extends StoredItem {
  readonly keyId: number;
  readonly key: GroupingKey | null;
  /** They overlap only where one was gone by the watermark of the partition whose event made the other. */
  readonly list: WindowState[] = [];
  /** The timer that is stored: never later than the first deadline among the sessions. */
  timer: Timer | null = null;
  /** True if they may not be in order of their starts: one reaches around another that was gone. */
  #nested = false;

  constructor(keyId: number, key: GroupingKey | null) {
    super();
    this.keyId = keyId;
    this.key = key;
  }

  /** The sessions that end after `after` and start before `before`. */
  overlapping(after: Instant, before: Instant): WindowState[] {
    const overlapping: WindowState[] = [];
    for (let n = this.#firstEndingAfter(after); n < this.list.length; n += 1) {
      const session = present(this.list[n], 'session of a key');
      if (session.start < before) overlapping.push(session);
      else if (!this.#nested) break;
    }
    return overlapping;
  }

  insert(state: WindowState): void {
    this.list.splice(this.#firstEndingAfter(state.end), 0, state);
    this.noteOrder(state);
  }

  remove(state: WindowState): void {
    const index = this.list.indexOf(state);
    if (index !== -1) this.list.splice(index, 1);
    if (this.list.length < 2) this.#nested = false;
  }

  /** Notes whether a session, new in its place or grown in it, starts before one that ends before it. */
  noteOrder(state: WindowState): void {
    const before = this.list[this.#firstEndingAfter(state.end - 1) - 1];
    if (before !== undefined && before.start > state.start) this.#nested = true;
  }

  /** The earliest moment at which one of them fires or is gone, with its start. */
  firstDeadline(allowedLatenessMs: Millis): Timer {
    let first: Timer = { deadline: Infinity, start: Infinity };
    for (const { start, end, closed, elements } of this.list) {
      // One that has fired, and has taken a late event since, has still to fire again.
      const timer = { deadline: closed && elements === 0 ? end + allowedLatenessMs : end, start };
      if (isEarlier(timer, first)) first = timer;
    }
    return first;
  }

  sizeBytes(): number {
    return this.list.reduce((size, state) => size + state.sizeBytes(), 192);
  }

  encode(shape: EntryShape): Uint8Array {
    return entryBytes((writer) => {
      const { timer } = this;
      if (shape.byPartition) writeOwners(writer, this.#owners());
      writer.float(timer?.deadline ?? Infinity);
      writer.float(timer?.start ?? Infinity);
      writer.whole(this.list.length);
      for (const state of this.list) {
        writer.float(state.start);
        writer.float(state.end);
        writeWindowState(writer, shape, state);
      }
    });
  }

  /** What {@link KeySessions.encode} gave. @throws ProcessorError ACCUMULATOR_CORRUPT for anything else. */
  static decode(value: Uint8Array, shape: EntryShape, keyId: number, key: GroupingKey | null): KeySessions {
    const sessions = new KeySessions(keyId, key);
    const reader: ByteReader = new ByteReader(value);
    if (shape.byPartition) readOwners(reader);
    sessions.timer = { deadline: reader.float(), start: reader.float() };
    for (let left = reader.whole(); left > 0; left -= 1) {
      const bounds = [reader.finite(), reader.finite()] as const;
      sessions.insert(readWindowState(reader, shape, bounds, keyId, key));
    }
    reader.end();
    sessions.stored = true;
    return sessions;
  }

  /** Those of all sessions; each has its own besides. */
  #owners(): Owners {
    const [first, ...others] = this.list;
    return others.reduce((owners, session) => joinOwners(owners, session.owners), first?.owners ?? 0);
  }

  /** Index of the first session that ends after `at`. */
  #firstEndingAfter(at: Instant): number {
    let low = 0;
    let high = this.list.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.list[middle]?.end ?? Infinity) > at) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
