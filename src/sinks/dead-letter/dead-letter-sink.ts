import { ProcessorError } from '../../errors/processor-error.ts';
import type { DeadLetter } from '../../results/dead-letter.ts';
import type { LateEvent } from '../../results/late-event.ts';
import type { Delivery, EventSink, SinkContext } from '../event-sink.ts';
import { FileSink } from '../file/file-sink.ts';

/** What could not be used: refused records, and events that came too late. */
export type Undelivered = DeadLetter | LateEvent;

/**
 * Where refused records and late events go: a file of one JSON object a line, or any other sink, which may then be
 * used for nothing else. To send them to a topic, give it the sink of that topic.
 */
export class DeadLetterSink implements EventSink<Undelivered> {
  readonly name = 'dead-letter';
  /** Where the sink within stands; absent where that does not tell. */
  readonly position?: () => string;
  readonly #inner: EventSink<Undelivered>;

  /** @throws ProcessorError CONFIG_INVALID for what is neither a path nor a sink. */
  constructor(target: { readonly path: string } | EventSink<Undelivered>) {
    const inner = sinkOf(target);
    this.#inner = inner;
    const position = inner.position?.bind(inner);
    if (position !== undefined) this.position = position;
  }

  async open(context: SinkContext): Promise<void> {
    await this.#inner.open?.(context);
  }

  async sendBatch(items: readonly Undelivered[], delivery: Delivery): Promise<void> {
    if (this.#inner.sendBatch !== undefined) {
      await this.#inner.sendBatch(items, delivery);
      return;
    }
    for (const item of items) await this.#inner.send?.(item, delivery);
  }

  async close(): Promise<void> {
    await this.#inner.close?.();
  }
}

function sinkOf(target: unknown): EventSink<Undelivered> {
  if (typeof target === 'object' && target !== null) {
    if (isSink(target)) return target;
    if ('path' in target && typeof target.path === 'string') return new FileSink(target.path);
  }
  const topic =
    typeof target === 'string' ? `; to send them to the topic "${target}", give it the sink of that topic` : '';
  throw new ProcessorError(
    'configuration',
    'CONFIG_INVALID',
    `a dead letter sink needs { path: "dead-letters.ndjson" } or another sink${topic}`,
  );
}

function isSink(target: object): target is EventSink<Undelivered> {
  return (
    ('sendBatch' in target && typeof target.sendBatch === 'function') ||
    ('send' in target && typeof target.send === 'function')
  );
}
