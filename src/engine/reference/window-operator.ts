import type { EventColumns } from '../../event/event-batch.ts';
import type { GroupingKey } from '../../event/grouping-key.ts';
import { Window, type WindowType } from '../../event/window.ts';
import type { Pane, Results } from '../../results/aggregation-result.ts';
import type { Instant } from '../../time/instant.ts';
import type { WindowTrigger } from '../../windows/window-trigger.ts';
import type { FiredPane, StateRecord, StoredEntry } from '../window-engine.ts';
import { askTrigger } from './ask-trigger.ts';
import { EntryKeys, type EntryKey } from './entry-keys.ts';
import { judge, Verdict, type LatenessRule } from './lateness.ts';
import type { Ledger } from './ledger.ts';
import type { Owners } from './owners.ts';
import type { EntryShape } from './state-codec.ts';
import type { StoredItem } from './stored-item.ts';
import type { WantedEntries } from './wanted-entries.ts';
import type { WindowState } from './window-state.ts';

/** What an operator needs to know of its window definition. */
export interface OperatorSettings {
  readonly name: string;
  /** Its place among the definitions: of windows that are due with the same bounds and key, the first comes first. */
  readonly place: number;
  /** What the keys of all entries begin with. */
  readonly entryPrefix: Uint8Array;
  readonly type: WindowType;
  readonly lateness: LatenessRule;
  readonly trigger: WindowTrigger | undefined;
  readonly shape: EntryShape;
}

/** The windows of one definition: what the three kinds of windows have in common. */
export abstract class WindowOperator {
  readonly settings: OperatorSettings;
  protected readonly ledger: Ledger;
  protected readonly lateness: LatenessRule;
  protected readonly trigger: WindowTrigger | undefined;
  /** What has changed or gone since the last delta, in no order. */
  #changes: StoredItem[] = [];
  /** Windows that end by then are gone: an earlier run, which allowed less lateness, has let them go. */
  #goneUntil: Instant = -Infinity;
  /** The same for the windows of one partition, by its number. */
  readonly #goneUntilOf = new Map<number, Instant>();
  protected readonly entryKeys: EntryKeys;

  constructor(settings: OperatorSettings, ledger: Ledger) {
    this.settings = settings;
    this.ledger = ledger;
    this.lateness = settings.lateness;
    this.trigger = settings.trigger;
    this.entryKeys = new EntryKeys(settings.entryPrefix, settings.name);
  }

  /**
   * The keys of the entries that a restart must load. A trigger may fire any window at any tick of the clock, so
   * windows with one all stay in memory.
   */
  get restartPrefix(): Uint8Array {
    return this.isSpillable ? this.entryKeys.heads : this.entryKeys.all;
  }

  get isSpillable(): boolean {
    return this.trigger === undefined;
  }

  /** Adds event `i` of a batch to the windows that it belongs to. False if there are none. */
  abstract add(batch: EventColumns, i: number): boolean;
  /** The watermark has moved to the ledger's: notes what is due, and lets go of windows that are gone and not due. */
  abstract close(): void;
  /** The aggregates of a window as of now. */
  abstract results(state: WindowState): Results;
  /** Every window that holds state, in no order. */
  abstract states(): Iterable<WindowState>;
  /** Adds the keys of the entries that event `i` of a batch needs and that are not in memory. */
  abstract want(batch: EventColumns, i: number, wanted: WantedEntries): void;
  /** Adds to a delta what has become of a changed item. */
  protected abstract write(item: StoredItem, delta: StateRecord[]): void;
  /** Takes an entry into memory: at a restart, or one that was asked for. */
  abstract read(key: EntryKey, entry: StoredEntry): void;
  /** How much the next delta has to look at. */
  get changed(): number {
    return this.#changes.length;
  }

  /** Adds to a delta all that has changed or gone since the last. */
  takeDelta(delta: StateRecord[]): void {
    const changes = this.#changes;
    this.#changes = [];
    // What is gone comes first: something new may have taken its place, under the same key.
    for (const item of changes) if (item.removed) this.write(item, delta);
    for (const item of changes) if (!item.removed) this.write(item, delta);
    this.deltaTaken();
  }

  /** A delta has been taken; all deltas before it are stored. */
  protected deltaTaken(): void {
    // As a rule nothing depends on it.
  }

  /** Lets go of items that are stored as they are, until no more than `limit` bytes are in memory, or none is left. */
  abstract spill(limit: number): void;
  /** Bytes held, estimated. */
  abstract sizeBytes(): number;
  /** Takes a window out of the index. */
  protected abstract unlink(state: WindowState): void;

  /** Adds the keys of the entries that the firing of a window reads and that are not in memory. */
  wantForFiring(_state: WindowState, _wanted: WantedEntries): void {
    // As a rule a window holds all that its firing reads.
  }

  /** Asks the trigger about every window that has new elements. */
  tick(): void {
    if (this.trigger === undefined) return;
    for (const state of this.states()) this.consult(state);
  }

  /** Windows that end by `until` are gone, whatever the lateness: of one partition, or of all. */
  letGo(until: Instant, partition?: number): void {
    if (partition === undefined) this.#goneUntil = Math.max(this.#goneUntil, until);
    else this.#goneUntilOf.set(partition, Math.max(this.#goneUntilOf.get(partition) ?? -Infinity, until));
  }

  /** Fires a window that the watermark has passed. */
  fireDue(state: WindowState): FiredPane {
    const timing = state.closed ? 'late' : 'on_time';
    state.due = false;
    state.closed = true;
    const fired = this.#fire(state, timing);
    if (this.isGone(state.window)) this.remove(state);
    return fired;
  }

  /** True when the watermark, the pipeline's if none is given, has taken the window's state away. */
  protected isGone(window: Window, watermark = this.ledger.watermark): boolean {
    if (watermark.timestamp === Infinity) return true;
    if (this.trigger?.shouldPurge === undefined) return this.isPast(window.end, watermark);
    if (watermark.timestamp < window.end) return false;
    const { trigger } = this;
    return askTrigger(this.settings.name, 'shouldPurge', () => trigger.shouldPurge?.(window, watermark) === true);
  }

  /** True when a window that ends at `end` would be gone by the default rule. */
  protected isPast(end: Instant, watermark = this.ledger.watermark): boolean {
    return watermark.timestamp >= end + this.lateness.allowedLatenessMs || end <= this.#goneUntil;
  }

  /** Counts event `i` for the window [start, end) and says whether it belongs in; if not, it has been dropped. */
  protected admit(batch: EventColumns, i: number, start: Instant, end: Instant): boolean {
    const { counters, passed } = this.ledger;
    const at = batch.timestamps[i] ?? Number.NaN;
    const judgedBy = batch.watermarks[i] ?? -Infinity;
    counters.assigned += 1;
    const verdict = judge(at, end, judgedBy, this.lateness);
    if (verdict === Verdict.dropped || passed.timestamp >= end) {
      const window = new Window(start, end, this.ledger.keys.keyOf(batch.keys[i] ?? 0));
      // A partition that was idle can be in time by its own watermark for a window that the others have closed.
      if (verdict === Verdict.dropped || this.isGone(window, passed) || this.#wasLetGo(end)) {
        this.ledger.drop(i, window, verdict === Verdict.dropped ? judgedBy : passed.timestamp);
        return false;
      }
    }
    if (verdict === Verdict.onTime) counters.onTime += 1;
    else if (verdict === Verdict.outOfOrder) counters.outOfOrder += 1;
    else counters.acceptedLate += 1;
    return true;
  }

  /** Notes that a window has a new element, and lets it fire if it is time. */
  protected touch(state: WindowState): void {
    state.elements += 1;
    // Asked here too, for each event comes by, and few change what has not changed.
    if (!state.changed) this.change(state);
    if (state.closed || this.ledger.passed.timestamp >= state.end) this.markDue(state);
    else if (this.trigger !== undefined) this.consult(state);
  }

  /** Notes that something holds events of the partition that is read; gives it back. */
  protected own<T extends StoredItem & { readonly key: GroupingKey | null; owners: Owners }>(item: T): T {
    if (item.owners === this.ledger.partition) return item;
    const owners = this.ledger.ownersWith(item.owners, item.key);
    if (owners === item.owners) return item;
    item.owners = owners;
    this.change(item);
    return item;
  }

  protected markDue(state: WindowState): void {
    if (state.due) return;
    state.due = true;
    this.ledger.due.push({ operator: this, state });
  }

  /** Takes a new window into the counts. */
  protected created(state: WindowState): void {
    this.held(state);
    this.change(state);
  }

  /** Takes a window into the counts that is stored already. */
  protected held(state: WindowState): void {
    this.ledger.activeWindows += 1;
    this.ledger.hold(state.keyId);
  }

  /** Takes a window into memory that was spilled. */
  protected reloaded(state: WindowState): void {
    this.ledger.spilledWindows -= 1;
    this.ledger.reloaded += 1;
    this.ledger.hold(state.keyId);
  }

  /** Lets go of a window that is stored as it is. */
  protected spilled(state: WindowState): void {
    this.ledger.spilledWindows += 1;
    this.ledger.spilled += 1;
    this.ledger.release(state.keyId);
  }

  protected remove(state: WindowState): void {
    this.unlink(state);
    state.removed = true;
    this.ledger.weigh(state, 0);
    this.ledger.activeWindows -= 1;
    this.ledger.release(state.keyId);
    this.change(state);
  }

  /** Lets go of a closed window, unless it has still to fire: it is removed then. */
  protected retire(state: WindowState): void {
    if (!state.due) this.remove(state);
  }

  /** Notes that the next delta has to say something of an item; of one that has come and gone since the last, it has not. */
  protected change(item: StoredItem): void {
    if (!this.ledger.tracksChanges || (item.changed && !item.removed)) return;
    if (item.removed && !item.stored) this.#unchange(item);
    else if (!item.changed) {
      item.changed = true;
      item.touched = true;
      item.changeIndex = this.#changes.push(item) - 1;
    }
  }

  protected emit(state: WindowState, results: Results, timing: Pane['timing'], final: boolean): FiredPane {
    const pane: Pane = { index: state.panes, timing, final };
    state.panes += 1;
    this.ledger.counters.fired += 1;
    this.change(state);
    const { name, type } = this.settings;
    return { windowName: name, windowType: type, window: state.window, results, pane };
  }

  protected consult(state: WindowState): void {
    const { trigger } = this;
    const { now, watermark } = this.ledger;
    if (trigger === undefined || state.elements === 0 || watermark.timestamp >= state.end) return;
    const context = { now, since: state.since };
    const fires = askTrigger(this.settings.name, 'shouldFire', () =>
      trigger.shouldFire(state.window, watermark, state.elements, context),
    );
    if (fires) this.ledger.emitted.push(this.#fire(state, 'early'));
  }

  /**
   * True when a window fired by the watermark cannot fire again: nothing late is allowed, or the input has ended. How
   * far the watermark happens to have jumped plays no part, so that the same input gives the same panes.
   */
  get #isLast(): boolean {
    if (this.ledger.watermark.timestamp === Infinity) return true;
    return this.lateness.allowedLatenessMs === 0 && this.trigger?.shouldPurge === undefined;
  }

  /** True for windows of the partition under way that an engine before this one has let go. */
  #wasLetGo(end: Instant): boolean {
    return this.#goneUntilOf.size > 0 && end <= (this.#goneUntilOf.get(this.ledger.partition) ?? -Infinity);
  }

  #fire(state: WindowState, timing: Pane['timing']): FiredPane {
    const results = this.results(state);
    const fired = this.emit(state, results, timing, timing !== 'early' && this.#isLast);
    state.elements = 0;
    state.since = this.ledger.now;
    // Only sessions are ever retracted.
    if (this.settings.type === 'session') state.emitted = results;
    return fired;
  }

  /** To keep until the next delta what is gone would fill the memory with it, wherever windows are short. */
  #unchange(item: StoredItem): void {
    if (!item.changed) return;
    item.changed = false;
    const last = this.#changes.pop();
    if (last === undefined || last === item) return;
    this.#changes[item.changeIndex] = last;
    last.changeIndex = item.changeIndex;
  }
}
