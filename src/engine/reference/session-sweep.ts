import { ProcessorError } from '../../errors/processor-error.ts';
import { KeyReader } from '../../state/key-encoding.ts';
import type { GroupingKey } from '../../event/grouping-key.ts';
import type { StateRequest, StoredEntry } from '../window-engine.ts';
import { readGroupingKey, withGroupingKey, type EntryKeys } from './entry-keys.ts';
import type { DueWindow, Ledger } from './ledger.ts';
import type { SessionWindows } from './session-windows.ts';
import type { Sweep } from './sweep.ts';
import type { WindowState } from './window-state.ts';

/** How far the timers have been read. */
interface Reached {
  readonly deadline: number;
  readonly start: number;
  readonly key: string;
}

/**
 * Reads back the sessions whose timers have gone off, in the order of the timers: no session fires before its timer, so
 * what comes before the last timer read is in memory.
 */
export class SessionSweep implements Sweep {
  readonly #operator: SessionWindows;
  readonly #entryKeys: EntryKeys;
  readonly #ledger: Ledger;
  #after: Uint8Array | null = null;
  #reached: Reached | null = null;
  /** Where the timers that have just been read lead; their sessions are read next. */
  #pending: {
    readonly keys: readonly Uint8Array[];
    readonly reached: Reached | null;
    readonly isLast: boolean;
  } | null = null;
  isDone = false;

  constructor(operator: SessionWindows, entryKeys: EntryKeys, ledger: Ledger) {
    this.#operator = operator;
    this.#entryKeys = entryKeys;
    this.#ledger = ledger;
  }

  isOf(operator: SessionWindows): boolean {
    return this.#operator === operator;
  }

  get request(): StateRequest {
    if (this.#pending !== null) return { type: 'keys', keys: this.#pending.keys };
    return { type: 'range', prefix: this.#entryKeys.timers, after: this.#after, limit: this.#ledger.pageEntries };
  }

  mayComeBefore({ start, end, key }: WindowState): boolean {
    if (this.isDone) return false;
    const reached = this.#reached;
    if (reached === null) return true;
    if (end !== reached.deadline) return end > reached.deadline;
    if (start !== reached.start) return start > reached.start;
    return (key?.toString() ?? '') > reached.key;
  }

  supply(entries: readonly StoredEntry[]): readonly DueWindow[] {
    if (this.#pending === null) {
      this.#readTimers(entries);
      return [];
    }
    const { keys, reached, isLast } = this.#pending;
    if (entries.length < keys.length) {
      const message = `of ${String(keys.length)} stored keys with sessions of "${this.#operator.settings.name}", ${String(keys.length - entries.length)} are missing`;
      throw new ProcessorError('state', 'STATE_CORRUPT', message);
    }
    this.#pending = null;
    this.#reached = reached;
    this.isDone = isLast;
    const due: DueWindow[] = [];
    for (const { key, value } of entries) {
      for (const state of this.#operator.adopt(
        readGroupingKey(new KeyReader(key.subarray(this.#entryKeys.sessions.length))),
        value,
      )) {
        state.due = true;
        due.push({ operator: this.#operator, state });
      }
    }
    return due;
  }

  #readTimers(entries: readonly StoredEntry[]): void {
    const keys: Uint8Array[] = [];
    let reached = this.#reached;
    let isLast = entries.length < this.#ledger.pageEntries;
    let next = Infinity;
    for (const { key: entryKey } of entries) {
      const [timer, key] = this.#readTimer(entryKey);
      if (timer.deadline > this.#ledger.watermark.timestamp) {
        isLast = true;
        next = timer.deadline;
        break;
      }
      reached = timer;
      this.#after = entryKey;
      // Of sessions in memory nothing has to be read, but the timer is not to go off again.
      if (this.#operator.needsReading(key)) keys.push(withGroupingKey(this.#entryKeys.sessions, key));
    }
    if (isLast) this.#operator.setNextTimer(next);
    if (keys.length > 0) this.#pending = { keys, reached, isLast };
    else {
      this.#reached = reached;
      this.isDone = isLast;
    }
  }

  #readTimer(entryKey: Uint8Array): [Reached, GroupingKey | null] {
    const reader = new KeyReader(entryKey.subarray(this.#entryKeys.timers.length));
    const deadline = reader.double();
    const start = reader.double();
    const key = readGroupingKey(reader);
    return [{ deadline, start, key: key?.toString() ?? '' }, key];
  }
}
