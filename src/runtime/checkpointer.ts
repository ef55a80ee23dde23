import { messageOf } from '../errors/message-of.ts';
import { ProcessorError } from '../errors/processor-error.ts';
import type { Positions } from '../event/source-position.ts';
import type { PipelinePlan } from '../plan/plan.ts';
import type { CheckpointInfo } from '../state/state-backend.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { ProcessorMetrics } from '../telemetry/metrics.ts';
import type { Clock } from '../time/clock.ts';
import { formatInstant } from '../time/instant.ts';
import type { EpochMeta, EpochStore } from './epoch-store.ts';
import { lowestPositions } from './lowest-positions.ts';
import type { RunObserver } from './run-observer.ts';
import type { StateWriter } from './state-writer.ts';

/** Ids of the checkpoints that a run makes by itself, and deletes again. */
const AUTOMATIC = /^auto-\d{8}T\d{6}Z-\d+$/;

/** A checkpoint, and how long it took; null where an earlier run has made it. */
export interface TimedCheckpoint extends CheckpointInfo {
  readonly durationMs: number | null;
}

/** What a checkpointer is made from. */
export interface CheckpointerOptions {
  readonly plan: PipelinePlan;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: ProcessorMetrics;
  readonly store: EpochStore;
  readonly writer: StateWriter;
  /** Is told of each attempt to make one. */
  readonly observer?: RunObserver | undefined;
  /** The last committed epoch; undefined before the first. */
  readonly committed: () => Pick<EpochMeta, 'epoch' | 'positions'> | undefined;
  /** Nothing before these positions will be asked for again, whatever checkpoint is restored. */
  readonly onReleased: (positions: Positions) => void;
}

/**
 * Makes the checkpoints of a run, in the background: those that are due, after a commit, and those that are asked for.
 * One that fails does not end the run. Keeps the newest automatic ones; others are never deleted.
 *
 * The positions of each are noted in the state before it is made, so that it is known what no checkpoint needs any more.
 */
export class Checkpointer {
  readonly #options: CheckpointerOptions;
  /** By id. A checkpoint that is not in it may need everything. */
  #positions = new Map<string, Positions>();
  #last: TimedCheckpoint | null = null;
  #fault: string | null = null;
  #failures = 0;
  #made = 0;
  #dueAt = Infinity;
  #waiting = 0;
  #isClosed = false;
  #underWay: Promise<unknown> = Promise.resolve();

  constructor(options: CheckpointerOptions) {
    this.#options = options;
  }

  /** The newest checkpoint that is known of. */
  get last(): TimedCheckpoint | null {
    return this.#last;
  }

  /** What the last attempt failed by, for a person; null where it succeeded. */
  get fault(): string | null {
    return this.#fault;
  }

  /** How many attempts of this run have failed. */
  get failures(): number {
    return this.#failures;
  }

  /** How many checkpoints this run has made. */
  get made(): number {
    return this.#made;
  }

  /** Looks up what checkpoints there are. Only with the state open; never rejects. */
  async start(): Promise<void> {
    const { plan, clock, store, metrics } = this.#options;
    const { state } = plan;
    if (!state.recoverable) return;
    // Without a folder the checkpoints would go with the process, as what they are to protect.
    if (state.directory !== undefined) this.#dueAt = clock.monotonic() + plan.checkpointIntervalMs;
    try {
      this.#positions = await store.readCheckpoints();
      const newest = (await this.#release()).at(-1);
      if (newest === undefined) return;
      this.#last = { ...newest, durationMs: null };
      metrics.recordCheckpoint(newest);
    } catch (error) {
      this.#failed(error, 'the checkpoints cannot be looked up');
    }
  }

  /** An epoch has been committed: begins a checkpoint if one is due and none is under way. */
  committed(epoch: number): void {
    const { plan, clock } = this.#options;
    const now = clock.monotonic();
    if (now < this.#dueAt || this.#waiting > 0 || this.#isClosed) return;
    this.#dueAt = now + plan.checkpointIntervalMs;
    // That it failed is noted, and shown until one succeeds.
    this.#inTurn(`auto-${compactTime(clock.now())}-${epoch}`).catch(() => undefined);
  }

  /**
   * Makes a checkpoint of everything committed; without an id it gets one that begins with `manual-`.
   * @throws ProcessorError CONFIG_INVALID for an id that begins with `auto-`, RUN_STATE after the end of the run, or what
   * the backend throws.
   */
  async make(id?: string): Promise<CheckpointInfo> {
    const { clock, committed } = this.#options;
    if (this.#isClosed) throw new ProcessorError('internal', 'RUN_STATE', 'the run is over; try again');
    if (id?.startsWith('auto-') === true) {
      const message = `${JSON.stringify(id)} cannot be the id of a checkpoint: those that begin with "auto-" are deleted automatically`;
      throw new ProcessorError('configuration', 'CONFIG_INVALID', message, { path: 'id' });
    }
    return this.#inTurn(id ?? `manual-${compactTime(clock.now())}-${committed()?.epoch ?? 0}`);
  }

  /** Waits for what is under way; nothing is begun any more. Never rejects. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#underWay;
  }

  #inTurn(id: string): Promise<CheckpointInfo> {
    this.#waiting += 1;
    const made = this.#underWay.then(() => this.#make(id));
    this.#underWay = made
      .catch(() => undefined)
      .then(() => {
        this.#waiting -= 1;
      });
    return made;
  }

  async #make(id: string): Promise<CheckpointInfo> {
    const { plan, clock, logger, metrics, observer } = this.#options;
    const startedAt = clock.monotonic();
    const attempted = (sizeBytes: number | null, error: string | null): void => {
      observer?.checkpointed({ id, at: clock.now(), durationMs: clock.monotonic() - startedAt, sizeBytes, error });
    };
    try {
      const positions = await this.#notePositions(id);
      const info = await plan.state.checkpoint(id);
      this.#positions.set(id, positions);
      const durationMs = Math.round(clock.monotonic() - startedAt);
      this.#last = { ...info, durationMs };
      this.#made += 1;
      this.#fault = null;
      metrics.recordCheckpoint(info, durationMs);
      logger.info({ id, sizeBytes: info.sizeBytes, durationMs }, 'checkpoint made');
      attempted(info.sizeBytes, null);
      await this.#retire();
      return info;
    } catch (error) {
      this.#failed(error, 'a checkpoint could not be made', id);
      attempted(null, messageOf(error));
      throw error;
    }
  }

  /** Notes in the state what a checkpoint about to be made will need; gives that. */
  async #notePositions(id: string): Promise<Positions> {
    const { plan, store, writer, committed } = this.#options;
    const kept = new Set((await plan.state.listCheckpoints()).map((info) => info.id));
    // The last commit's, or those of a later one that comes between: then more is kept than need be.
    const positions: Positions = committed()?.positions ?? new Map();
    const replaced = this.#positions.get(id);
    for (const known of this.#positions.keys()) if (!kept.has(known)) this.#positions.delete(known);
    // While one of the same id is there, it is not known which of the two will be.
    if (!kept.has(id)) this.#positions.set(id, positions);
    else if (replaced !== undefined) this.#positions.set(id, lowestPositions([replaced, positions]));
    await writer.write([store.checkpointsOperation(this.#positions)]);
    return positions;
  }

  /** Deletes automatic checkpoints that are no longer to be kept. That it fails does not harm the one just made. */
  async #retire(): Promise<void> {
    const { state, checkpointsRetained } = this.#options.plan;
    try {
      const automatic = (await state.listCheckpoints()).filter(({ id }) => AUTOMATIC.test(id));
      for (const { id } of automatic.slice(0, -checkpointsRetained)) await state.deleteCheckpoint(id);
      await this.#release();
    } catch (error) {
      this.#failed(error, 'an old checkpoint could not be deleted');
    }
  }

  /** Tells from where on records are still needed; gives the checkpoints, oldest first. */
  async #release(): Promise<readonly CheckpointInfo[]> {
    const { plan, committed, onReleased } = this.#options;
    const checkpoints = await plan.state.listCheckpoints();
    const needed = checkpoints.map(({ id }) => this.#positions.get(id) ?? new Map<never, never>());
    const lowest = lowestPositions([committed()?.positions ?? new Map<never, never>(), ...needed]);
    if (checkpoints.length > 0 && lowest.size > 0) onReleased(lowest);
    return checkpoints;
  }

  #failed(error: unknown, what: string, id?: string): void {
    const { logger, metrics } = this.#options;
    const reason = messageOf(error);
    this.#fault = `${what}: ${reason}`;
    this.#failures += 1;
    metrics.recordCheckpointFailure();
    logger.error({ ...(id === undefined ? {} : { id }), error: reason }, what);
  }
}

/** Such as `20261123T225751Z`. */
function compactTime(now: number): string {
  return formatInstant(now).replaceAll(/[-:]|\.\d+/g, '');
}
