import type { StateRequest, StoredEntry } from '../window-engine.ts';
import type { DueWindow } from './ledger.ts';
import type { WindowState } from './window-state.ts';

/** A pass over windows that are due and not in memory, in the order in which they fire, some at a time. */
export interface Sweep {
  /** What it reads next. */
  readonly request: StateRequest;
  /** True if windows that it has not read yet may have to fire before this one. */
  mayComeBefore(state: WindowState): boolean;
  /** Takes what its request has found, and gives the windows among it that are due. */
  supply(entries: readonly StoredEntry[]): readonly DueWindow[];
  /** True once it has read everything. */
  readonly isDone: boolean;
}
