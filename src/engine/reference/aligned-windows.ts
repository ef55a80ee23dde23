import type { EventBatch } from '../../event/event-batch.ts';
import type { Results } from '../../results/aggregation-result.ts';
import type { Instant, Millis } from '../../time/instant.ts';
import { tumblingStart } from '../../windows/window-arithmetic.ts';
import { present } from '../../errors/assert.ts';
import { Cell } from './cell.ts';
import { DeadlineHeap } from './deadline-heap.ts';
import type { Ledger } from './ledger.ts';
import { WindowOperator, type OperatorSettings } from './window-operator.ts';
import { WindowState } from './window-state.ts';

/** The windows of all keys over one span of time. */
interface Group {
  readonly start: Instant;
  readonly end: Instant;
  readonly states: Map<number, WindowState>;
  /** True once the watermark has reached the end. */
  closed: boolean;
}

/** Where windows that are aligned to the calendar of 1970 lie. Tumbling windows have slide = size. */
export interface Alignment {
  readonly sizeMs: Millis;
  readonly slideMs: Millis;
  readonly offsetMs: Millis;
}

/** Tumbling windows, and sliding ones that keep an accumulator for each window. */
export class AlignedWindows extends WindowOperator {
  protected readonly alignment: Alignment;
  readonly #groups = new Map<Instant, Group>();
  /** Groups by when they close; closed ones by when they are gone. */
  readonly #deadlines = new DeadlineHeap<Group>();
  /** Closed groups whose trigger decides when they go. */
  #lingering: Group[] = [];
  #last: Group | undefined;

  constructor(settings: OperatorSettings, ledger: Ledger, alignment: Alignment) {
    super(settings, ledger);
    this.alignment = alignment;
  }

  override add(batch: EventBatch, i: number): boolean {
    const { sizeMs, slideMs, offsetMs } = this.alignment;
    const at = batch.timestamps[i] ?? Number.NaN;
    const last = tumblingStart(at, slideMs, offsetMs);
    const reach = sizeMs - 1 - (at - last);
    if (reach < 0) return false;
    const earlier = Math.floor(reach / slideMs);
    for (let n = earlier; n >= 0; n -= 1) this.#addTo(last - n * slideMs, batch, i);
    return true;
  }

  override close(): void {
    const { watermark } = this.ledger;
    for (;;) {
      const group = this.#deadlines.popDue(watermark.timestamp);
      if (group === undefined) break;
      if (group.closed) this.#retireGroup(group);
      else this.#closeGroup(group);
    }
    if (this.#lingering.length > 0) this.#lingering = this.#lingering.filter((group) => this.#lingers(group));
  }

  override results(state: WindowState): Results {
    return present(state.cell, 'cell of an aligned window').results();
  }

  override *states(): Iterable<WindowState> {
    for (const group of this.#groups.values()) yield* group.states.values();
  }

  override adopt(state: WindowState): void {
    const group = this.#groupAt(state.start);
    group.states.set(state.keyId, state);
    this.held(state);
    if (state.closed && state.elements > 0) this.markDue(state);
  }

  override sizeBytes(): number {
    let size = 0;
    for (const state of this.states()) size += 160 + (state.cell?.sizeBytes() ?? 0);
    return size;
  }

  protected override unlink(state: WindowState): void {
    const group = this.#groups.get(state.start);
    if (group === undefined) return;
    group.states.delete(state.keyId);
    if (group.states.size > 0 || !group.closed) return;
    this.#groups.delete(state.start);
    if (this.#last === group) this.#last = undefined;
  }

  /** The state of the window of a key that starts at `start`; a new one if it is new. */
  protected stateAt(start: Instant, keyId: number): WindowState {
    const group = this.#last?.start === start ? this.#last : this.#groupAt(start);
    this.#last = group;
    const known = group.states.get(keyId);
    if (known !== undefined) return known;
    const key = this.ledger.keys.keyOf(keyId);
    const state = new WindowState(start, group.end, keyId, key, this.newCell(), this.ledger.now);
    group.states.set(keyId, state);
    this.created(state);
    return state;
  }

  /** True if the window of a key that starts at `start` holds state. */
  protected hasState(start: Instant, keyId: number): boolean {
    return this.#groups.get(start)?.states.has(keyId) === true;
  }

  /** The cell of a new window; null where windows hold none of their own. */
  protected newCell(): Cell | null {
    return new Cell(this.settings.shape);
  }

  #addTo(start: Instant, batch: EventBatch, i: number): void {
    if (!this.admit(batch, i, start, start + this.alignment.sizeMs)) return;
    const state = this.stateAt(start, batch.keys[i] ?? 0);
    state.cell?.add(batch, i);
    this.touch(state);
  }

  #groupAt(start: Instant): Group {
    const known = this.#groups.get(start);
    if (known !== undefined) return known;
    const group: Group = { start, end: start + this.alignment.sizeMs, states: new Map(), closed: false };
    this.#groups.set(start, group);
    this.#deadlines.push(group.end, group);
    return group;
  }

  #closeGroup(group: Group): void {
    group.closed = true;
    for (const state of group.states.values()) {
      if (!state.closed) this.markDue(state);
    }
    if (this.trigger?.shouldPurge !== undefined) this.#lingering.push(group);
    else this.#deadlines.push(group.end + this.lateness.allowedLatenessMs, group);
  }

  #retireGroup(group: Group): void {
    for (const state of group.states.values()) this.retire(state);
    // Windows that have still to fire go with their firing; nothing is added to the group any more.
    if (this.#last === group) this.#last = undefined;
    if (group.states.size === 0) this.#groups.delete(group.start);
  }

  #lingers(group: Group): boolean {
    for (const state of group.states.values()) {
      if (this.isGone(state.window)) this.retire(state);
    }
    return group.states.size > 0;
  }
}
