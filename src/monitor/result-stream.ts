import type { AggregationResult } from '../results/aggregation-result.ts';

/** A delivered result, and its place in the order of delivery. */
export interface StreamedResult {
  /** 1 for the first of the process. */
  readonly sequence: number;
  readonly result: AggregationResult;
}

/** Estimated: a result as an object, its text beside it, and of the key, which stands in both several times. */
const RESULT_BYTES = 1500;
const BYTES_PER_KEY_CHARACTER = 8;

/**
 * The results delivered last, in the order of delivery, for those who follow them. Whoever follows holds nothing but the
 * number of the last one it has had, and asks for what came after: one that is slow costs no memory, and one that is
 * slower than the stream is told that it has missed something.
 */
export class ResultStream {
  readonly #maxBytes: number;
  /** The newest stands last; from `#first` on. */
  #results: AggregationResult[] = [];
  #first = 0;
  #bytes = 0;
  #last = 0;
  readonly #waiting = new Set<() => void>();

  /** `maxBytes`: estimated bytes in memory. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Number of the newest result; 0 before the first. */
  get last(): number {
    return this.#last;
  }

  /** Number of the oldest result that is kept; one more than {@link last} where none is. */
  get oldest(): number {
    return this.#last - (this.#results.length - this.#first) + 1;
  }

  /** Followers that wait for the next result. */
  get waiting(): number {
    return this.#waiting.size;
  }

  append(results: readonly AggregationResult[]): void {
    if (results.length === 0) return;
    for (const result of results) {
      this.#results.push(result);
      this.#bytes += bytesOf(result);
    }
    this.#last += results.length;
    this.#dropOldest();
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }

  /** The results after a number, oldest first, at most `limit`. Where some of them are gone, those that are left. */
  after(sequence: number, limit: number): readonly StreamedResult[] {
    const { oldest } = this;
    const from = Math.max(sequence + 1, oldest);
    const start = this.#first + from - oldest;
    return this.#results.slice(start, start + limit).map((result, index) => ({ sequence: from + index, result }));
  }

  /** Resolves when there is something after `sequence`, or when `signal` aborts. */
  async changed(sequence: number, signal: AbortSignal): Promise<void> {
    if (this.#last > sequence || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener('abort', wake, { once: true });
    });
  }

  #dropOldest(): void {
    while (this.#bytes > this.#maxBytes) {
      const oldest = this.#results[this.#first];
      if (oldest === undefined) break;
      this.#bytes -= bytesOf(oldest);
      this.#first += 1;
    }
    if (this.#first * 2 < this.#results.length) return;
    this.#results = this.#results.slice(this.#first);
    this.#first = 0;
  }
}

function bytesOf({ key }: AggregationResult): number {
  return RESULT_BYTES + BYTES_PER_KEY_CHARACTER * (key?.toString().length ?? 0);
}
