import { present } from '../../errors/assert.ts';
import type { EventColumns } from '../../event/event-batch.ts';
import type { GroupingKey } from '../../event/grouping-key.ts';
import type { Results } from '../../results/aggregation-result.ts';
import type { Instant, Millis } from '../../time/instant.ts';
import type { StateRecord, StoredEntry } from '../window-engine.ts';
import { Cell } from './cell.ts';
import { DeadlineHeap } from './deadline-heap.ts';
import { EntryKind, readGroupingKey, withGroupingKey, type EntryKey } from './entry-keys.ts';
import { ClockHand } from './clock-hand.ts';
import { isEarlier, KeySessions, type Timer } from './key-sessions.ts';
import type { Ledger } from './ledger.ts';
import { SessionCount } from './session-count.ts';
import { SessionSweep } from './session-sweep.ts';
import { joinOwners } from './owners.ts';
import type { StoredItem } from './stored-item.ts';
import type { WantedEntries } from './wanted-entries.ts';
import { WindowOperator, type OperatorSettings } from './window-operator.ts';
import { WindowState } from './window-state.ts';

/** Sessions: windows that an event opens, and that merge while less than the gap lies between their events. */
export class SessionWindows extends WindowOperator {
  readonly #gapMs: Millis;
  /** What is in memory, by key id: all sessions of a key, or none. */
  readonly #keys = new Map<number, KeySessions>();
  readonly #count = new SessionCount();
  /** Every session in memory has an entry here, at its end as it was when the entry was made, or at when it is gone. */
  readonly #deadlines = new DeadlineHeap<WindowState>();
  /** Closed sessions whose trigger decides when they go. */
  #lingering: WindowState[] = [];
  /** Keys whose entries are to be deleted, by text: what the backend still holds of them counts no more. */
  #going = new Set<string>();
  /** The same of the last delta, which may be on its way. */
  #gone = new Set<string>();
  /** No timer of a spilled key is earlier. */
  #nextTimer: Instant = Infinity;
  readonly #hand = new ClockHand<KeySessions>(() => [{ items: this.#keys, spilled: 0, isCleaned: false }]);

  constructor(settings: OperatorSettings, ledger: Ledger, gapMs: Millis) {
    super(settings, ledger);
    this.#gapMs = gapMs;
  }

  override add(batch: EventColumns, i: number): boolean {
    const at = batch.timestamps[i] ?? Number.NaN;
    const keyId = batch.keys[i] ?? 0;
    // Two events exactly a gap apart are two sessions, so spans that only touch stay apart. Sessions that are gone by
    // the partition's own watermark take no part: whether the pipeline's has passed them too is a matter of batches.
    const goneUntil = (batch.watermarks[i] ?? -Infinity) - this.lateness.allowedLatenessMs;
    const joined = this.#keys.get(keyId)?.overlapping(Math.max(at, goneUntil), at + this.#gapMs) ?? [];
    const start = joined.reduce((least, session) => Math.min(least, session.start), at);
    const end = Math.max(at + this.#gapMs, joined.at(-1)?.end ?? at);
    if (!this.admit(batch, i, start, end)) return true;
    const state = this.own(this.#join(joined, start, end, keyId));
    state.cell?.add(batch, i);
    this.touch(state);
    return true;
  }

  override want(batch: EventColumns, i: number, wanted: WantedEntries): void {
    const keyId = batch.keys[i] ?? 0;
    if (this.#count.spilledKeys === 0 || this.#keys.has(keyId)) return;
    const key = this.ledger.keys.keyOf(keyId);
    if (!this.#isGone(key)) wanted.add(withGroupingKey(this.entryKeys.sessions, key));
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
    const isSwept = this.ledger.sweeps.some((sweep) => sweep instanceof SessionSweep && sweep.isOf(this));
    if (this.#nextTimer <= watermark.timestamp && this.#count.spilledKeys > 0 && !isSwept) {
      this.ledger.sweeps.push(new SessionSweep(this, this.entryKeys, this.ledger));
    }
  }

  override results(state: WindowState): Results {
    return present(state.cell, 'cell of a session').results();
  }

  override *states(): Iterable<WindowState> {
    for (const { list } of this.#keys.values()) yield* list;
  }

  override sizeBytes(): number {
    let size = 0;
    for (const sessions of this.#keys.values()) size += sessions.sizeBytes();
    return size;
  }

  protected override write(item: StoredItem, delta: StateRecord[]): void {
    item.changed = false;
    if (item instanceof KeySessions) this.#writeSessions(item, delta);
    else if (item instanceof SessionCount)
      item.write(this.entryKeys.head(EntryKind.sessions, 0), this.#keys.size, delta);
  }

  override read({ kind, rest }: EntryKey, { value }: StoredEntry): void {
    if (kind === EntryKind.head) this.#readCount(value);
    else if (kind === EntryKind.sessions) {
      for (const state of this.adopt(readGroupingKey(rest), value)) this.markDue(state);
    }
  }

  protected override deltaTaken(): void {
    this.#gone = this.#going;
    this.#going = new Set();
  }

  override spill(limit: number): void {
    this.#hand.spill(this.ledger, limit, (_, sessions) => {
      if (sessions.list.some(({ due }) => due)) return false;
      this.#keys.delete(sessions.keyId);
      this.#count.spilledKeys += 1;
      for (const state of sessions.list) {
        this.spilled(state);
        // Its entry among the deadlines counts no more.
        state.removed = true;
      }
      this.#nextTimer = Math.min(this.#nextTimer, sessions.timer?.deadline ?? -Infinity);
      return true;
    });
  }

  /** True if a timer's sessions have to be read; of those in memory, it notes that their timer must be set anew. */
  needsReading(key: GroupingKey | null): boolean {
    const sessions = this.#keys.get(this.ledger.keys.idOf(key));
    if (sessions !== undefined) this.change(sessions);
    return sessions === undefined && !this.#isGone(key);
  }

  /** Notes where the timers of keys that are not in memory go on. */
  setNextTimer(deadline: Instant): void {
    this.#nextTimer = deadline;
  }

  /** Takes the sessions of a key into memory, and gives those that the watermark makes fire. */
  adopt(key: GroupingKey | null, value: Uint8Array): readonly WindowState[] {
    const keyId = this.ledger.keys.idOf(key);
    if (this.#keys.has(keyId)) return [];
    const sessions = KeySessions.decode(value, this.settings.shape, keyId, key);
    this.#keys.set(keyId, sessions);
    this.ledger.weigh(sessions, sessions.sizeBytes());
    if (this.isSpillable) this.#count.spilledKeys -= 1;
    const due: WindowState[] = [];
    for (const state of sessions.list.slice()) {
      if (this.isSpillable) this.reloaded(state);
      else this.held(state);
      const isDue = state.closed ? state.elements > 0 : state.end <= this.ledger.watermark.timestamp;
      if (isDue) due.push(state);
      else if (state.closed && this.isPast(state.end)) this.remove(state);
      this.#deadlines.push(state.end, state);
    }
    if (sessions.timer !== null && sessions.timer.deadline <= this.ledger.watermark.timestamp) this.change(sessions);
    return due;
  }

  protected override unlink(state: WindowState): void {
    const sessions = this.#keys.get(state.keyId);
    if (sessions === undefined) return;
    sessions.remove(state);
    this.#count.sessions -= 1;
    super.change(this.#count);
    sessions.removed = sessions.list.length === 0;
    super.change(sessions);
    this.ledger.weigh(sessions, sessions.removed ? 0 : sessions.sizeBytes());
    if (!sessions.removed) return;
    this.#keys.delete(state.keyId);
    if (sessions.stored) this.#going.add(textOf(sessions.key));
  }

  #isGone(key: GroupingKey | null): boolean {
    if (this.#going.size + this.#gone.size === 0) return false;
    const text = textOf(key);
    return this.#going.has(text) || this.#gone.has(text);
  }

  /** A session has no entry of its own: it stands in its key's. */
  protected override change(item: StoredItem): void {
    if (!(item instanceof WindowState)) super.change(item);
    else if (!item.removed) super.change(present(this.#keys.get(item.keyId), 'sessions of a key'));
  }

  /** The session that spans [start, end) once those joined have been merged into it. */
  #join(joined: readonly WindowState[], start: Instant, end: Instant, keyId: number): WindowState {
    const [only] = joined;
    // One that has fired is taken back, and one that is due is not so any more; any other just grows.
    if (only !== undefined && joined.length === 1 && only.panes === 0 && !only.due) {
      only.resize(start, end);
      this.#keys.get(keyId)?.noteOrder(only);
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
      merged.owners = joinOwners(merged.owners, absorbed.owners);
      this.#absorb(absorbed);
    }
    return merged;
  }

  #open(start: Instant, end: Instant, keyId: number): WindowState {
    const key = this.ledger.keys.keyOf(keyId);
    const state = new WindowState(start, end, keyId, key, new Cell(this.settings.shape), this.ledger.now);
    state.owners = this.ledger.partition;
    const sessions = this.#keys.get(keyId) ?? new KeySessions(keyId, key);
    this.#keys.set(keyId, sessions);
    sessions.insert(state);
    this.#count.sessions += 1;
    super.change(this.#count);
    this.created(state);
    this.ledger.weigh(sessions, sessions.sizeBytes());
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

  #writeSessions(sessions: KeySessions, delta: StateRecord[]): void {
    const key = withGroupingKey(this.entryKeys.sessions, sessions.key);
    const before = sessions.timer;
    sessions.timer = sessions.removed ? null : this.#timerOf(sessions);
    if (this.isSpillable && before !== sessions.timer) {
      if (before !== null) delta.push({ key: this.#timerKey(before, sessions.key) });
      if (sessions.timer !== null) {
        delta.push({ key: this.#timerKey(sessions.timer, sessions.key), value: new Uint8Array() });
      }
    }
    if (sessions.removed) {
      if (sessions.stored) delta.push({ key });
      sessions.stored = false;
      return;
    }
    sessions.stored = true;
    delta.push({ key, value: sessions.encode(this.settings.shape) });
    this.ledger.weigh(sessions, sessions.sizeBytes());
  }

  /** The timer to store: the one that is there, as long as it is not too late and has not gone off. */
  #timerOf(sessions: KeySessions): Timer {
    const first = sessions.firstDeadline(this.lateness.allowedLatenessMs);
    const { timer } = sessions;
    if (timer === null || isEarlier(first, timer) || timer.deadline <= this.ledger.watermark.timestamp) {
      return timer?.deadline === first.deadline && timer.start === first.start ? timer : first;
    }
    return timer;
  }

  #timerKey({ deadline, start }: Timer, key: GroupingKey | null): Uint8Array {
    return this.entryKeys.timer(deadline, start, key);
  }

  #readCount(value: Uint8Array): void {
    const keys = this.#count.decode(value);
    if (!this.isSpillable) return;
    this.#count.spilledKeys = keys;
    this.ledger.activeWindows += this.#count.sessions;
    this.ledger.spilledWindows += this.#count.sessions;
    this.#nextTimer = -Infinity;
  }
}

function textOf(key: GroupingKey | null): string {
  return key?.toString() ?? '';
}
