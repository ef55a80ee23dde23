import { ByteReader } from '../../aggregations/accumulator-bytes.ts';
import { present } from '../../errors/assert.ts';
import type { EventColumns } from '../../event/event-batch.ts';
import type { GroupingKey } from '../../event/grouping-key.ts';
import type { Results } from '../../results/aggregation-result.ts';
import type { Instant } from '../../time/instant.ts';
import type { StateRecord, StoredEntry } from '../window-engine.ts';
import { lastStartAt, windowsBefore, type Alignment } from './alignment.ts';
import { Cell } from './cell.ts';
import { Cleaning } from './cleaning.ts';
import { DeadlineHeap } from './deadline-heap.ts';
import { EntryKind, readGroupingKey, withGroupingKey, type EntryKey } from './entry-keys.ts';
import { GroupSweep } from './group-sweep.ts';
import { ClockHand } from './clock-hand.ts';
import type { Ledger } from './ledger.ts';
import { isShelf, Shelf } from './shelf.ts';
import { entryBytes, readWindowState, writeWindowState } from './state-codec.ts';
import type { StoredItem } from './stored-item.ts';
import type { WantedEntries } from './wanted-entries.ts';
import { WindowOperator, type OperatorSettings } from './window-operator.ts';
import { WindowState } from './window-state.ts';

/** The windows of all keys over one span of time. */
export type WindowGroup = Shelf<WindowState>;

/** Tumbling windows, and sliding ones that keep an accumulator for each window. */
export class AlignedWindows extends WindowOperator {
  protected readonly alignment: Alignment;
  readonly #groups = new Map<Instant, WindowGroup>();
  /** Groups by when they close; closed ones by when they are gone. */
  readonly #deadlines = new DeadlineHeap<WindowGroup>();
  /** Closed groups whose trigger decides when they go. */
  #lingering: WindowGroup[] = [];
  #last: WindowGroup | undefined;
  readonly #hand = new ClockHand<WindowState>(() => this.#groups.values());

  constructor(settings: OperatorSettings, ledger: Ledger, alignment: Alignment) {
    super(settings, ledger);
    this.alignment = alignment;
  }

  override add(batch: EventColumns, i: number): boolean {
    const at = batch.timestamps[i] ?? Number.NaN;
    const last = lastStartAt(at, this.alignment);
    const earlier = windowsBefore(at, last, this.alignment);
    for (let n = earlier; n >= 0; n -= 1) this.#addTo(last - n * this.alignment.slideMs, batch, i);
    return earlier >= 0;
  }

  override want(batch: EventColumns, i: number, wanted: WantedEntries): void {
    const at = batch.timestamps[i] ?? Number.NaN;
    const last = lastStartAt(at, this.alignment);
    const { slideMs } = this.alignment;
    for (let n = windowsBefore(at, last, this.alignment); n >= 0; n -= 1) {
      this.wantWindow(last - n * slideMs, batch.keys[i] ?? 0, wanted);
    }
  }

  override close(): void {
    const { watermark } = this.ledger;
    for (;;) {
      const group = this.#deadlines.popDue(watermark.timestamp);
      if (group === undefined) break;
      if (group.closed) this.retireGroup(group);
      else this.#closeGroup(group);
    }
    if (this.#lingering.length > 0) this.#lingering = this.#lingering.filter((group) => this.#lingers(group));
  }

  override results(state: WindowState): Results {
    return present(state.cell, 'cell of an aligned window').results();
  }

  override *states(): Iterable<WindowState> {
    for (const group of this.#groups.values()) yield* group.items.values();
  }

  override sizeBytes(): number {
    let size = 0;
    for (const state of this.states()) size += state.sizeBytes();
    return size;
  }

  protected override write(item: StoredItem, delta: StateRecord[]): void {
    if (item instanceof WindowState) this.#writeWindow(item, delta);
    else if (isShelf(item)) this.writeHead(item, EntryKind.window, delta);
  }

  protected writeHead(shelf: Shelf<StoredItem>, kind: EntryKind, delta: StateRecord[]): void {
    this.ledger.heads += shelf.writeHead(this.entryKeys.head(kind, shelf.start), this.ledger.isQuiet, delta);
    // To be written again when nothing on it has to fire any more.
    if (shelf.closed && !shelf.removed && !this.ledger.isQuiet) this.change(shelf);
  }

  protected override markDue(state: WindowState): void {
    const group = this.#groups.get(state.start);
    if (group?.closed === true) this.change(group);
    super.markDue(state);
  }

  override read({ kind, rest }: EntryKey, { value }: StoredEntry): void {
    if (kind === EntryKind.head) this.readHead(rest.byte(), rest.double(), value);
    else if (kind === EntryKind.window) {
      rest.double(); // The end.
      this.adopt(this.groupAt(rest.double()), readGroupingKey(rest), value);
    }
  }

  override spill(limit: number): void {
    this.#hand.spill(this.ledger, limit, (group, state) => {
      if (state.due) return false;
      group.items.delete(state.keyId);
      this.#groups.get(state.start)?.sweep?.itemSpilled(state);
      this.spilled(state);
      return true;
    });
  }

  /**
   * Takes a window of a group into memory; undefined if it is there.
   * @throws ProcessorError ACCUMULATOR_CORRUPT for bytes that are no window.
   */
  adopt(group: WindowGroup, key: GroupingKey | null, value: Uint8Array): WindowState | undefined {
    const keyId = this.ledger.keys.idOf(key);
    if (group.items.has(keyId)) return undefined;
    const reader: ByteReader = new ByteReader(value);
    const state = readWindowState(reader, this.settings.shape, [group.start, group.end], keyId, key);
    reader.end();
    state.stored = true;
    group.items.set(keyId, state);
    this.ledger.weigh(state, state.sizeBytes());
    if (this.isSpillable) {
      group.spilled -= 1;
      this.reloaded(state);
    } else {
      this.held(state);
      if (state.closed && state.elements > 0) this.markDue(state);
    }
    return state;
  }

  /** A sweep has read back all of a group that it had to. */
  sweepEnded(group: WindowGroup): void {
    if (this.isPast(group.end)) this.retireGroup(group);
  }

  protected override unlink(state: WindowState): void {
    const group = this.#groups.get(state.start);
    if (group === undefined) return;
    group.items.delete(state.keyId);
    this.change(group);
    if (group.size === 0 && group.closed) this.#drop(group);
  }

  /** The group of the windows that start at `start`; a new one if it is new. */
  protected groupAt(start: Instant): WindowGroup {
    const known = this.#groups.get(start);
    if (known !== undefined) return known;
    const group = this.#newGroup(start);
    this.#groups.set(start, group);
    this.#deadlines.push(group.end, group);
    return group;
  }

  /** The same, if there is one. */
  protected groupOf(start: Instant): WindowGroup | undefined {
    return this.#last?.start === start ? this.#last : this.#groups.get(start);
  }

  /** The state of the window of a key that starts at `start`; a new one if it is new. */
  protected stateAt(start: Instant, keyId: number): WindowState {
    const group = this.#last?.start === start ? this.#last : this.groupAt(start);
    this.#last = group;
    const known = group.items.get(keyId);
    if (known !== undefined) return this.own(known);
    const { keys, now, partition } = this.ledger;
    const state = new WindowState(start, group.end, keyId, keys.keyOf(keyId), this.newCell(), now);
    state.owners = partition;
    group.items.set(keyId, state);
    this.change(group);
    this.created(state);
    this.ledger.weigh(state, state.sizeBytes());
    return state;
  }

  /** Asks for the window of a key that starts at `start`, if it may be spilled. */
  protected wantWindow(start: Instant, keyId: number, wanted: WantedEntries): void {
    const group = this.groupOf(start);
    if (group === undefined || group.spilled === 0 || group.isCleaned || group.items.has(keyId)) return;
    wanted.add(withGroupingKey(group.prefix, this.ledger.keys.keyOf(keyId)));
  }

  /** The cell of a new window; null where windows hold none of their own. */
  protected newCell(): Cell | null {
    return new Cell(this.settings.shape);
  }

  /** Takes in what is known of all windows that start at `start`, at a restart. */
  protected readHead(_kind: number, start: Instant, value: Uint8Array): void {
    if (!this.isSpillable) {
      this.groupAt(start).stored = true;
      return;
    }
    const group = this.#newGroup(start);
    group.readHead(value);
    if (group.isCleaned) {
      this.clean(group, () => undefined);
      return;
    }
    this.#groups.set(start, group);
    this.#deadlines.push(group.end, group);
    this.ledger.activeWindows += group.spilled;
    this.ledger.spilledWindows += group.spilled;
  }

  /** Lets go of all windows of a closed group: none of them can take an event any more. */
  protected retireGroup(group: WindowGroup): void {
    // Nothing is taken away from under a sweep, for it would still find it stored.
    if (group.sweep !== null) return;
    for (const state of group.items.values()) this.retire(state);
    // Windows that have still to fire go with their firing; nothing is added to the group any more.
    if (this.#last === group) this.#last = undefined;
    if (group.spilled === 0) {
      if (group.items.size === 0) this.#drop(group);
      return;
    }
    this.ledger.activeWindows -= group.spilled;
    this.ledger.spilledWindows -= group.spilled;
    this.clean(group, () => this.#drop(group));
  }

  /** Has the stored items of a shelf deleted that is gone, then `drop`s it. Its head stays till then, for a restart. */
  protected clean(shelf: Shelf<StoredItem>, drop: () => void): void {
    shelf.isCleaned = true;
    shelf.closed = true;
    this.change(shelf);
    const done = (): void => {
      shelf.spilled = 0;
      // What has still to fire goes with its firing.
      if (shelf.items.size > 0) return;
      shelf.removed = true;
      this.change(shelf);
      drop();
    };
    this.ledger.cleanings.push(new Cleaning(shelf, this.ledger.pageEntries, done));
  }

  #addTo(start: Instant, batch: EventColumns, i: number): void {
    if (!this.admit(batch, i, start, start + this.alignment.sizeMs)) return;
    const state = this.stateAt(start, batch.keys[i] ?? 0);
    state.cell?.add(batch, i);
    this.touch(state);
  }

  #newGroup(start: Instant): WindowGroup {
    const end = start + this.alignment.sizeMs;
    return new Shelf(start, end, this.entryKeys.windows(end, start));
  }

  #closeGroup(group: WindowGroup): void {
    group.closed = true;
    this.change(group);
    for (const state of group.items.values()) {
      if (!state.closed) this.markDue(state);
    }
    if (group.spilled > 0 && !group.settled)
      this.ledger.sweeps.push(new GroupSweep(this, group, this.ledger.pageEntries));
    if (this.trigger?.shouldPurge !== undefined) this.#lingering.push(group);
    else this.#deadlines.push(group.end + this.lateness.allowedLatenessMs, group);
  }

  #lingers(group: WindowGroup): boolean {
    for (const state of group.items.values()) {
      if (this.isGone(state.window)) this.retire(state);
    }
    return group.items.size > 0;
  }

  #drop(group: WindowGroup): void {
    this.#groups.delete(group.start);
    if (this.#last === group) this.#last = undefined;
    group.removed = true;
    this.change(group);
  }

  #writeWindow(state: WindowState, delta: StateRecord[]): void {
    state.changed = false;
    const key = withGroupingKey(this.entryKeys.windows(state.end, state.start), state.key);
    if (state.removed) {
      if (state.stored) delta.push({ key });
      state.stored = false;
      return;
    }
    state.stored = true;
    delta.push({ key, value: entryBytes((writer) => writeWindowState(writer, this.settings.shape, state)) });
    this.ledger.weigh(state, state.sizeBytes());
  }
}
