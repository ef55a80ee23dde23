import { present } from '../../errors/assert.ts';
import type { EventBatch } from '../../event/event-batch.ts';
import type { Results } from '../../results/aggregation-result.ts';
import type { Instant, Millis } from '../../time/instant.ts';
import { Cell } from './cell.ts';
import { DeadlineHeap } from './deadline-heap.ts';
import type { Ledger } from './ledger.ts';
import { WindowOperator, type OperatorSettings } from './window-operator.ts';
import { WindowState } from './window-state.ts';

/** Sessions: windows that an event opens, and that merge while less than the gap lies between their events. */
export class SessionWindows extends WindowOperator {
  readonly #gapMs: Millis;
  /**
   * By key id: the sessions that hold state, by end. They overlap only where one was gone by the watermark of the
   * partition whose event made the other.
   */
  readonly #sessions = new Map<number, WindowState[]>();
  /** Keys with sessions that may not be in order of their starts: one reaches around another that was gone. */
  readonly #nested = new Set<number>();
  /** Every session has an entry here, at its end as it was when the entry was made, or at when it is gone. */
  readonly #deadlines = new DeadlineHeap<WindowState>();
  /** Closed sessions whose trigger decides when they go. */
  #lingering: WindowState[] = [];

  constructor(settings: OperatorSettings, ledger: Ledger, gapMs: Millis) {
    super(settings, ledger);
    this.#gapMs = gapMs;
  }

  override add(batch: EventBatch, i: number): boolean {
    const at = batch.timestamps[i] ?? Number.NaN;
    const keyId = batch.keys[i] ?? 0;
    const sessions = this.#sessions.get(keyId) ?? [];
    // Two events exactly a gap apart are two sessions, so spans that only touch stay apart. Sessions that are gone by
    // the partition's own watermark take no part: whether the pipeline's has passed them too is a matter of batches.
    const goneUntil = (batch.watermarks[i] ?? -Infinity) - this.lateness.allowedLatenessMs;
    const joined = this.#overlapping(sessions, Math.max(at, goneUntil), at + this.#gapMs, keyId);
    const start = joined.reduce((least, session) => Math.min(least, session.start), at);
    const end = Math.max(at + this.#gapMs, joined.at(-1)?.end ?? at);
    if (!this.admit(batch, i, start, end)) return true;
    const state = this.#join(sessions, joined, start, end, keyId);
    state.cell?.add(batch, i);
    this.touch(state);
    return true;
  }

  override close(): void {
    const { watermark } = this.ledger;
    for (;;) {
      const state = this.#deadlines.popDue(watermark.timestamp);
      if (state === undefined) break;
      if (state.removed) continue;
      // The session has grown since the entry was made.
      if (state.end > watermark.timestamp) this.#deadlines.push(state.end, state);
      else this.#closeSession(state);
    }
    if (this.#lingering.length > 0) this.#lingering = this.#lingering.filter((state) => this.#lingers(state));
  }

  override results(state: WindowState): Results {
    return present(state.cell, 'cell of a session').results();
  }

  override *states(): Iterable<WindowState> {
    for (const sessions of this.#sessions.values()) yield* sessions;
  }

  override adopt(state: WindowState): void {
    const sessions = this.#sessions.get(state.keyId) ?? [];
    this.#sessions.set(state.keyId, sessions);
    // By end: one that is gone and one that is not can overlap.
    this.#insert(sessions, state);
    this.held(state);
    this.#deadlines.push(state.end, state);
    if (state.closed && state.elements > 0) this.markDue(state);
  }

  override sizeBytes(): number {
    let size = 0;
    for (const state of this.states()) size += 240 + (state.cell?.sizeBytes() ?? 0);
    return size;
  }

  protected override unlink(state: WindowState): void {
    const sessions = this.#sessions.get(state.keyId);
    const index = sessions?.indexOf(state) ?? -1;
    if (sessions === undefined || index === -1) return;
    sessions.splice(index, 1);
    if (sessions.length < 2) this.#nested.delete(state.keyId);
    if (sessions.length === 0) this.#sessions.delete(state.keyId);
  }

  /** The sessions that end after `after` and start before `before`. */
  #overlapping(sessions: readonly WindowState[], after: Instant, before: Instant, keyId: number): WindowState[] {
    const overlapping: WindowState[] = [];
    for (let n = firstEndingAfter(sessions, after); n < sessions.length; n += 1) {
      const session = present(sessions[n], 'session of a key');
      if (session.start < before) overlapping.push(session);
      else if (!this.#nested.has(keyId)) break;
    }
    return overlapping;
  }

  #insert(sessions: WindowState[], state: WindowState): void {
    sessions.splice(firstEndingAfter(sessions, state.end), 0, state);
    this.#noteOrder(sessions, state);
  }

  /** Notes whether a session, new in its place or grown in it, starts before one that ends before it. */
  #noteOrder(sessions: readonly WindowState[], state: WindowState): void {
    const before = sessions[firstEndingAfter(sessions, state.end - 1) - 1];
    if (before !== undefined && before.start > state.start) this.#nested.add(state.keyId);
  }

  /** The session that spans [start, end) once those joined have been merged into it. */
  #join(
    sessions: WindowState[],
    joined: readonly WindowState[],
    start: Instant,
    end: Instant,
    keyId: number,
  ): WindowState {
    const [only] = joined;
    // One that has fired is taken back, and one that is due is not so any more; any other just grows.
    if (only !== undefined && joined.length === 1 && only.panes === 0 && !only.due) {
      only.resize(start, end);
      this.#noteOrder(sessions, only);
      return only;
    }
    // One with just these bounds goes on: a second one would say the same ids again.
    const kept = joined.find((session) => session.start === start && session.end === end);
    const merged = kept ?? this.#open(start, end, keyId);
    for (const absorbed of joined) {
      if (absorbed === merged) continue;
      merged.cell?.merge(present(absorbed.cell, 'cell of a session'));
      merged.elements += absorbed.elements;
      merged.since = Math.min(merged.since, absorbed.since);
      this.#absorb(absorbed);
    }
    if (kept === undefined) this.#insert(sessions, merged);
    this.#sessions.set(keyId, sessions);
    return merged;
  }

  #open(start: Instant, end: Instant, keyId: number): WindowState {
    const key = this.ledger.keys.keyOf(keyId);
    const state = new WindowState(start, end, keyId, key, new Cell(this.settings.shape), this.ledger.now);
    this.created(state);
    this.#deadlines.push(end, state);
    return state;
  }

  /** Takes a session out that a larger one has taken in; what it had said is taken back. */
  #absorb(absorbed: WindowState): void {
    if (absorbed.emitted !== null) {
      this.ledger.emitted.push(this.emit(absorbed, absorbed.emitted, 'retraction', true));
    }
    this.remove(absorbed);
  }

  #closeSession(state: WindowState): void {
    if (!state.closed) this.markDue(state);
    if (this.trigger?.shouldPurge !== undefined) this.#lingering.push(state);
    else if (this.isPast(state.end)) this.retire(state);
    else this.#deadlines.push(state.end + this.lateness.allowedLatenessMs, state);
  }

  #lingers(state: WindowState): boolean {
    if (!state.removed && this.isGone(state.window)) this.retire(state);
    return !state.removed && !state.due;
  }
}

/** Index of the first session that ends after `at`; they are in order of their ends. */
function firstEndingAfter(sessions: readonly WindowState[], at: Instant): number {
  let low = 0;
  let high = sessions.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sessions[middle]?.end ?? Infinity) > at) high = middle;
    else low = middle + 1;
  }
  return low;
}
