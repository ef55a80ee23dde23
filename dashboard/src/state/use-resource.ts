import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, type GetJson } from '../api/api-client.ts';
import { useConnection, usePage } from './page-context.ts';

/** What was got from a path, and whether that is what it has now. */
export interface Resource<T> {
  /** Null before the first answer. */
  readonly data: T | null;
  /** True while what is there is of another path than was asked for. */
  readonly isOther: boolean;
  /** Why the processor has refused it the last time; null where it has not. That it does not answer is said elsewhere. */
  readonly error: string | null;
}

/** When something is asked for again that could not be had, in ms. */
const RETRY_MS = 5000;

/** How often something is asked for. */
export interface ResourceOptions {
  /** Ask anew whenever this has changed. */
  readonly version?: string | number | null;
  /** Ask anew after so long, in ms. Default: only when the version changes. */
  readonly every?: number;
}

/**
 * What the processor has at a path, asked for again and again while the page is live; null asks for nothing. What was
 * there stays until there is something newer, so that nothing flickers.
 */
export function useResource<T>(
  path: string | null,
  { version = null, every = Infinity }: ResourceOptions = {},
): Resource<T> {
  const { getJson } = usePage();
  const { phase, isPaused, status } = useConnection();
  const [answer, setAnswer] = useState<{ readonly path: string; readonly data: T } | null>(null);
  const [error, setError] = useState<string | null>(null);
  const asker = useRef<Asker | null>(null);
  const instance = status?.instance ?? null;
  // What is asked for while the page stands still, such as another key, is still to be had.
  const isThere = answer?.path === path;
  const isAsking = path !== null && phase === 'live' && !(isPaused && isThere);

  useEffect(() => {
    if (!isAsking) return undefined;
    const take = (data: T): void => {
      setAnswer({ path, data });
      setError(null);
    };
    const started = new Asker((signal) => getJson<T>(path, signal).then(take), setError, every);
    asker.current = started;
    started.ask();
    return () => {
      started.end();
      asker.current = null;
    };
  }, [path, isAsking, every, instance, getJson]);

  useEffect(() => asker.current?.ask(), [version]);

  return { data: answer?.data ?? null, isOther: answer !== null && !isThere, error };
}

/** Asks for something, one request at a time: who asks while one is under way gets another one after it. */
class Asker {
  readonly #get: (signal: AbortSignal) => ReturnType<GetJson>;
  readonly #fail: (message: string) => void;
  readonly #every: number;
  readonly #over = new AbortController();
  #isBusy = false;
  #isAskedAgain = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(get: (signal: AbortSignal) => Promise<unknown>, fail: (message: string) => void, every: number) {
    this.#get = get;
    this.#fail = fail;
    this.#every = every;
  }

  ask(): void {
    this.#isAskedAgain = this.#isBusy;
    if (!this.#isBusy) void this.#ask();
  }

  end(): void {
    this.#over.abort();
    clearTimeout(this.#timer);
  }

  async #ask(): Promise<void> {
    const { signal } = this.#over;
    let next = this.#every;
    this.#isBusy = true;
    clearTimeout(this.#timer);
    try {
      await this.#get(signal);
    } catch (error) {
      if (!signal.aborted && error instanceof ApiError && error.kind === 'refused') this.#fail(error.message);
      next = Math.min(next, RETRY_MS);
    }
    this.#isBusy = false;
    if (signal.aborted) return;
    if (this.#isAskedAgain) this.ask();
    else if (next < Infinity) this.#timer = setTimeout(() => this.ask(), next);
  }
}
