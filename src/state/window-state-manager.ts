import type { Window } from '../event/window.ts';
import type { Codec } from './codec.ts';
import { KeyReader, KeyWriter } from './key-encoding.ts';
import type { StateBackend } from './state-backend.ts';
import { readWindow, writeWindow } from './window-key.ts';

/**
 * Accumulators by window, in a state backend. Managers of different namespaces share a backend without touching
 * each other's windows. Every method rejects with what the backend or the codec throws.
 */
export class WindowStateManager<A> {
  readonly namespace: string;
  readonly #backend: StateBackend;
  readonly #codec: Codec<A>;

  /** `backend` is opened and closed by its owner. */
  constructor(backend: StateBackend, namespace: string, codec: Codec<A>) {
    this.namespace = namespace;
    this.#backend = backend;
    this.#codec = codec;
  }

  /** The accumulator of a window; undefined where there is none. */
  async getAccumulator(window: Window): Promise<A | undefined> {
    const bytes = await this.#backend.get(this.#keyOf(window));
    return bytes === undefined ? undefined : this.#codec.decode(bytes);
  }

  async putAccumulator(window: Window, accumulator: A): Promise<void> {
    await this.#backend.put(this.#keyOf(window), this.#codec.encode(accumulator));
  }

  /** Drops the accumulator of a window; nothing happens where there is none. */
  async deleteWindow(window: Window): Promise<void> {
    await this.#backend.delete(this.#keyOf(window));
  }

  /** All windows that have an accumulator, as of the call, by end, then start, then key. */
  windows(): AsyncIterable<Window> {
    const entries = this.#backend.scan(this.#prefix().finish());
    return (async function* () {
      for await (const { key } of entries) {
        const reader = new KeyReader(key);
        reader.text(); // The namespace.
        yield readWindow(reader);
      }
    })();
  }

  #prefix(): KeyWriter {
    return new KeyWriter().text(this.namespace);
  }

  #keyOf(window: Window): Uint8Array {
    return writeWindow(this.#prefix(), window).finish();
  }
}
