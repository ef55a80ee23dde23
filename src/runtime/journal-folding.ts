import { JournalReader, type FiredStep, type InputStep } from '../engine/journal-replay.ts';
import type { FiredPane, WindowEngine } from '../engine/window-engine.ts';
import { messageOf } from '../errors/message-of.ts';
import { ProcessorError } from '../errors/processor-error.ts';
import { KeyDictionary } from '../event/key-dictionary.ts';
import type { PipelinePlan } from '../plan/plan.ts';
import type { AggregationResult } from '../results/aggregation-result.ts';
import type { EpochStore, StoredEpoch } from './epoch-store.ts';
import type { StoredPlan } from './plan-fingerprint.ts';
import { StateSupply } from './state-supply.ts';
import type { StateWriter } from './state-writer.ts';
import { createEngine, resultOf } from './stream-core.ts';

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
 * 2. does again what the journal says, as it was done then: under the settings of that time, panes taken when they were
 *    taken then, for a watermark that moves twice in between makes other panes;
 * 3. writes what has changed, and what the last epoch had to deliver, and deletes the journal, in one write.
 *
 * A process that dies before 3 leaves what it found.
 */
export class JournalFolding {
  readonly #options: JournalFoldingOptions;
  readonly #engine: WindowEngine;
  readonly #supply: StateSupply;
  readonly #reader: JournalReader;
  readonly #stored: StoredEpoch;
  /** Of the part under way. */
  #results: AggregationResult[] = [];

  constructor(stored: StoredEpoch, options: JournalFoldingOptions) {
    const keys = new KeyDictionary();
    this.#stored = stored;
    this.#options = options;
    // Nothing is let go of before it is stored, and all is stored at once.
    this.#engine = createEngine({ ...planOf(stored.plan, options.plan), stateMemoryLimitBytes: Infinity }, keys);
    this.#supply = new StateSupply(this.#engine, options.store);
    this.#reader = new JournalReader(keys);
  }

  /**
   * Gives the epoch as it is stored then.
   * @throws ProcessorError STATE_CORRUPT for what is no journal of these windows, or what the backend throws.
   */
  async run(): Promise<StoredEpoch> {
    const { store, writer } = this.#options;
    const { journal, plan } = this.#stored;
    const engine = this.#engine;
    for (const { name, goneUntil } of plan?.windows ?? []) if (goneUntil !== undefined) engine.letGo(name, goneUntil);
    for await (const entry of store.windowState(engine.restartPrefixes)) engine.load(entry);
    for (const { value } of journal) await this.#replay(value);
    const outbox = { ...this.#stored.outbox, results: this.#results };
    await writer.write(store.foldingOf(engine.takeDelta(), outbox, journal));
    return { ...this.#stored, outbox, journal: [] };
  }

  async #replay(part: Uint8Array): Promise<void> {
    this.#results = [];
    try {
      for (const step of this.#reader.steps(part)) {
        if (step.type === 'fired') await this.#fire(step);
        else await this.#enter(step);
        await this.#options.onStep();
      }
      await this.#expectNothingDue();
    } catch (cause) {
      if (!ProcessorError.is(cause, 'aggregation')) throw cause;
      throw unreadable(messageOf(cause), cause);
    }
  }

  async #enter({ batch, now, watermark }: InputStep): Promise<void> {
    const engine = this.#engine;
    if (batch === null) engine.tick(now);
    else {
      await this.#expectNothingDue();
      await this.#supply.answer(() => engine.requestFor(batch));
      engine.ingest(batch, now);
    }
    engine.advance(watermark);
  }

  async #fire({ count, now }: FiredStep): Promise<void> {
    const { name } = this.#options.plan;
    for (let left = count; left > 0;) {
      const fired = await this.#take(left);
      if (fired.length === 0 || fired.length > left) throw unreadable('it gives other panes than had fired');
      for (const pane of fired) this.#results.push(resultOf(pane, name, now));
      left -= fired.length;
    }
  }

  async #expectNothingDue(): Promise<void> {
    if ((await this.#take(1)).length > 0) throw unreadable('it gives panes that had not fired');
  }

  /** Takes up to `limit` panes that are due; none only where none is left. */
  async #take(limit: number): Promise<readonly FiredPane[]> {
    const ask = () => this.#engine.requestForFiring();
    for (;;) {
      await this.#supply.answer(ask);
      const fired = this.#engine.takeFired(limit);
      if (fired.length > 0 || ask() === null) return fired;
    }
  }
}

function unreadable(why: string, cause?: unknown): ProcessorError<'state'> {
  const message = `the journal of the last epochs cannot be done again: ${why}`;
  return new ProcessorError('state', 'STATE_CORRUPT', message, { cause });
}

/** The plan with those of its settings that may have changed since as they are stored. */
function planOf(stored: StoredPlan | undefined, plan: PipelinePlan): PipelinePlan {
  const windows = plan.windows.map((window) => {
    const before = stored?.windows.find(({ name }) => name === window.name);
    return before === undefined ? window : { ...window, allowedLatenessMs: before.allowedLatenessMs };
  });
  return { ...plan, windows };
}
