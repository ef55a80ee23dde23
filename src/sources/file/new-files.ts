import type { Millis } from '../../time/instant.ts';
import type { SourceContext } from '../event-source.ts';
import { findFiles, type FoundFile } from './find-files.ts';

/** Looks, again and again, for files that have appeared under some paths. */
export class NewFiles {
  readonly #paths: readonly string[];
  readonly #known: Set<string>;
  readonly #pollIntervalMs: Millis;
  readonly #context: SourceContext;
  readonly #stop = new AbortController();
  readonly #watching: Promise<void>;
  #found: FoundFile[] = [];

  constructor(paths: readonly string[], known: readonly FoundFile[], pollIntervalMs: Millis, context: SourceContext) {
    this.#paths = paths;
    this.#known = new Set(known.map((file) => file.path));
    this.#pollIntervalMs = pollIntervalMs;
    this.#context = context;
    this.#watching = this.#watch();
  }

  /** The files that have appeared since the last call, sorted by name at each look. */
  take(): readonly FoundFile[] {
    const found = this.#found;
    this.#found = [];
    return found;
  }

  /** Stops looking, and waits until that is so. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#watching;
  }

  async #watch(): Promise<void> {
    const { clock, logger } = this.#context;
    const signal = AbortSignal.any([this.#stop.signal, this.#context.signal]);
    while (!signal.aborted) {
      await clock.sleep(this.#pollIntervalMs, signal);
      if (signal.aborted) return;
      try {
        await this.#look();
      } catch (error) {
        // Of the files there are none is concerned; the next look may succeed.
        logger.warn({ err: error }, 'cannot look for new files: will try again');
      }
    }
  }

  async #look(): Promise<void> {
    for (const file of await findFiles(this.#paths, true)) {
      if (this.#known.has(file.path)) continue;
      this.#known.add(file.path);
      this.#found.push(file);
    }
  }
}
