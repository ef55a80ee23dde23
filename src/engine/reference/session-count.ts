import { ByteReader } from '../../aggregations/accumulator-bytes.ts';
import type { StateRecord } from '../window-engine.ts';
import { entryBytes } from './state-codec.ts';
import { StoredItem } from './stored-item.ts';

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
    const value = entryBytes((writer) => {
      writer.whole(this.sessions);
      writer.whole(residentKeys + this.spilledKeys);
    });
    delta.push({ key, value });
  }

  /** Takes in what {@link SessionCount.write} wrote; gives the number of keys. */
  decode(value: Uint8Array): number {
    const reader: ByteReader = new ByteReader(value);
    this.sessions = reader.whole();
    const keys = reader.whole();
    reader.end();
    this.stored = true;
    return keys;
  }
}
