import { ProcessorError } from '../errors/processor-error.ts';
import type { PipelinePlan } from '../plan/plan.ts';
import type { AggregationResult, Results } from '../results/aggregation-result.ts';
import { PipelineRun, type RunOptions } from '../runtime/pipeline-run.ts';
import { observedLogger, observers, type RunObserver } from '../runtime/run-observer.ts';
import { idleSnapshot, openSpansOf, openWindowsOf, snapshotOf } from '../runtime/snapshot.ts';
import type { RejectionTotal } from '../runtime/run-totals.ts';
import type { OpenSpanStatus, OpenWindowStatus, StatusSnapshot } from '../runtime/status.ts';
import { StoredCheckpoints } from '../runtime/stored-checkpoints.ts';
import type { CheckpointInfo } from '../state/state-backend.ts';
import { silentLogger, type Logger } from '../telemetry/logger.ts';
import { ProcessorMetrics } from '../telemetry/metrics.ts';
import { SystemClock, type Clock } from '../time/clock.ts';
import { ResultChannel } from './result-channel.ts';

/** What a pipeline is given from outside. */
export interface PipelineOptions {
  /** Default: says nothing. */
  readonly logger?: Logger;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Default: metrics of its own. */
  readonly metrics?: ProcessorMetrics;
}

/** How one run is to go. */
export interface RunSettings {
  /** Stops the run as {@link Pipeline.stop} does when it aborts. */
  readonly signal?: AbortSignal;
}

/** How a run went. */
export interface RunSummary {
  /** `finished`: the input came to its end; `stopped`: it was asked to stop. */
  readonly outcome: 'finished' | 'stopped';
  readonly epoch: number;
  readonly counters: StatusSnapshot['counters'] & {
    /** Values that events did not have, counted for each metric. */
    readonly missingValues: number;
    /** Whole numbers that were taken as the nearest double. */
    readonly inexactIntegers: number;
  };
  /** Why records were rejected in this run, the most frequent reason first. */
  readonly rejections: readonly RejectionTotal[];
  readonly durationMs: number;
}

/** A pipeline that can be run: a plan, with what it needs from outside. `R` is the type of its results. */
export class Pipeline<R = Results> {
  readonly plan: PipelinePlan;
  readonly metrics: ProcessorMetrics;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #startedAt: number;
  /** The same by the steady clock: what has passed since is not a matter of the time of day. */
  readonly #madeAt: number;
  readonly #observers: RunObserver[] = [];
  #state: StatusSnapshot['state'] = 'starting';
  #run: PipelineRun | undefined;
  #running: Promise<RunSummary> | undefined;
  /** True while the state is open for a checkpoint, and no run is under way. */
  #isStateInUse = false;

  constructor(plan: PipelinePlan, options: PipelineOptions = {}) {
    const clock = options.clock ?? new SystemClock();
    this.plan = plan;
    this.#clock = clock;
    this.#logger = options.logger ?? silentLogger;
    this.metrics = options.metrics ?? new ProcessorMetrics({ now: () => clock.now() });
    this.#startedAt = clock.now();
    this.#madeAt = clock.monotonic();
  }

  /**
   * Reads, aggregates and delivers until the input ends, `stop` is called or `signal` aborts; then finishes its epoch,
   * delivers it and closes everything. At the end of a bounded input every open window fires. May be called again
   * afterwards: it goes on from the last epoch if the state backend has it.
   * @throws ProcessorError: what made it fail; RUN_STATE if it is running already.
   */
  async run(settings: RunSettings = {}): Promise<RunSummary> {
    if (this.plan.sinks.length === 0) {
      const message =
        'the pipeline has no sink, so its results would be lost: call withSink, or read pipeline.results()';
      throw new ProcessorError('configuration', 'CONFIG_INVALID', message);
    }
    return this.#start(this.plan, settings);
  }

  /**
   * Runs the pipeline and gives its results as they are delivered, besides the sinks it has. Results are handed over
   * one by one, so a slow loop slows the sources. Leaving the loop stops the run; what fails it is thrown here.
   */
  async *results(settings: RunSettings = {}): AsyncGenerator<AggregationResult<R>, void, undefined> {
    const channel = new ResultChannel();
    const running = this.#start({ ...this.plan, sinks: [...this.plan.sinks, channel] }, settings);
    const ended = running.then(
      () => channel.end(),
      (error: unknown) => channel.fail(error),
    );
    try {
      // The builder has set R by the same settings that shape the results.
      for await (const result of channel) yield result as AggregationResult<R>;
    } finally {
      channel.release();
      // Where the run could not be started, another may be under way, which is none of this loop's business.
      if (!channel.hasEnded) await this.stop();
      await ended;
    }
  }

  /** Asks a run to end, and resolves when it has, whichever way. Does nothing when there is none. */
  async stop(): Promise<void> {
    if (this.#running === undefined) return;
    if (this.#state === 'running') this.#state = 'stopping';
    this.#run?.stop();
    await this.#running.catch(() => undefined);
  }

  /**
   * Makes a checkpoint of everything committed: while it runs, beside the stream; else of what the last run has left.
   * `id` has 1 to 200 letters, digits, `.`, `_` and `-`, and does not begin with `auto-`; the same again replaces it.
   * Default: one that begins with `manual-`, with the time. It is kept until someone deletes it.
   * @throws ProcessorError of kind `state` where it could not be made, CONFIG_INVALID for such an id or a pipeline that
   * keeps no state, RUN_STATE while a run begins or ends.
   */
  async checkpoint(id?: string): Promise<CheckpointInfo> {
    const stored = this.#storedCheckpoints();
    if (this.#running !== undefined && this.#run !== undefined) return this.#run.checkpoint(id);
    return this.#alone(() => stored.make(id));
  }

  /**
   * Puts the state back to what it was at a checkpoint: the next run goes on from there.
   * @throws ProcessorError CHECKPOINT_UNKNOWN, CHECKPOINT_CORRUPT, RUN_STATE while it runs.
   */
  async restore(id: string): Promise<void> {
    const stored = this.#storedCheckpoints();
    await this.#alone(() => stored.restore(id));
  }

  /** The checkpoints that can be restored, oldest first. @throws ProcessorError of kind `state`. */
  async checkpoints(): Promise<readonly CheckpointInfo[]> {
    const stored = this.#storedCheckpoints();
    if (this.#running !== undefined) return this.plan.state.listCheckpoints();
    return this.#alone(() => stored.list());
  }

  /** Has an observer told of what runs do that begin from now on. */
  observe(observer: RunObserver): void {
    this.#observers.push(observer);
  }

  /**
   * The windows in memory that hold state, earliest first, at most `limit`, as plain data. It looks at every window, so
   * it is not for every moment.
   */
  openWindows(limit = 100): readonly OpenWindowStatus[] {
    return this.#run === undefined ? [] : openWindowsOf(this.#run, limit);
  }

  /**
   * The windows in memory by span of time, and how many each has: at most `limit` that are waited for, then as many that are
   * only kept for late events. It looks at every window too.
   */
  openSpans(limit = 100): readonly OpenSpanStatus[] {
    return this.#run === undefined ? [] : openSpansOf(this.#run, limit);
  }

  /** Everything there is to see of the pipeline now, as plain data. */
  status(): StatusSnapshot {
    const basics = {
      plan: this.plan,
      state: this.#state === 'running' && this.#run?.reader === undefined ? 'starting' : this.#state,
      startedAt: this.#startedAt,
      uptimeMs: this.#clock.monotonic() - this.#madeAt,
    };
    return this.#run === undefined ? idleSnapshot(basics) : snapshotOf(basics, this.#run, this.#clock);
  }

  #storedCheckpoints(): StoredCheckpoints {
    return new StoredCheckpoints({
      plan: this.plan,
      clock: this.#clock,
      logger: this.#logger,
      metrics: this.metrics,
    });
  }

  /** Uses the state while no run does. @throws ProcessorError RUN_STATE. */
  async #alone<T>(use: () => Promise<T>): Promise<T> {
    this.#checkIdle();
    this.#isStateInUse = true;
    try {
      return await use();
    } finally {
      this.#isStateInUse = false;
    }
  }

  /** @throws ProcessorError RUN_STATE where the state is in use. */
  #checkIdle(): void {
    const { name } = this.plan;
    let message: string | undefined;
    if (this.#running !== undefined)
      message = `the pipeline "${name}" is running already; stop it, or build a second one`;
    else if (this.#isStateInUse)
      message = `the state of the pipeline "${name}" is in use for a checkpoint; wait for it`;
    if (message !== undefined) throw new ProcessorError('internal', 'RUN_STATE', message);
  }

  async #start(plan: PipelinePlan, settings: RunSettings): Promise<RunSummary> {
    this.#checkIdle();
    const run = new PipelineRun({ plan, clock: this.#clock, metrics: this.metrics, ...this.#observed() });
    this.#run = run;
    this.#state = 'running';
    this.#running = this.#supervise(run, settings.signal).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  #observed(): Pick<RunOptions, 'logger' | 'observer'> {
    if (this.#observers.length === 0) return { logger: this.#logger };
    const observer = observers(this.#observers);
    return { logger: observedLogger(this.#logger, observer), observer };
  }

  async #supervise(run: PipelineRun, signal: AbortSignal | undefined): Promise<RunSummary> {
    const startedAt = this.#clock.monotonic();
    const stop = (): void => {
      this.#state = 'stopping';
      run.stop();
    };
    if (signal?.aborted === true) stop();
    signal?.addEventListener('abort', stop, { once: true });
    try {
      await run.run();
    } catch (error) {
      this.#state = 'failed';
      throw error;
    } finally {
      signal?.removeEventListener('abort', stop);
    }
    this.#state = 'finished';
    return {
      outcome: run.wasStopped ? 'stopped' : 'finished',
      epoch: run.committer.epoch,
      counters: { ...run.totals.now(), skipped: run.delivery.skipped },
      rejections: run.totals.rejections(),
      durationMs: Math.round(this.#clock.monotonic() - startedAt),
    };
  }
}
