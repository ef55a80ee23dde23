import { ProcessorError } from '../../errors/processor-error.ts';
import { readGroupingKey } from './entry-keys.ts';
import { KeyReader } from '../../state/key-encoding.ts';
import type { StateRequest, StoredEntry } from '../window-engine.ts';
import type { AlignedWindows } from './aligned-windows.ts';
import type { DueWindow } from './ledger.ts';
import type { Shelf, ShelfSweep } from './shelf.ts';
import type { Sweep } from './sweep.ts';
import type { WindowState } from './window-state.ts';

/** Reads back the windows of one span of time that are due, in the order of their keys. */
export class GroupSweep implements Sweep, ShelfSweep<WindowState> {
  readonly #operator: AlignedWindows;
  readonly #group: Shelf<WindowState>;
  readonly #pageEntries: number;
  /** Windows that were spilled when it began, and that it has not come across yet. */
  #missing: number;
  #after: Uint8Array | null = null;
  /** The key that it has come to, as text. */
  #upTo = '';
  isDone = false;

  constructor(operator: AlignedWindows, group: Shelf<WindowState>, pageEntries: number) {
    this.#pageEntries = pageEntries;
    this.#operator = operator;
    this.#group = group;
    this.#missing = group.spilled;
    group.sweep = this;
  }

  get request(): StateRequest {
    return { type: 'range', prefix: this.#group.prefix, after: this.#after, limit: this.#pageEntries };
  }

  mayComeBefore(state: WindowState): boolean {
    if (this.isDone) return false;
    const { start, end } = this.#group;
    if (state.end !== end) return state.end > end;
    if (state.start !== start) return state.start > start;
    return this.#after === null || (state.key?.toString() ?? '') > this.#upTo;
  }

  itemSpilled(state: WindowState): void {
    if (this.mayComeBefore(state)) this.#missing += 1;
  }

  supply(entries: readonly StoredEntry[]): readonly DueWindow[] {
    const due: DueWindow[] = [];
    for (const { key: entryKey, value } of entries) {
      const key = readGroupingKey(new KeyReader(entryKey.subarray(this.#group.prefix.length)));
      this.#after = entryKey;
      this.#upTo = key?.toString() ?? '';
      const state = this.#operator.adopt(this.#group, key, value);
      if (state === undefined) continue;
      this.#missing -= 1;
      // One that has fired, and took a late event just before a crash, has still to fire again.
      if (state.closed && state.elements === 0) continue;
      state.due = true;
      due.push({ operator: this.#operator, state });
    }
    this.isDone = entries.length < this.#pageEntries;
    if (this.isDone) this.#group.sweep = null;
    if (this.isDone && this.#missing !== 0) {
      const { start, end } = this.#group;
      const message = `of the stored windows [${String(start)}, ${String(end)}) of "${this.#operator.settings.name}", ${String(this.#missing)} are missing`;
      throw new ProcessorError('state', 'STATE_CORRUPT', message);
    }
    if (this.isDone) this.#operator.sweepEnded(this.#group);
    return due;
  }
}
