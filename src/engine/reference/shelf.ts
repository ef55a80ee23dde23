import { ByteReader } from '../../aggregations/accumulator-bytes.ts';
import type { Instant } from '../../time/instant.ts';
import type { StateRecord } from '../window-engine.ts';
import { entryBytes } from './state-codec.ts';
import { StoredItem } from './stored-item.ts';

const FLAG_SETTLED = 1;
const FLAG_CLEANED = 2;

/** What the head of a shelf says. */
export interface ShelfHead {
  /** How many items there are. */
  readonly size: number;
  /** True if it was closed, and nothing on it had still to fire. */
  readonly settled: boolean;
  /** True while its items are being deleted. */
  readonly isCleaned: boolean;
}

/** The value of the entry of a head. */
export function shelfHeadBytes({ size, settled, isCleaned }: ShelfHead): Uint8Array {
  return entryBytes((writer) => {
    writer.whole(size);
    writer.byte((settled ? FLAG_SETTLED : 0) | (isCleaned ? FLAG_CLEANED : 0));
  });
}

/** The head that {@link shelfHeadBytes} wrote. @throws ProcessorError ACCUMULATOR_CORRUPT. */
export function readShelfHead(value: Uint8Array): ShelfHead {
  const reader: ByteReader = new ByteReader(value);
  const size = reader.whole();
  const flags = reader.byte();
  reader.end();
  return { size, settled: (flags & FLAG_SETTLED) !== 0, isCleaned: (flags & FLAG_CLEANED) !== 0 };
}

/** What a shelf tells the sweep that goes through it. */
export interface ShelfSweep<T> {
  /** An item has been let go of. */
  itemSpilled(item: T): void;
}

/**
 * What all keys have at one place in time: the windows over one span, or one slice. Some of it is in memory, some only
 * in the state backend. Its own entry, the head, says how much there is: with the heads alone a restart knows what it
 * has, and can leave the rest where it is.
 */
export class Shelf<T extends StoredItem> extends StoredItem {
  readonly start: Instant;
  readonly end: Instant;
  /** What is in memory, by key id. */
  readonly items = new Map<number, T>();
  /** How many items are only in the state backend. */
  spilled = 0;
  /** True once the watermark has reached the end. */
  closed = false;
  /** True if it was closed before a restart, and nothing on it had still to fire. */
  settled = false;
  /** Reads back what is due of it. */
  sweep: ShelfSweep<T> | null = null;
  /** True while the items that are only in the state backend are being deleted. */
  isCleaned = false;
  /** What the keys of the entries of its items begin with. */
  readonly prefix: Uint8Array;

  constructor(start: Instant, end: Instant, prefix: Uint8Array) {
    super();
    this.start = start;
    this.end = end;
    this.prefix = prefix;
  }

  get size(): number {
    return this.items.size + this.spilled;
  }

  /** Adds its head to a delta. `isQuiet`: nothing at all has still to fire. Gives by how many heads there are more. */
  writeHead(key: Uint8Array, isQuiet: boolean, delta: StateRecord[]): number {
    this.changed = false;
    const before = Number(this.stored);
    this.stored = !this.removed;
    if (this.removed) {
      if (before > 0) delta.push({ key });
      return -before;
    }
    // While something has still to fire, a restart must look for it here; but not where all that is left is on its way
    // out, for some of that may be deleted already.
    const hasNothingDue = isQuiet || (this.isCleaned && this.items.size === 0);
    const settled = hasNothingDue && this.closed;
    const value = shelfHeadBytes({ size: this.size, settled, isCleaned: hasNothingDue && this.isCleaned });
    delta.push({ key, value });
    return 1 - before;
  }

  /** Takes in the head that was stored before a restart: all of its items are in the state backend. */
  readHead(value: Uint8Array): void {
    const { size, settled, isCleaned } = readShelfHead(value);
    this.spilled = size;
    this.settled = settled;
    this.isCleaned = isCleaned;
    this.stored = true;
  }
}

/** True for a shelf of anything. */
export function isShelf(item: StoredItem): item is Shelf<StoredItem> {
  return item instanceof Shelf;
}
