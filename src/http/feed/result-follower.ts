import type { RunMonitor } from '../../monitor/run-monitor.ts';
import { placeOfId, streamId } from './stream-id.ts';

/** Which results somebody follows, and from where on. */
export interface FollowQuery {
  readonly window?: string | undefined;
  readonly key?: readonly string[] | undefined;
  /** Id of the last result that it has had; `0` for the oldest that is kept. Default: the newest there is. */
  readonly after?: string | undefined;
}

/** What a follower is to be told. */
export type FeedItem =
  | { readonly type: 'result'; readonly id: string; /** JSON. */ readonly result: string }
  | { readonly type: 'reset'; readonly id: string; readonly reason: ResetReason; readonly message: string };

type ResetReason = 'gone' | 'restarted' | 'unknown';

const RESET_MESSAGES: Readonly<Record<ResetReason, string>> = {
  gone: 'Results that came after yours are no longer kept; what follows are all that are. GET /v1/results has the last of each window.',
  restarted:
    'The processor has been started anew since; what follows are all results that it has delivered since then.',
  unknown: 'This is no id of a result; what follows are all results that are kept.',
};

const MAX_ITEMS = 256;
const MAX_CHARACTERS = 262_144;

/**
 * One who follows the stream of results: holds nothing but its place in it. Where it is so slow that results are let go
 * of before it has had them, it {@link isLeftBehind}.
 */
export class ResultFollower {
  readonly #monitor: RunMonitor;
  readonly #window: string | undefined;
  readonly #keys: ReadonlySet<string> | undefined;
  #reset: ResetReason | null = null;
  /** Number of the last result that it has had, or that was not for it. */
  #sequence: number;

  constructor(monitor: RunMonitor, { window, key, after }: FollowQuery) {
    this.#monitor = monitor;
    this.#window = window;
    this.#keys = key === undefined ? undefined : new Set(key);
    this.#sequence = this.#begin(after);
  }

  /** Id of the place that it has come to. */
  get id(): string {
    return streamId(this.#monitor.instance, this.#sequence);
  }

  /** True once results are gone that it has not had. */
  get isLeftBehind(): boolean {
    return this.#sequence < this.#monitor.stream.oldest - 1;
  }

  /** What it is to be told next, a bounded amount; nothing where there is nothing new. */
  next(): readonly FeedItem[] {
    const items: FeedItem[] = [];
    if (this.#reset !== null) {
      items.push({ type: 'reset', id: this.id, reason: this.#reset, message: RESET_MESSAGES[this.#reset] });
      this.#reset = null;
    }
    let characters = 0;
    const { instance, stream } = this.#monitor;
    for (const { sequence, windowName, key, text } of stream.after(this.#sequence, MAX_ITEMS)) {
      this.#sequence = sequence;
      const isOther = this.#window !== undefined && windowName !== this.#window;
      if (isOther || this.#keys?.has(key?.toString() ?? '') === false) continue;
      items.push({ type: 'result', id: streamId(instance, sequence), result: text });
      characters += text.length;
      if (characters >= MAX_CHARACTERS) break;
    }
    return items;
  }

  /** Resolves when there is something that it has not looked at, or when `signal` aborts. */
  changed(signal: AbortSignal): Promise<void> {
    return this.#monitor.stream.changed(this.#sequence, signal);
  }

  #begin(after: string | undefined): number {
    const { instance, stream } = this.#monitor;
    const { last, oldest } = stream;
    if (after === undefined) return last;
    if (after === '0') return oldest - 1;
    const place = placeOfId(after);
    if (place?.instance === instance && place.sequence >= oldest - 1 && place.sequence <= last) return place.sequence;
    if (place === undefined) this.#reset = 'unknown';
    else this.#reset = place.instance === instance && place.sequence <= last ? 'gone' : 'restarted';
    return oldest - 1;
  }
}
