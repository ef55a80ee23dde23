import { ByteReader } from '../../aggregations/accumulator-bytes.ts';
import type { StateRecord } from '../window-engine.ts';
import { entryBytes } from './state-codec.ts';
import { StoredItem } from './stored-item.ts';

/** What the head of sessions says. */
export interface SessionHead {
  readonly sessions: number;
  readonly keys: number;
}

/** The value of the entry of a head. */
export function sessionHeadBytes({ sessions, keys }: SessionHead): Uint8Array {
  return entryBytes((writer) => {
    writer.whole(sessions);
    writer.whole(keys);
  });
}

/** The head that {@link sessionHeadBytes} wrote. @throws ProcessorError ACCUMULATOR_CORRUPT. */
export function readSessionHead(value: Uint8Array): SessionHead {
  const reader: ByteReader = new ByteReader(value);
  const head = { sessions: reader.whole(), keys: reader.whole() };
  reader.end();
  return head;
}

/** How many sessions there are in all, and of how many keys: the head of their entries. */
export class SessionCount extends StoredItem {
  sessions = 0;
  /** Keys whose sessions are only in the state backend. */
  spilledKeys = 0;

  /** Adds the entry to a delta. `residentKeys`: keys whose sessions are in memory. */
  write(key: Uint8Array, residentKeys: number, delta: StateRecord[]): void {
    if (this.sessions === 0) {
      if (this.stored) delta.push({ key });
      this.stored = false;
      return;
    }
    this.stored = true;
    const value = sessionHeadBytes({ sessions: this.sessions, keys: residentKeys + this.spilledKeys });
    delta.push({ key, value });
  }

  /** Takes in what {@link SessionCount.write} wrote; gives the number of keys. */
  decode(value: Uint8Array): number {
    const { sessions, keys } = readSessionHead(value);
    this.sessions = sessions;
    this.stored = true;
    return keys;
  }
}
