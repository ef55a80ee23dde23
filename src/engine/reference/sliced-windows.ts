import type { EventBatch } from '../../event/event-batch.ts';
import type { Results } from '../../results/aggregation-result.ts';
import type { Instant } from '../../time/instant.ts';
import { tumblingStart } from '../../windows/window-arithmetic.ts';
import { AlignedWindows, type Alignment } from './aligned-windows.ts';
import { Cell } from './cell.ts';
import type { Ledger } from './ledger.ts';
import { StoredItem } from './stored-item.ts';
import type { OperatorSettings } from './window-operator.ts';
import type { WindowState } from './window-state.ts';

/**
 * What one key has in one slice, for the windows that end at `firstEnd` or later. Normally that is the first window
 * over the slice; events that came too late for some of the windows stand in buckets of their own.
 */
export class Bucket extends StoredItem {
  readonly sliceStart: Instant;
  readonly firstEnd: Instant;
  readonly keyId: number;
  readonly cell: Cell;
  /** Another bucket of the same slice and key. */
  next: Bucket | null = null;

  constructor(sliceStart: Instant, firstEnd: Instant, keyId: number, cell: Cell) {
    super();
    this.sliceStart = sliceStart;
    this.firstEnd = firstEnd;
    this.keyId = keyId;
    this.cell = cell;
  }
}

interface Slice {
  readonly start: Instant;
  readonly end: Instant;
  /** Start of the last window that covers the slice. */
  readonly lastStart: Instant;
  /** Start and end of the first one. */
  readonly firstStart: Instant;
  readonly firstEnd: Instant;
  readonly windows: number;
  readonly buckets: Map<number, Bucket>;
}

/**
 * Sliding windows over shared slices: an event goes into one slice, whatever size/slide is, and a firing merges the
 * slices of its window. Slices are cut where some window starts or ends ("paired windows": Krishnamurthy, Wu and
 * Franklin, On-the-fly sharing for streamed aggregation, SIGMOD 2006), so there are at most two a slide.
 */
export class SlicedWindows extends AlignedWindows {
  readonly #slices = new Map<Instant, Slice>();
  /** Where in a slide a window ends; 0 where ends and starts fall together. */
  readonly #cut: number;
  #lastSlice: Slice | undefined;

  constructor(settings: OperatorSettings, ledger: Ledger, alignment: Alignment) {
    super(settings, ledger, alignment);
    this.#cut = alignment.sizeMs % alignment.slideMs;
  }

  override add(batch: EventBatch, i: number): true {
    const at = batch.timestamps[i] ?? Number.NaN;
    const judgedBy = batch.watermarks[i] ?? -Infinity;
    const keyId = batch.keys[i] ?? 0;
    const slice = this.#sliceAt(at);
    const { counters, watermark } = this.ledger;
    if (judgedBy >= slice.firstEnd || watermark.timestamp >= slice.firstEnd) {
      this.#addLate(slice, batch, i, keyId);
      return true;
    }
    counters.assigned += slice.windows;
    if (at >= judgedBy) counters.onTime += slice.windows;
    else counters.outOfOrder += slice.windows;
    this.#addTo(slice, slice.firstEnd, batch, i, keyId);
    return true;
  }

  override results(state: WindowState): Results {
    const cells: Cell[] = [];
    for (const start of this.#sliceStarts(state.start, state.end)) {
      let bucket = this.#slices.get(start)?.buckets.get(state.keyId) ?? null;
      for (; bucket !== null; bucket = bucket.next) {
        if (bucket.firstEnd <= state.end) cells.push(bucket.cell);
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
      for (const bucket of slice.buckets.values()) size += 120 + bucket.cell.sizeBytes();
    }
    return size;
  }

  /** Takes a bucket back after a restart. */
  adoptBucket(bucket: Bucket): void {
    this.#link(this.#sliceAt(bucket.sliceStart), bucket);
  }

  protected override newCell(): null {
    return null;
  }

  protected override unlink(state: WindowState): void {
    super.unlink(state);
    for (const start of this.#sliceStarts(state.start, state.end)) {
      const slice = this.#slices.get(start);
      if (slice !== undefined && !this.#isRead(slice, state.keyId)) this.#dropBuckets(slice, state.keyId);
    }
  }

  /** True while some window over a slice may still fire for a key. */
  #isRead(slice: Slice, keyId: number): boolean {
    // Windows mostly go in order, so as a rule the last one settles it.
    for (let start = slice.lastStart; start >= slice.firstStart; start -= this.alignment.slideMs) {
      if (this.hasState(start, keyId)) return true;
    }
    return false;
  }

  #addLate(slice: Slice, batch: EventBatch, i: number, keyId: number): void {
    const { sizeMs, slideMs } = this.alignment;
    // An event admitted to one window is admitted to every later one, so the first says which bucket it is.
    let firstEnd: Instant | undefined;
    for (let start = slice.firstStart; start <= slice.lastStart; start += slideMs) {
      if (!this.admit(batch, i, start, start + sizeMs)) continue;
      firstEnd ??= start + sizeMs;
    }
    if (firstEnd === undefined) return;
    this.#addTo(slice, firstEnd, batch, i, keyId);
    for (
      let end = firstEnd;
      end <= this.ledger.watermark.timestamp && end <= slice.lastStart + sizeMs;
      end += slideMs
    ) {
      this.touch(this.stateAt(end - sizeMs, keyId));
    }
  }

  #addTo(slice: Slice, firstEnd: Instant, batch: EventBatch, i: number, keyId: number): void {
    let bucket = slice.buckets.get(keyId) ?? null;
    while (bucket !== null && bucket.firstEnd !== firstEnd) bucket = bucket.next;
    bucket ??= this.#newBucket(slice, firstEnd, keyId);
    bucket.cell.add(batch, i);
    this.change(bucket);
  }

  #newBucket(slice: Slice, firstEnd: Instant, keyId: number): Bucket {
    const bucket = new Bucket(slice.start, firstEnd, keyId, new Cell(this.settings.shape));
    this.#link(slice, bucket);
    const { sizeMs, slideMs } = this.alignment;
    for (let start = firstEnd - sizeMs; start <= slice.lastStart; start += slideMs) this.stateAt(start, keyId);
    return bucket;
  }

  #link(slice: Slice, bucket: Bucket): void {
    bucket.next = slice.buckets.get(bucket.keyId) ?? null;
    slice.buckets.set(bucket.keyId, bucket);
    this.#slices.set(slice.start, slice);
  }

  #dropBuckets(slice: Slice, keyId: number): void {
    for (let bucket = slice.buckets.get(keyId) ?? null; bucket !== null; bucket = bucket.next) {
      bucket.removed = true;
      this.change(bucket);
    }
    slice.buckets.delete(keyId);
    if (slice.buckets.size > 0) return;
    this.#slices.delete(slice.start);
    if (this.#lastSlice === slice) this.#lastSlice = undefined;
  }

  /** The slice around an instant; part of the index only once it has a bucket. */
  #sliceAt(at: Instant): Slice {
    const last = this.#lastSlice;
    if (last !== undefined && at >= last.start && at < last.end) return last;
    const { sizeMs, slideMs, offsetMs } = this.alignment;
    const base = tumblingStart(at, slideMs, offsetMs);
    const isTail = this.#cut > 0 && at >= base + this.#cut;
    const start = isTail ? base + this.#cut : base;
    const known = this.#slices.get(start);
    if (known !== undefined) return (this.#lastSlice = known);
    const end = isTail || this.#cut === 0 ? base + slideMs : base + this.#cut;
    const firstStart = base - Math.floor((base + sizeMs - 1 - start) / slideMs) * slideMs;
    const windows = (base - firstStart) / slideMs + 1;
    const slice: Slice = {
      start,
      end,
      lastStart: base,
      firstStart,
      firstEnd: firstStart + sizeMs,
      windows,
      buckets: new Map(),
    };
    this.#lastSlice = slice;
    return slice;
  }

  *#sliceStarts(from: Instant, to: Instant): Iterable<Instant> {
    for (let base = from; base < to; base += this.alignment.slideMs) {
      yield base;
      if (this.#cut > 0 && base + this.#cut < to) yield base + this.#cut;
    }
  }
}
