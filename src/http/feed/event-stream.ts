import type { FeedOutput } from './feed.ts';
import type { FeedItem } from './result-follower.ts';

/**
 * Server-sent events, as the body of an answer. What is sent is taken when whoever reads the body asks for more, which it
 * does when the connection has room.
 */
export class EventStream implements FeedOutput {
  readonly body: ReadableStream<Uint8Array>;
  /** Aborts when the reader has gone. */
  readonly gone: AbortSignal;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #taken: (() => void) | undefined;

  constructor() {
    const gone = new AbortController();
    this.gone = gone.signal;
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#taken?.(),
        cancel: () => gone.abort(),
      },
      { highWaterMark: 0 },
    );
  }

  send(items: readonly FeedItem[]): Promise<void> {
    return this.#write(items.map(eventText).join(''));
  }

  /** An event of nothing but an id is no event to whoever reads, who goes on from there all the same. */
  beat(id: string): Promise<void> {
    return this.#write(`id: ${id}\n\n`);
  }

  /** Nothing more is sent. */
  end(): void {
    if (!this.gone.aborted) this.#controller?.close();
  }

  #write(text: string): Promise<void> {
    if (this.gone.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      this.#taken = resolve;
      this.#controller?.enqueue(new TextEncoder().encode(text));
    });
  }
}

/** JSON has no line breaks of its own, so one line of data is enough. */
function eventText(item: FeedItem): string {
  if (item.type === 'result') return `id: ${item.id}\nevent: result\ndata: ${item.result}\n\n`;
  const { id, type, ...data } = item;
  return `id: ${id}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
}
