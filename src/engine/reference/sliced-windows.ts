import type { EventColumns } from '../../event/event-batch.ts';
import type { GroupingKey } from '../../event/grouping-key.ts';
import type { Results } from '../../results/aggregation-result.ts';
import type { Instant } from '../../time/instant.ts';
import type { StateRecord, StoredEntry } from '../window-engine.ts';
import { AlignedWindows, type WindowGroup } from './aligned-windows.ts';
import type { Alignment } from './alignment.ts';
import { Cell } from './cell.ts';
import { EntryKind, readGroupingKey, withGroupingKey, type EntryKey } from './entry-keys.ts';
import { ClockHand } from './clock-hand.ts';
import type { Ledger } from './ledger.ts';
import { Slice, SliceGrid, SliceState, type Bucket } from './slice.ts';
import type { StoredItem } from './stored-item.ts';
import type { WantedEntries } from './wanted-entries.ts';
import type { OperatorSettings } from './window-operator.ts';
import type { WindowState } from './window-state.ts';

/**
 * Sliding windows over shared slices: an event goes into one slice, whatever size/slide is, and a firing merges the
 * slices of its window. Slices are cut where some window starts or ends ("paired windows": Krishnamurthy, Wu and
 * Franklin, On-the-fly sharing for streamed aggregation, SIGMOD 2006), so there are at most two a slide.
 *
 * What a key has in a slice goes along with its windows over the slice: from the first that takes it to the last, each
 * holds state until it is gone.
 */
export class SlicedWindows extends AlignedWindows {
  readonly #slices = new Map<Instant, Slice>();
  readonly #grid: SliceGrid;
  #lastSlice: Slice | undefined;
  readonly #hand = new ClockHand<SliceState>(() => this.#slices.values());

  constructor(settings: OperatorSettings, ledger: Ledger, alignment: Alignment) {
    super(settings, ledger, alignment);
    this.#grid = new SliceGrid(alignment);
  }

  override add(batch: EventColumns, i: number): true {
    const at = batch.timestamps[i] ?? Number.NaN;
    const judgedBy = batch.watermarks[i] ?? -Infinity;
    const keyId = batch.keys[i] ?? 0;
    const slice = this.#sliceAt(at);
    const { counters } = this.ledger;
    if (this.#isLateFor(slice, judgedBy)) {
      this.#addLate(slice, batch, i, keyId);
      return true;
    }
    counters.assigned += slice.bounds.windows;
    if (at >= judgedBy) counters.onTime += slice.bounds.windows;
    else counters.outOfOrder += slice.bounds.windows;
    this.#addTo(slice, slice.bounds.firstEnd, batch, i, keyId);
    return true;
  }

  override want(batch: EventColumns, i: number, wanted: WantedEntries): void {
    const keyId = batch.keys[i] ?? 0;
    const slice = this.#sliceAt(batch.timestamps[i] ?? Number.NaN);
    const isLate = this.#isLateFor(slice, batch.watermarks[i] ?? -Infinity);
    const held = slice.items.get(keyId);
    if (!isLate && held?.bucketOf(slice.bounds.firstEnd) !== undefined) return;
    if (held === undefined && slice.spilled > 0 && !slice.isCleaned) {
      const key = withGroupingKey(slice.prefix, this.ledger.keys.keyOf(keyId));
      if (!wanted.hasAsked(key)) {
        wanted.add(key);
        // Only with it at hand can be told whether its windows matter.
        if (!isLate) return;
      }
    }
    // A new bucket makes its windows hold state, and a late event makes them fire.
    const { slideMs } = this.alignment;
    for (let start = slice.bounds.firstStart; start <= slice.bounds.lastStart; start += slideMs) {
      this.wantWindow(start, keyId, wanted);
    }
  }

  override wantForFiring(state: WindowState, wanted: WantedEntries): void {
    for (const slice of this.#slicesOf(state)) {
      if (slice.spilled === 0 || slice.items.has(state.keyId)) continue;
      wanted.add(withGroupingKey(slice.prefix, state.key));
    }
  }

  override results(state: WindowState): Results {
    const cells: Cell[] = [];
    for (const slice of this.#slicesOf(state)) {
      for (const { firstEnd, cell } of slice.items.get(state.keyId)?.buckets ?? []) {
        if (firstEnd <= state.end) cells.push(cell);
      }
    }
    const [only] = cells;
    if (only !== undefined && cells.length === 1) return only.results();
    const merged = new Cell(this.settings.shape);
    for (const cell of cells) merged.merge(cell);
    return merged.results();
  }

  override sizeBytes(): number {
    let size = super.sizeBytes();
    for (const slice of this.#slices.values()) {
      for (const held of slice.items.values()) size += held.sizeBytes();
    }
    return size;
  }

  protected override write(item: StoredItem, delta: StateRecord[]): void {
    if (item instanceof Slice) {
      // Windows that have still to fire may read a slice until it is deleted, after a restart too.
      this.ledger.heads += item.writeHead(this.entryKeys.head(EntryKind.slice, item.start), true, delta);
    } else if (item instanceof SliceState) this.#writeSliceState(item, delta);
    else super.write(item, delta);
  }

  override read(key: EntryKey, entry: StoredEntry): void {
    if (key.kind !== EntryKind.slice) {
      super.read(key, entry);
      return;
    }
    this.#adopt(this.#sliceAt(key.rest.double()), readGroupingKey(key.rest), entry.value);
  }

  override spill(limit: number): void {
    this.#hand.spill(this.ledger, limit, (slice, { keyId }) => {
      this.ledger.spilled += 1;
      this.ledger.release(keyId);
      return slice.items.delete(keyId);
    });
    super.spill(limit);
  }

  protected override newCell(): null {
    return null;
  }

  protected override readHead(kind: number, start: Instant, value: Uint8Array): void {
    if (kind !== EntryKind.slice) {
      super.readHead(kind, start, value);
      return;
    }
    const slice = this.#sliceAt(start);
    slice.readHead(value);
    this.#slices.set(start, slice);
    if (slice.isCleaned) this.clean(slice, () => this.#forget(slice));
  }

  protected override unlink(state: WindowState): void {
    super.unlink(state);
    for (const slice of this.#slicesOf(state)) {
      const held = slice.items.get(state.keyId);
      if (held !== undefined && !this.#isRead(slice, state)) this.#dropFrom(slice, held);
    }
  }

  protected override retireGroup(group: WindowGroup): void {
    super.retireGroup(group);
    if (group.sweep === null) this.#retireSlices(group);
  }

  /** Lets go of the slices that have no window later than a group that is gone. */
  #retireSlices(group: WindowGroup): void {
    for (const start of this.#grid.startsIn(group.start, group.end)) {
      const slice = this.#slices.get(start);
      if (slice?.bounds.lastStart !== group.start) continue;
      // Of keys whose last window was spilled.
      for (const held of slice.items.values()) {
        if (!this.#isHeld(slice, held.keyId)) this.#dropFrom(slice, held);
      }
      if (slice.spilled > 0 && !slice.isCleaned) this.clean(slice, () => this.#forget(slice));
    }
  }

  /** True while a window of the key over the slice is in memory. */
  #isHeld({ bounds }: Slice, keyId: number): boolean {
    for (let start = bounds.lastStart; start >= bounds.firstStart; start -= this.alignment.slideMs) {
      if (this.groupOf(start)?.items.has(keyId) === true) return true;
    }
    return false;
  }

  /** True while a window of the key over the slice, other than the one that goes, may still fire. */
  #isRead(slice: Slice, { start: going, keyId }: WindowState): boolean {
    // Windows mostly go in order, so as a rule the last one settles it.
    for (let start = slice.bounds.lastStart; start >= slice.bounds.firstStart; start -= this.alignment.slideMs) {
      if (start === going) continue;
      const group = this.groupOf(start);
      if (group === undefined) continue;
      // One that is spilled, and not gone, may be the key's.
      if (group.items.has(keyId) || (group.spilled > 0 && !group.isCleaned)) return true;
    }
    return false;
  }

  #isLateFor(slice: Slice, judgedBy: Instant): boolean {
    const { passed, isBehind } = this.ledger;
    return judgedBy >= slice.bounds.firstEnd || passed.timestamp >= slice.bounds.firstEnd || isBehind;
  }

  #addLate(slice: Slice, batch: EventColumns, i: number, keyId: number): void {
    const { sizeMs, slideMs } = this.alignment;
    // An event admitted to one window is admitted to every later one, so the first says which bucket it is.
    let firstEnd: Instant | undefined;
    for (let start = slice.bounds.firstStart; start <= slice.bounds.lastStart; start += slideMs) {
      if (!this.admit(batch, i, start, start + sizeMs)) continue;
      firstEnd ??= start + sizeMs;
    }
    if (firstEnd === undefined) return;
    this.#addTo(slice, firstEnd, batch, i, keyId);
    const { passed, isBehind } = this.ledger;
    for (let start = firstEnd - sizeMs; start <= slice.bounds.lastStart; start += slideMs) {
      const wasClosed = isBehind && this.groupOf(start)?.items.get(keyId)?.closed === true;
      if (wasClosed || start + sizeMs <= passed.timestamp) this.touch(this.stateAt(start, keyId));
    }
  }

  #addTo(slice: Slice, firstEnd: Instant, batch: EventColumns, i: number, keyId: number): void {
    const held = this.own(slice.items.get(keyId) ?? this.#hold(slice, keyId));
    const bucket = held.bucketOf(firstEnd) ?? this.#newBucket(held, firstEnd);
    bucket.cell.add(batch, i);
    this.change(held);
  }

  #hold(slice: Slice, keyId: number): SliceState {
    const held = new SliceState(slice, keyId, this.ledger.keys.keyOf(keyId));
    held.owners = this.ledger.partition;
    slice.items.set(keyId, held);
    this.ledger.hold(keyId);
    this.#slices.set(slice.start, slice);
    this.change(slice);
    return held;
  }

  #newBucket(held: SliceState, firstEnd: Instant): Bucket {
    const { slice, keyId } = held;
    const bucket = { firstEnd, cell: new Cell(this.settings.shape) };
    held.buckets.push(bucket);
    this.ledger.weigh(held, held.sizeBytes());
    const { sizeMs, slideMs } = this.alignment;
    for (let start = firstEnd - sizeMs; start <= slice.bounds.lastStart; start += slideMs) this.stateAt(start, keyId);
    return bucket;
  }

  /** Takes what a key has in a slice into memory. */
  #adopt(slice: Slice, key: GroupingKey | null, value: Uint8Array): void {
    const keyId = this.ledger.keys.idOf(key);
    if (slice.items.has(keyId)) return;
    const held = new SliceState(slice, keyId, key);
    held.decode(value, this.settings.shape);
    slice.items.set(keyId, held);
    slice.spilled -= 1;
    this.ledger.hold(keyId);
    this.ledger.reloaded += 1;
    this.ledger.weigh(held, held.sizeBytes());
  }

  #writeSliceState(held: SliceState, delta: StateRecord[]): void {
    held.changed = false;
    const key = withGroupingKey(held.slice.prefix, held.key);
    if (held.removed) {
      if (held.stored) delta.push({ key });
      held.stored = false;
      return;
    }
    held.stored = true;
    delta.push({ key, value: held.encode(this.settings.shape) });
    this.ledger.weigh(held, held.sizeBytes());
  }

  #dropFrom(slice: Slice, held: SliceState): void {
    held.removed = true;
    this.ledger.weigh(held, 0);
    this.change(held);
    slice.items.delete(held.keyId);
    this.ledger.release(held.keyId);
    slice.removed = slice.size === 0;
    this.change(slice);
    if (slice.removed) this.#forget(slice);
  }

  #forget(slice: Slice): void {
    if (this.#slices.get(slice.start) === slice) this.#slices.delete(slice.start);
    if (this.#lastSlice === slice) this.#lastSlice = undefined;
  }

  /** The slices in a window that hold anything. */
  *#slicesOf({ start, end }: WindowState): Iterable<Slice> {
    for (const sliceStart of this.#grid.startsIn(start, end)) {
      const slice = this.#slices.get(sliceStart);
      if (slice !== undefined) yield slice;
    }
  }

  /** The slice around an instant; part of the index only once it holds anything. */
  #sliceAt(at: Instant): Slice {
    const last = this.#lastSlice;
    if (last !== undefined && at >= last.start && at < last.end) return last;
    const bounds = this.#grid.boundsAt(at);
    this.#lastSlice = this.#slices.get(bounds.start) ?? new Slice(bounds, this.entryKeys.slice(bounds.start));
    return this.#lastSlice;
  }
}
