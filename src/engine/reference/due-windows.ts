import type { StateRequest, StoredEntry } from '../window-engine.ts';
import type { DueWindow, Ledger } from './ledger.ts';
import type { Sweep } from './sweep.ts';
import { WantedEntries } from './wanted-entries.ts';
import { inFiringOrder } from './window-state.ts';

/** How many windows are made ready to fire at a time. */
const READY_WINDOWS = 512;

/** Due windows in firing order, of which some have been taken, and some are ready: all that they read is in memory. */
class Line {
  #windows: DueWindow[] = [];
  #taken = 0;
  #ready = 0;

  get first(): DueWindow | undefined {
    return this.#windows[this.#taken];
  }

  add(windows: readonly DueWindow[]): void {
    if (windows.length === 0) return;
    // A session that was due can have been absorbed since.
    this.#windows = [...this.#windows.slice(this.#taken), ...windows].filter(({ state }) => !state.removed);
    this.#windows.sort(compare);
    this.#taken = 0;
    this.#ready = 0;
  }

  take(): void {
    this.#taken += 1;
    this.#ready -= 1;
    if (this.#taken < this.#windows.length) return;
    this.#windows = [];
    this.#taken = 0;
    this.#ready = 0;
  }

  /** What the next windows read may have been let go of. */
  forgetReady(): void {
    this.#ready = 0;
  }

  /** Asks for what the next windows read; they are ready when there is nothing to ask for. */
  makeReady(wanted: WantedEntries): readonly Uint8Array[] {
    if (this.#ready > 0) return [];
    const next = this.#windows.slice(this.#taken, this.#taken + READY_WINDOWS);
    for (const { operator, state } of next) operator.wantForFiring(state, wanted);
    const keys = wanted.take();
    if (keys.length === 0) this.#ready = next.length;
    return keys;
  }
}

/** What waits to fire: windows in memory, and those that sweeps bring back, together in firing order. */
export class DueWindows {
  readonly #ledger: Ledger;
  readonly #resident = new Line();
  readonly #swept = new Line();
  #sweeps: Sweep[] = [];
  #answering: Sweep | null = null;
  readonly #wanted = new WantedEntries();
  /** What the next windows read and is not in memory. */
  #unread: readonly Uint8Array[] = [];

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  get isEmpty(): boolean {
    return this.#resident.first === undefined && this.#swept.first === undefined && this.#sweeps.length === 0;
  }

  /** Takes over what the operators have found due. */
  collect(): void {
    const { due, sweeps } = this.#ledger;
    if (sweeps.length > this.#sweeps.length) this.#sweeps = [...sweeps];
    if (due.length === 0) return;
    this.#resident.add(due);
    this.#ledger.due = [];
  }

  /** What must be read before {@link DueWindows.next} can give the next window; null if nothing. */
  request(): StateRequest | null {
    const next = this.#first()?.first;
    const sweep = this.#sweeps.find((one) => next === undefined || one.mayComeBefore(next.state));
    this.#answering = sweep ?? null;
    if (sweep !== undefined) return sweep.request;
    return this.#unread.length === 0 ? null : { type: 'keys', keys: this.#unread };
  }

  /** Takes the answer to a request; false if that was not of a sweep, and the entries are still to be read. */
  supply(entries: readonly StoredEntry[]): boolean {
    this.#unread = [];
    const sweep = this.#answering;
    if (sweep === null) return false;
    this.#answering = null;
    this.#swept.add(sweep.supply(entries));
    if (sweep.isDone) this.#ledger.sweeps = this.#ledger.sweeps.filter((one) => one !== sweep);
    this.#sweeps = [...this.#ledger.sweeps];
    return true;
  }

  /** Takes the next window out; undefined if there is none, or something must be read first. */
  next(): DueWindow | undefined {
    const line = this.#first();
    const next = line?.first;
    if (line === undefined || next === undefined) return undefined;
    if (this.#sweeps.some((sweep) => sweep.mayComeBefore(next.state))) return undefined;
    if (this.#ledger.hasSpilled && !this.#isReady(line)) return undefined;
    line.take();
    return next;
  }

  /** State has been let go of: whether windows are ready must be looked at again. */
  stateSpilled(): void {
    this.#resident.forgetReady();
    this.#swept.forgetReady();
    this.#wanted.clear();
  }

  #isReady(line: Line): boolean {
    this.#unread = line.makeReady(this.#wanted);
    if (this.#unread.length > 0) return false;
    this.#wanted.clear();
    return true;
  }

  /** The line whose first window comes first. */
  #first(): Line | undefined {
    const [a, b] = [this.#resident.first, this.#swept.first];
    if (a === undefined) return b === undefined ? undefined : this.#swept;
    return b === undefined || compare(a, b) <= 0 ? this.#resident : this.#swept;
  }
}

function compare(a: DueWindow, b: DueWindow): number {
  return inFiringOrder(a.state, b.state) || a.operator.settings.place - b.operator.settings.place;
}
