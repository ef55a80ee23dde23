import { crc32 } from 'node:zlib';
import type { StateEntry } from '../../state/state-backend.ts';

const MODULUS = 2 ** 48;

/** Counts entries, and sums up what is in them, in any order: two that are equal have seen the same, as good as surely. */
export class EntryTally {
  entries = 0;
  /** Of keys and values. */
  bytes = 0;
  #checksum = 0;

  add({ key, value }: StateEntry): void {
    this.entries += 1;
    this.bytes += key.length + value.length;
    this.#checksum = (this.#checksum + crc32(value, crc32(key, key.length))) % MODULUS;
  }

  equals(other: EntryTally): boolean {
    return this.entries === other.entries && this.bytes === other.bytes && this.#checksum === other.#checksum;
  }
}
