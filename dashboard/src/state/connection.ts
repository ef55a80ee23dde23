import type { Status } from '../../../src/http/api/types.ts';
import { ApiError } from '../api/api-client.ts';

/**
 * How the page stands to the processor. `connecting`: nothing has been heard yet; `live`; `lost`: nothing is heard any more,
 * and it is tried again; `locked`: a token is asked for.
 */
export type Phase = 'connecting' | 'live' | 'lost' | 'locked';

/** What is known of the connection, and what was heard last. */
export interface ConnectionState {
  readonly phase: Phase;
  readonly isPaused: boolean;
  /** The last that was heard. */
  readonly status: Status | null;
  /** When that was, by the page's clock, in ms. */
  readonly heardAt: number | null;
  /** Why nothing is heard. */
  readonly error: string | null;
  /** When it is tried again, by the page's clock, in ms. */
  readonly retryAt: number | null;
  /** True where a token was given that is not the right one. */
  readonly isTokenWrong: boolean;
}

/** What a connection needs of the page. */
export interface ConnectionParts {
  readonly getStatus: (signal: AbortSignal) => Promise<Status>;
  readonly now: () => number;
  /** Resolves after so many ms, or when `signal` aborts. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
}

const ASK_EVERY_MS = 1000;
const LONGEST_RETRY_MS = 15_000;

/** How long to wait before the next attempt, after so many in a row have failed: 1 s, 2 s, 4 s, … 15 s. */
export function retryDelayMs(failures: number): number {
  return Math.min(LONGEST_RETRY_MS, 1000 * 2 ** Math.min(10, failures - 1));
}

/**
 * Asks the processor how it is, again and again, one request at a time; when nothing is heard, ever less often. All that
 * the page shows beside is asked for only while this is live.
 */
export class Connection {
  readonly #parts: ConnectionParts;
  readonly #listeners = new Set<() => void>();
  #state: ConnectionState = {
    phase: 'connecting',
    isPaused: false,
    status: null,
    heardAt: null,
    error: null,
    retryAt: null,
    isTokenWrong: false,
  };
  #failures = 0;
  #hasToken = false;
  /** Aborts what is waited for when there is reason to look again. */
  #rouse = new AbortController();

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Calls back at every change, until the function that it returns is called. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Keeps asking until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#rouse.abort(), { once: true });
    while (!signal.aborted) {
      const { phase, isPaused } = this.#state;
      if (phase === 'locked' || isPaused) await this.#sleep(Infinity);
      else await this.#ask(signal);
    }
  }

  /** Stops asking, or goes on. What is shown stays as it is. */
  pause(isPaused: boolean): void {
    this.#change({ isPaused });
    this.#wake();
  }

  /** Tries again now. */
  retry(): void {
    this.#failures = 0;
    this.#wake();
  }

  /** A token is at hand now, which the next request carries. */
  unlock(): void {
    this.#hasToken = true;
    this.#change({ phase: this.#state.status === null ? 'connecting' : 'lost', isTokenWrong: false });
    this.#wake();
  }

  async #ask(signal: AbortSignal): Promise<void> {
    try {
      const status = await this.#parts.getStatus(signal);
      this.#failures = 0;
      // What comes after a pause has begun would move what was to stand still.
      if (this.#state.isPaused) return;
      const heardAt = this.#parts.now();
      this.#change({ phase: 'live', status, heardAt, error: null, retryAt: null, isTokenWrong: false });
      await this.#sleep(ASK_EVERY_MS);
    } catch (error) {
      if (!signal.aborted) await this.#fail(error);
    }
  }

  async #fail(error: unknown): Promise<void> {
    const message = error instanceof Error ? error.message : String(error);
    if (error instanceof ApiError && error.kind === 'locked') {
      this.#change({ phase: 'locked', error: message, retryAt: null, isTokenWrong: this.#hasToken });
      return;
    }
    this.#failures += 1;
    const delay = retryDelayMs(this.#failures);
    this.#change({ phase: 'lost', error: message, retryAt: this.#parts.now() + delay });
    await this.#sleep(delay);
  }

  async #sleep(ms: number): Promise<void> {
    this.#rouse = new AbortController();
    await this.#parts.wait(ms, this.#rouse.signal);
  }

  #wake(): void {
    this.#rouse.abort();
  }

  #change(change: Partial<ConnectionState>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) listener();
  }
}
