import { ByteReader } from '../../aggregations/accumulator-bytes.ts';
import type { GroupingKey } from '../../event/grouping-key.ts';
import type { Instant } from '../../time/instant.ts';
import { lastStartAt, windowsBefore, type Alignment } from './alignment.ts';
import type { Cell } from './cell.ts';
import { readOwners, writeOwners, type Owners } from './owners.ts';
import { Shelf } from './shelf.ts';
import { entryBytes, readCell, writeCell, type EntryShape } from './state-codec.ts';
import { StoredItem } from './stored-item.ts';

/** Values of one key in one slice, for the windows that end at `firstEnd` or later. */
export interface Bucket {
  readonly firstEnd: Instant;
  readonly cell: Cell;
}

/**
 * What one key has in one slice. Normally that is one bucket, for the first window over the slice and those after it;
 * events that came too late for some of the windows stand in buckets of their own.
 */
export class SliceState extends StoredItem {
  readonly slice: Slice;
  readonly keyId: number;
  readonly key: GroupingKey | null;
  readonly buckets: Bucket[] = [];
  /** The partitions whose events it holds, where that is kept. */
  owners: Owners = 0;

  constructor(slice: Slice, keyId: number, key: GroupingKey | null) {
    super();
    this.slice = slice;
    this.keyId = keyId;
    this.key = key;
  }

  sizeBytes(): number {
    return this.buckets.reduce((size, { cell }) => size + cell.sizeBytes(), 192);
  }

  encode(shape: EntryShape): Uint8Array {
    return entryBytes((writer) => {
      if (shape.byPartition) writeOwners(writer, this.owners);
      writer.whole(this.buckets.length);
      for (const { firstEnd, cell } of this.buckets) {
        writer.float(firstEnd);
        writeCell(writer, shape, cell);
      }
    });
  }

  /** Takes in what {@link SliceState.encode} gave. @throws ProcessorError ACCUMULATOR_CORRUPT for anything else. */
  decode(value: Uint8Array, shape: EntryShape): void {
    const reader: ByteReader = new ByteReader(value);
    if (shape.byPartition) this.owners = readOwners(reader);
    for (let left = reader.whole(); left > 0; left -= 1) {
      this.buckets.push({ firstEnd: reader.finite(), cell: readCell(reader, shape) });
    }
    reader.end();
    this.stored = true;
  }

  bucketOf(firstEnd: Instant): Bucket | undefined {
    const [first] = this.buckets;
    if (first?.firstEnd === firstEnd) return first;
    return this.buckets.find((bucket) => bucket.firstEnd === firstEnd);
  }
}

/** Where a slice lies, and which windows cover it. */
export interface SliceBounds {
  readonly start: Instant;
  readonly end: Instant;
  /** Start and end of the first window that covers the slice. */
  readonly firstStart: Instant;
  readonly firstEnd: Instant;
  /** Start of the last one. */
  readonly lastStart: Instant;
  /** How many they are. */
  readonly windows: number;
}

/** A stretch of time in which no window starts or ends, with what the keys have in it. */
export class Slice extends Shelf<SliceState> {
  readonly bounds: SliceBounds;

  constructor(bounds: SliceBounds, prefix: Uint8Array) {
    super(bounds.start, bounds.end, prefix);
    this.bounds = bounds;
  }
}

/** Where slices lie: cut where some window starts or ends, so there are one or two a slide. */
export class SliceGrid {
  readonly #alignment: Alignment;
  /** Where in a slide a window ends; 0 where ends and starts fall together. */
  readonly #cut: number;

  constructor(alignment: Alignment) {
    this.#alignment = alignment;
    this.#cut = alignment.sizeMs % alignment.slideMs;
  }

  /** The slice around an instant. */
  boundsAt(at: Instant): SliceBounds {
    const { sizeMs, slideMs } = this.#alignment;
    const base = lastStartAt(at, this.#alignment);
    const isTail = this.#cut > 0 && at >= base + this.#cut;
    const start = isTail ? base + this.#cut : base;
    const end = isTail || this.#cut === 0 ? base + slideMs : base + this.#cut;
    const windows = windowsBefore(start, base, this.#alignment) + 1;
    const firstStart = base - (windows - 1) * slideMs;
    return { start, end, firstStart, firstEnd: firstStart + sizeMs, lastStart: base, windows };
  }

  /** The starts of the slices in a window. */
  *startsIn(from: Instant, to: Instant): Iterable<Instant> {
    for (let base = from; base < to; base += this.#alignment.slideMs) {
      yield base;
      if (this.#cut > 0 && base + this.#cut < to) yield base + this.#cut;
    }
  }
}
