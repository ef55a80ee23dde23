import { ByteReader } from '../aggregations/accumulator-bytes.ts';
import { ProcessorError } from '../errors/processor-error.ts';
import { instanceOf } from '../sources/partition-share.ts';
import type { Instant } from '../time/instant.ts';
import {
  EntryKeys,
  EntryKind,
  entryKeyText,
  readEntryKey,
  readGroupingKey,
  type EntryKey,
} from './reference/entry-keys.ts';
import { readSessionsOutline } from './reference/key-sessions.ts';
import { ownerList, readOwners } from './reference/owners.ts';
import { readSessionHead, sessionHeadBytes } from './reference/session-count.ts';
import { readShelfHead, shelfHeadBytes } from './reference/shelf.ts';
import type { StoredEntry } from './window-engine.ts';

/** What a {@link StateDealer} is made for. */
export interface DealOptions {
  /** What the keys of all entries begin with: the same in all states. */
  readonly entryPrefix: Uint8Array;
  /** By name of each window definition, whether it has a trigger. */
  readonly triggers: ReadonlyMap<string, boolean>;
  /** Of each new engine the watermark that it is to begin with; as many as there are to be. */
  readonly watermarks: readonly Instant[];
}

/** What has become of an entry. */
export interface Deal {
  /** Index of the new engine that it goes to. */
  readonly into: number;
  /** What that is to store of it: the entry as it was, and what belongs to it. */
  readonly entries: readonly StoredEntry[];
  /** Windows, each of one key, that it stands for. */
  readonly windows: number;
}

/** What a head says, or is to say: of a shelf `size` and `settled`, of sessions `size`, which is of keys, and `sessions`. */
interface Contents {
  size: number;
  sessions: number;
  settled: boolean;
}

/** All that has one head in each state: the windows of a span, a slice, or the sessions of a definition. */
interface Heading {
  readonly key: Uint8Array;
  readonly isOfSessions: boolean;
  /** By state what its head says, and what was found of it; a state that is deleting it counts as having nothing. */
  readonly from: Map<number, { readonly said: Contents | null; found: number; sessions: number }>;
  /** By new engine what went to it. */
  readonly into: Map<number, Contents>;
}

/** Where in its definition an entry stands. */
interface Place {
  readonly keys: EntryKeys;
  readonly name: string;
  readonly kind: EntryKind;
  readonly start: Instant;
  /** When its windows close; Infinity where its key does not tell. */
  readonly end: Instant;
}

/**
 * Deals the entries of several engines, which have kept them by partition and had nothing left to fire, out to others:
 * each to the one that is to read its partition. Entries stay as they are; the heads, which say how many there are, are
 * made anew, and what was on its way out is left behind.
 */
export class StateDealer {
  readonly #options: DealOptions;
  readonly #keys: ReadonlyMap<string, EntryKeys>;
  readonly #headings = new Map<string, Heading>();
  /** Of the last entry: they stand together. */
  #last: (Pick<Place, 'name' | 'kind' | 'start'> & { readonly heading: Heading }) | undefined;
  #leftBehind = 0;

  constructor(options: DealOptions) {
    this.#options = options;
    const names = [...options.triggers.keys()];
    this.#keys = new Map(names.map((name) => [name, new EntryKeys(options.entryPrefix, name)]));
  }

  /** Entries that no engine is to have: windows that were gone, and not yet deleted. */
  get leftBehind(): number {
    return this.#leftBehind;
  }

  /**
   * Where an entry of the state of number `from` goes; undefined if it goes nowhere. Of each state, in the order of the keys.
   * @throws ProcessorError STATE_CORRUPT, STATE_MISMATCH for windows that are not configured, RESCALE_REFUSED for what would
   * have to go to several.
   */
  deal(from: number, entry: StoredEntry): Deal | undefined {
    const key = readEntryKey(entry.key.subarray(this.#options.entryPrefix.length));
    const { name, rest } = key;
    const keys = this.#keys.get(name);
    if (keys === undefined) {
      const message = `there is state of windows "${name}", which are not configured`;
      throw new ProcessorError('state', 'STATE_MISMATCH', message);
    }
    switch (key.kind) {
      case EntryKind.head:
        this.#readHead(from, key, entry);
        return undefined;
      case EntryKind.window: {
        const end = rest.double();
        return this.#dealItem(from, entry, { keys, name, kind: EntryKind.window, start: rest.double(), end });
      }
      case EntryKind.slice:
        return this.#dealItem(from, entry, { keys, name, kind: EntryKind.slice, start: rest.double(), end: Infinity });
      case EntryKind.sessions:
        return this.#dealSessions(from, entry, keys, key);
      default:
        // Timers are made anew with the sessions that they are of.
        return undefined;
    }
  }

  /**
   * The heads of a new engine, when all entries have been dealt.
   * @throws ProcessorError STATE_CORRUPT where a state had less than its heads say.
   */
  heads(into: number): readonly StoredEntry[] {
    const heads: StoredEntry[] = [];
    for (const { key, isOfSessions, from, into: dealt } of this.#headings.values()) {
      for (const { said, found, sessions } of from.values()) {
        if (said === null || (said.size === found && said.sessions === sessions)) continue;
        const message = `of ${String(said.size)} stored entries of one head there are ${String(found)}`;
        throw new ProcessorError('state', 'STATE_CORRUPT', message);
      }
      const contents = dealt.get(into);
      if (contents === undefined) continue;
      const { size, sessions, settled } = contents;
      const value = isOfSessions
        ? sessionHeadBytes({ sessions, keys: size })
        : shelfHeadBytes({ size, settled, isCleaned: false });
      heads.push({ key, value });
    }
    return heads;
  }

  #readHead(from: number, { rest }: EntryKey, { key, value }: StoredEntry): void {
    const isOfSessions = rest.byte() === EntryKind.sessions;
    const text = entryKeyText(key);
    const heading = this.#headings.get(text) ?? { key, isOfSessions, from: new Map(), into: new Map() };
    this.#headings.set(text, heading);
    let said: Contents | null = null;
    if (isOfSessions) {
      const { sessions, keys } = readSessionHead(value);
      said = { size: keys, sessions, settled: false };
    } else {
      const { size, settled, isCleaned } = readShelfHead(value);
      if (!isCleaned) said = { size, sessions: 0, settled };
    }
    heading.from.set(from, { said, found: 0, sessions: 0 });
  }

  #headingOf({ keys, name, kind, start }: Place): Heading | undefined {
    const last = this.#last;
    if (last?.name === name && last.kind === kind && last.start === start) return last.heading;
    const heading = this.#headings.get(entryKeyText(keys.head(kind, start)));
    if (heading !== undefined) this.#last = { name, kind, start, heading };
    return heading;
  }

  #dealSessions(from: number, entry: StoredEntry, keys: EntryKeys, { name, rest }: EntryKey): Deal | undefined {
    const { timer, sessions } = readSessionsOutline(entry.value);
    const place = { keys, name, kind: EntryKind.sessions, start: 0, end: Infinity };
    const deal = this.#dealItem(from, entry, place, sessions);
    // Where there is a trigger all sessions stay in memory, and need none.
    if (deal === undefined || timer === null || this.#options.triggers.get(name) === true) return deal;
    const timerKey = keys.timer(timer.deadline, timer.start, readGroupingKey(rest));
    return { ...deal, entries: [entry, { key: timerKey, value: new Uint8Array() }] };
  }

  #dealItem(from: number, entry: StoredEntry, place: Place, sessions = 0): Deal | undefined {
    const { name, kind, end } = place;
    const heading = this.#headingOf(place);
    const origin = heading?.from.get(from);
    if (heading === undefined || origin === undefined) {
      throw new ProcessorError('state', 'STATE_CORRUPT', `an entry of windows "${name}" has no head`);
    }
    if (origin.said === null) {
      this.#leftBehind += 1;
      return undefined;
    }
    origin.found += 1;
    origin.sessions += sessions;
    const into = this.#target(entry, name);
    const contents = heading.into.get(into) ?? { size: 0, sessions: 0, settled: true };
    heading.into.set(into, contents);
    contents.size += 1;
    contents.sessions += sessions;
    // What closes only later may by then have got windows that have to fire.
    contents.settled &&= origin.said.settled && end <= (this.#options.watermarks[into] ?? -Infinity);
    return { into, entries: [entry], windows: kind === EntryKind.window ? 1 : sessions };
  }

  #target({ key, value }: StoredEntry, name: string): number {
    const { entryPrefix, watermarks } = this.#options;
    const partitions = ownerList(readOwners(new ByteReader(value)));
    const [first = 0, ...others] = new Set(partitions.map((partition) => instanceOf(partition, watermarks.length)));
    if (others.length === 0) return first;
    const message =
      `${inWords(readEntryKey(key.subarray(entryPrefix.length)))} of windows "${name}" has events of the partitions ` +
      `${partitions.join(', ')}, which would go to the instances ${[first, ...others].join(', ')}. A key is to have its ` +
      'events in one partition; where it has moved because partitions were added, go on with the old number of ' +
      'instances until its windows are gone';
    throw new ProcessorError('state', 'RESCALE_REFUSED', message);
  }
}

function inWords({ kind, rest }: EntryKey): string {
  if (kind !== EntryKind.sessions) rest.double();
  if (kind === EntryKind.window) rest.double();
  const key = readGroupingKey(rest);
  return key === null ? 'what is of no key' : `the key ${JSON.stringify(key.toString())}`;
}
