import type { GroupingKey } from '../event/grouping-key.ts';
import type { Instant } from '../time/instant.ts';
import { ProcessorError } from '../errors/processor-error.ts';
import { EntryKind, readEntryKey, readGroupingKey } from './reference/entry-keys.ts';

/** What an entry of an engine's state is about. */
export interface StateEntryInfo {
  /** Name of the window definition. */
  readonly windowName: string;
  /**
   * `window`: a window of a key. `slice`: a part of several windows of a key. `sessions`: all of a key. `index`: what
   * finds the others.
   */
  readonly kind: 'window' | 'slice' | 'sessions' | 'index';
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
  const { name, kind, rest } = readEntryKey(key);
  switch (kind) {
    case EntryKind.window: {
      const end = rest.double();
      const start = rest.double();
      return { windowName: name, kind: 'window', span: { start, end }, key: readGroupingKey(rest) };
    }
    case EntryKind.slice:
      rest.double(); // Its start: how long a slice is, its key does not tell.
      return { windowName: name, kind: 'slice', span: null, key: readGroupingKey(rest) };
    case EntryKind.sessions:
      return { windowName: name, kind: 'sessions', span: null, key: readGroupingKey(rest) };
    case EntryKind.head:
    case EntryKind.timer:
      return { windowName: name, kind: 'index', span: null, key: null };
  }
  throw new ProcessorError('state', 'STATE_CORRUPT', `an entry of windows "${name}" cannot be read`);
}
