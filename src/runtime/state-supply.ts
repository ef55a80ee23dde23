import type { StateRequest, WindowEngine } from '../engine/window-engine.ts';
import type { EpochStore } from './epoch-store.ts';

/** Reads back what an engine has spilled and asks for again. */
export class StateSupply {
  readonly #engine: WindowEngine;
  readonly #store: EpochStore;

  constructor(engine: WindowEngine, store: EpochStore) {
    this.#engine = engine;
    this.#store = store;
  }

  /** Answers until nothing is asked for any more. @throws what the backend throws, STATE_CORRUPT for what it should not hold. */
  async answer(ask: () => StateRequest | null): Promise<void> {
    for (let request = ask(); request !== null; request = ask()) await this.#supply(request);
  }

  /** Answers once; false if nothing was asked for. */
  async answerOnce(request: StateRequest | null): Promise<boolean> {
    if (request !== null) await this.#supply(request);
    return request !== null;
  }

  async #supply(request: StateRequest): Promise<void> {
    this.#engine.supply(request, await this.#store.entriesOf(request));
  }
}
