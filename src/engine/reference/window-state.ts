import type { Results } from '../../results/aggregation-result.ts';
import { Window } from '../../event/window.ts';
import type { GroupingKey } from '../../event/grouping-key.ts';
import type { Instant } from '../../time/instant.ts';
import type { Cell } from './cell.ts';
import type { Owners } from './owners.ts';
import { StoredItem } from './stored-item.ts';

/** One window of one key: how often it has fired, and what it holds. */
export class WindowState extends StoredItem {
  start: Instant;
  end: Instant;
  readonly keyId: number;
  readonly key: GroupingKey | null;
  /** Null where the window's contents are spread over slices. */
  readonly cell: Cell | null;
  /** The partitions whose events it holds, where that is kept. */
  owners: Owners = 0;
  /** Panes emitted so far: the index of the next one. */
  panes = 0;
  /** True once the watermark has made it fire. */
  closed = false;
  /** True while it is waiting to fire. */
  due = false;
  /** Elements since the last firing. */
  elements = 0;
  /** By the clock: the last firing, or the first element. */
  since: Instant;
  /** What was last emitted, kept where it may have to be retracted. */
  emitted: Results | null = null;
  #window: Window | null = null;

  constructor(start: Instant, end: Instant, keyId: number, key: GroupingKey | null, cell: Cell | null, since: Instant) {
    super();
    this.start = start;
    this.end = end;
    this.keyId = keyId;
    this.key = key;
    this.cell = cell;
    this.since = since;
  }

  get window(): Window {
    this.#window ??= new Window(this.start, this.end, this.key);
    return this.#window;
  }

  /** Bytes held, estimated: measured with one metric and all aggregates, with the key's share. */
  sizeBytes(): number {
    return 960 + (this.cell?.sizeBytes() ?? 0);
  }

  /** Moves the bounds of a window that has not fired yet. */
  resize(start: Instant, end: Instant): void {
    this.start = start;
    this.end = end;
    this.#window = null;
  }
}

/** Order of firing: by end, then start, then key. */
export function inFiringOrder(a: WindowState, b: WindowState): number {
  if (a.end !== b.end) return a.end - b.end;
  if (a.start !== b.start) return a.start - b.start;
  const left = a.key?.toString() ?? '';
  const right = b.key?.toString() ?? '';
  return left < right ? -1 : left > right ? 1 : 0;
}
