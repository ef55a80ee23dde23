import type { AggregationResult } from '../results/aggregation-result.ts';
import type { EventSink } from '../sinks/event-sink.ts';

/** A sink that is read as an async iterable. A delivery is taken when its last result has been asked past. */
export class ResultChannel implements EventSink, AsyncIterable<AggregationResult> {
  readonly name = 'results';
  /** Whoever reads may take as long as it likes. */
  readonly deliveryTimeoutMs = Infinity;
  #items: readonly AggregationResult[] = [];
  #next = 0;
  #taken: (() => void) | undefined;
  #wake: (() => void) | undefined;
  #ended = false;
  #released = false;
  #failure: { readonly error: unknown } | undefined;

  sendBatch(items: readonly AggregationResult[]): Promise<void> {
    if (this.#ended || this.#released) return Promise.resolve();
    this.#items = items;
    this.#next = 0;
    return new Promise((resolve) => {
      this.#taken = resolve;
      this.#wake?.();
    });
  }

  /** True once no more will come. */
  get hasEnded(): boolean {
    return this.#ended;
  }

  /** No more will come. */
  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  /** Nothing more will come, for this reason. */
  fail(error: unknown): void {
    this.#failure = { error };
    this.end();
  }

  /** The reader has left: what is and will be sent counts as taken. */
  release(): void {
    this.#released = true;
    this.#taken?.();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<AggregationResult> {
    for (;;) {
      const item = this.#items[this.#next];
      if (item !== undefined) {
        this.#next += 1;
        yield item;
        continue;
      }
      this.#taken?.();
      this.#taken = undefined;
      if (this.#ended) break;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
