import type { GroupingKey } from '../event/grouping-key.ts';
import type { Instant } from '../time/instant.ts';
import { readWindowEntryKey } from './reference/state-codec.ts';

/** What an entry of an engine's state is about. */
export interface StateEntryInfo {
  /** Name of the window definition. */
  readonly windowName: string;
  /** `window`: a window of a key. `slice`: a part of several windows of a key. `index`: what finds the others. */
  readonly kind: 'window' | 'slice' | 'index';
  /** The span of the window or slice; null where the key does not tell it. */
  readonly span: { readonly start: Instant; readonly end: Instant } | null;
  /** Null where it is of no key, or of many. */
  readonly key: GroupingKey | null;
}

/**
 * What an entry of the engine's state is about, told by its key: for those who look at the state from outside.
 * @throws ProcessorError STATE_CORRUPT for a key that no delta has.
 */
export function describeStateEntry(key: Uint8Array): StateEntryInfo {
  const { name, kind, window } = readWindowEntryKey(key);
  const span = { start: window.start, end: window.end };
  return { windowName: name, kind, span, key: window.key };
}
