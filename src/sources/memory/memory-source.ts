import { ProcessorError } from '../../errors/processor-error.ts';
import type { EventSource, OpenSource, SourceContext, SourcePartition } from '../event-source.ts';
import { AsyncPartition } from './async-partition.ts';
import { SyncPartition } from './sync-partition.ts';

/** The events of one partition, in order. */
export type Events<T> = Iterable<T> | AsyncIterable<T>;

/** Events of one partition, or of several by name. */
export type PartitionedEvents<T> = Events<T> | Readonly<Record<string, Events<T>>>;

/** Settings of a {@link MemorySource}. */
export interface MemorySourceOptions {
  /** Name for logs, metrics and health, and of the only partition. Default `memory`. */
  readonly name?: string;
}

/**
 * A bounded source of JavaScript values: arrays, generators, or anything that can be iterated over asynchronously.
 * An event's offset is its index; a restart skips what was committed, so the same events must come again.
 *
 * Also the short way to a source of one's own. A function that yields events is all there is to write:
 *
 * ```ts
 * async function* feedback() {
 *   for await (const message of subscription) yield message.body;
 * }
 * const source = new MemorySource(feedback());
 * ```
 *
 * Events of an async iterable are handed over as they come; it is asked for one at a time, and not asked while the
 * pipeline is busy. A generator object can be iterated only once, and so opened only once.
 */
export class MemorySource<T = unknown> implements EventSource<T> {
  readonly name: string;
  readonly #events: ReadonlyMap<string, Events<T>>;

  /** @throws ProcessorError CONFIG_INVALID for anything that cannot be iterated over. */
  constructor(events: PartitionedEvents<T>, options: MemorySourceOptions = {}) {
    this.name = options.name ?? 'memory';
    if (!isObject(events)) throw notEvents(`source "${this.name}"`, events);
    this.#events = new Map(isEvents(events) ? [[this.name, events]] : entriesOf(events));
  }

  open(context: SourceContext): Promise<OpenSource> {
    const partitions = Array.from(this.#events, ([id, events]) => openPartition(id, events, context));
    return Promise.resolve({
      partitions,
      close: async () => {
        for (const partition of partitions) await partition.close();
      },
    });
  }
}

/** A {@link MemorySource} of some events. */
export function fromEvents<T>(events: PartitionedEvents<T>, options?: MemorySourceOptions): MemorySource<T> {
  return new MemorySource(events, options);
}

function openPartition<T>(
  id: string,
  events: Events<T>,
  context: SourceContext,
): SourcePartition & { close(): Promise<void> } {
  const offset = context.positions.get(id)?.offset ?? 0;
  return Symbol.asyncIterator in events
    ? new AsyncPartition(id, events, offset, context)
    : new SyncPartition(id, events, offset, context);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function isEvents<T>(events: PartitionedEvents<T>): events is Events<T> {
  return Symbol.iterator in events || Symbol.asyncIterator in events;
}

function entriesOf<T>(partitions: Readonly<Record<string, Events<T>>>): [string, Events<T>][] {
  const entries = Object.entries(partitions);
  for (const [id, events] of entries) {
    if (!isObject(events) || !isEvents(events)) throw notEvents(`partition "${id}"`, events);
  }
  return entries;
}

function notEvents(what: string, found: unknown): ProcessorError {
  const hint = typeof found === 'function' ? ' (a generator function has to be called)' : '';
  return new ProcessorError(
    'configuration',
    'CONFIG_INVALID',
    `the events of ${what} must be an array or another iterable, found ${typeof found}${hint}`,
  );
}
