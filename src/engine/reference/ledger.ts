import type { EventColumns } from '../../event/event-batch.ts';
import type { GroupingKey } from '../../event/grouping-key.ts';
import type { KeyDictionary } from '../../event/key-dictionary.ts';
import type { Window } from '../../event/window.ts';
import type { Instant } from '../../time/instant.ts';
import { Watermark } from '../../time/watermark.ts';
import type { DroppedEvent, EngineCounters, FiredPane, ScatteredKey } from '../window-engine.ts';
import type { Cleaning } from './cleaning.ts';
import { ownerList, withOwner, type Owners } from './owners.ts';
import type { StoredItem } from './stored-item.ts';
import type { Sweep } from './sweep.ts';
import type { WindowOperator } from './window-operator.ts';
import type { WindowState } from './window-state.ts';

const MAX_PAGE_ENTRIES = 1024;
/** Bytes that may stay in memory, for each entry of a page. */
const PAGE_SHARE_BYTES = 16_384;

/** A window that waits to fire. */
export interface DueWindow {
  readonly operator: WindowOperator;
  readonly state: WindowState;
}

/** What the operators of one engine share: the watermark, the clock's time, counts, and what comes out. */
export class Ledger {
  readonly keys: KeyDictionary;
  /** Entries that are read from a range at a time. */
  readonly pageEntries: number;
  readonly counters: EngineCounters = {
    assigned: 0,
    onTime: 0,
    outOfOrder: 0,
    acceptedLate: 0,
    droppedLate: 0,
    unassigned: 0,
    fired: 0,
  };
  /** The clock's time of the call under way. */
  now: Instant = 0;
  watermark = Watermark.MIN;
  /** Partition of the batch under way. */
  partition = 0;
  /** The watermark that windows of this partition have been closed by: the pipeline's, or a later one of an engine before. */
  passed = Watermark.MIN;
  /** True while the pipeline's is behind that of an engine before: there are closed windows that end after it. */
  isBehind = false;
  /** Events dropped from windows by the batch under way. */
  dropped: DroppedEvent[] = [];
  /** Panes fired ahead of the watermark, and retractions, in the order in which they came about. */
  emitted: FiredPane[] = [];
  /** Windows that the watermark, or a late event after it, makes fire at the end of the batch. */
  due: DueWindow[] = [];
  /** Passes over windows that are due and not in memory. */
  sweeps: Sweep[] = [];
  /** Stored windows that are gone, to be deleted. */
  readonly cleanings: Cleaning[] = [];
  /** False where nobody asks for deltas. */
  readonly tracksChanges: boolean;
  /** Keys of entries to be deleted with the next delta, beyond those of changed items. */
  deletions: Uint8Array[] = [];
  /** True while nothing has still to fire, when a delta is taken. */
  isQuiet = true;
  /** Windows that hold state, in memory or spilled. */
  activeWindows = 0;
  /** Heads that are stored. */
  heads = 0;
  /** Of the windows, those that are spilled. */
  spilledWindows = 0;
  /** Bytes of all stored items in memory, estimated. */
  residentBytes = 0;
  /** Entries let go of and taken back since the start. */
  spilled = 0;
  reloaded = 0;
  /** True once something is, or may be, only in the state backend. */
  hasSpilled = false;
  /** The first key that turned out to have events in several partitions. */
  scattered: ScatteredKey | null = null;
  /** By partition: the watermark of an engine before, where it may be later than this one's. */
  readonly #passedBefore = new Map<number, Watermark>();
  #latestBefore: Instant = -Infinity;
  /** By key id: how many windows in memory hold state under it. */
  readonly #references: number[] = [];

  /** `residentBytesLimit`: what may stay in memory; what is read at a time is a small part of it. */
  constructor(keys: KeyDictionary, tracksChanges: boolean, residentBytesLimit: number) {
    this.keys = keys;
    this.tracksChanges = tracksChanges;
    this.pageEntries = Math.max(2, Math.min(MAX_PAGE_ENTRIES, Math.floor(residentBytesLimit / PAGE_SHARE_BYTES)));
  }

  /** A batch is looked at, or ingested. */
  begin({ partition }: EventColumns): void {
    const before = this.#passedBefore.get(partition);
    this.partition = partition;
    this.passed = before !== undefined && before.timestamp > this.watermark.timestamp ? before : this.watermark;
    this.isBehind = this.#latestBefore > this.watermark.timestamp;
  }

  /** An engine before this one has closed windows of a partition up to a watermark. */
  notePassed(partition: number, watermark: Instant): void {
    this.#passedBefore.set(partition, new Watermark(watermark));
    this.#latestBefore = Math.max(this.#latestBefore, watermark);
  }

  /** The owners of something of a key, and the partition of the batch under way, which adds to it. */
  ownersWith(owners: Owners, key: GroupingKey | null): Owners {
    const all = withOwner(owners, this.partition);
    this.scattered ??= { key, partitions: ownerList(all) };
    return all;
  }

  drop(index: number, window: Window, watermark: Instant): void {
    this.counters.droppedLate += 1;
    this.dropped.push({ index, window, watermark });
  }

  hold(keyId: number): void {
    this.#references[keyId] = (this.#references[keyId] ?? 0) + 1;
  }

  release(keyId: number): void {
    this.#references[keyId] = (this.#references[keyId] ?? 0) - 1;
  }

  isLive(keyId: number): boolean {
    return (this.#references[keyId] ?? 0) > 0;
  }

  /** Notes how much an item takes in memory; 0 for one that is not there any more. */
  weigh(item: StoredItem, bytes: number): void {
    this.residentBytes += bytes - item.residentBytes;
    item.residentBytes = bytes;
  }
}
