import { JournalReader } from '../engine/journal-replay.ts';
import type { WindowEngine } from '../engine/window-engine.ts';
import { messageOf } from '../errors/message-of.ts';
import { ProcessorError } from '../errors/processor-error.ts';
import { KeyDictionary } from '../event/key-dictionary.ts';
import type { PipelinePlan } from '../plan/plan.ts';
import type { EpochStore, StoredEpoch } from './epoch-store.ts';
import type { StoredPlan } from './plan-fingerprint.ts';
import { StateSupply } from './state-supply.ts';
import type { StateWriter } from './state-writer.ts';
import { createEngine } from './stream-core.ts';

/** Panes that are taken, and left, at a time. */
const PANES_AT_A_TIME = 4096;

/** What the journal of a state is folded in with. */
export interface JournalFoldingOptions {
  readonly plan: PipelinePlan;
  readonly store: EpochStore;
  readonly writer: StateWriter;
  /** Called after each step. */
  readonly onStep: () => Promise<void>;
}

/**
 * Stores the windows that the last epochs have changed, where these were stored by their journal:
 *
 * 1. loads an engine with the windows as they were stored;
 * 2. does again what the journal says, as it was done then: under the settings of that time, everything due taken before
 *    the next step;
 * 3. writes what has changed, and deletes the journal, in one write.
 *
 * Nothing is delivered: what the last epoch had to deliver stands in its outbox. A process that dies before 3 leaves what
 * it found.
 */
export class JournalFolding {
  readonly #options: JournalFoldingOptions;
  readonly #engine: WindowEngine;
  readonly #supply: StateSupply;
  readonly #reader: JournalReader;
  readonly #stored: StoredEpoch;

  constructor(stored: StoredEpoch, options: JournalFoldingOptions) {
    const keys = new KeyDictionary();
    this.#stored = stored;
    this.#options = options;
    // Nothing is let go of before it is stored, and all is stored at once.
    this.#engine = createEngine({ ...planOf(stored.plan, options.plan), stateMemoryLimitBytes: Infinity }, keys);
    this.#supply = new StateSupply(this.#engine, options.store);
    this.#reader = new JournalReader(keys);
  }

  /** @throws ProcessorError STATE_CORRUPT for what is no journal, or what the backend throws. */
  async run(): Promise<void> {
    const { store, writer } = this.#options;
    const { journal, plan } = this.#stored;
    const engine = this.#engine;
    for (const { name, goneUntil } of plan?.windows ?? []) if (goneUntil !== undefined) engine.letGo(name, goneUntil);
    for await (const entry of store.windowState(engine.restartPrefixes)) engine.load(entry);
    for (const { value } of journal) await this.#replay(value);
    await writer.write(store.foldingOf(engine.takeDelta(), journal));
  }

  async #replay(part: Uint8Array): Promise<void> {
    const engine = this.#engine;
    try {
      for (const { batch, now, watermark } of this.#reader.steps(part)) {
        if (batch === null) engine.tick(now);
        else {
          await this.#supply.answer(() => engine.requestFor(batch));
          engine.ingest(batch, now);
        }
        engine.advance(watermark);
        await this.#takeAllDue();
        await this.#options.onStep();
      }
    } catch (cause) {
      if (!ProcessorError.is(cause, 'aggregation')) throw cause;
      const message = `the journal of the last epochs cannot be read: ${messageOf(cause)}`;
      throw new ProcessorError('state', 'STATE_CORRUPT', message, { cause });
    }
  }

  async #takeAllDue(): Promise<void> {
    const ask = () => this.#engine.requestForFiring();
    do await this.#supply.answer(ask);
    while (this.#engine.takeFired(PANES_AT_A_TIME).length >= PANES_AT_A_TIME || ask() !== null);
  }
}

/** The plan with those of its settings that may have changed since as they are stored. */
function planOf(stored: StoredPlan | undefined, plan: PipelinePlan): PipelinePlan {
  const windows = plan.windows.map((window) => {
    const before = stored?.windows.find(({ name }) => name === window.name);
    return before === undefined ? window : { ...window, allowedLatenessMs: before.allowedLatenessMs };
  });
  return { ...plan, windows };
}
