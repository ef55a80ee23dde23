import { ProcessorError } from '../errors/processor-error.ts';
import type { StateRequest } from '../engine/window-engine.ts';
import type { PipelinePlan } from '../plan/plan.ts';
import type { CheckpointInfo } from '../state/state-backend.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { ProcessorMetrics } from '../telemetry/metrics.ts';
import type { Clock } from '../time/clock.ts';
import { Checkpointer } from './checkpointer.ts';
import { Committer, type ClosedEpoch } from './committer.ts';
import { allOf, Delivery } from './delivery.ts';
import { EpochBuffer } from './epoch-buffer.ts';
import { EpochClose } from './epoch-close.ts';
import { EpochStore } from './epoch-store.ts';
import type { PartitionReader } from './partition-reader.ts';
import { Recovery } from './recovery.ts';
import { RunGauges } from './run-gauges.ts';
import type { RunObserver } from './run-observer.ts';
import { RunTotals } from './run-totals.ts';
import { openSource } from './open-source.ts';
import type { SourceReader } from './source-reader.ts';
import { StateWriter } from './state-writer.ts';
import { StateSupply } from './state-supply.ts';
import { StreamCore } from './stream-core.ts';
import { WakeUp } from './wake-up.ts';

/** What a run is made from. */
export interface RunOptions {
  readonly plan: PipelinePlan;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: ProcessorMetrics;
  readonly observer?: RunObserver | undefined;
}

/** Work at a stretch, in ms, before I/O and timers get their turn. */
const STRETCH_MS = 10;
/** The longest wait for something to read, in ms: a source that has grown does not ring. */
const LONGEST_WAIT_MS = 1000;
/** How long a run that has failed waits for what it has closed to be committed and delivered, in ms. */
const FAILED_GRACE_MS = 5000;

/**
 * One run of a pipeline: takes up the state of the last epoch, then reads and aggregates, epoch after epoch, until its
 * input ends or it is stopped. Used once.
 *
 * An epoch is read in blocks, of the partition with the lowest watermark first; what has fired after each goes into its
 * outbox. It is closed when the commit interval has passed and the epoch before is committed and delivered; when the buffer
 * is full, reading stops until that is so. Of epochs that follow each other faster than the commit interval only what they
 * have read is stored, in a journal, and the windows with the first after it. What happens from there on, while the next
 * epoch is read, is the {@link Committer}'s.
 */
export class PipelineRun {
  readonly core: StreamCore;
  readonly totals: RunTotals;
  readonly gauges: RunGauges;
  readonly delivery: Delivery;
  readonly recovery: Recovery;
  readonly writer: StateWriter;
  readonly committer: Committer;
  readonly checkpointer: Checkpointer;
  readonly #options: RunOptions;
  readonly #buffer: EpochBuffer;
  readonly #closing: EpochClose;
  readonly #supply: StateSupply;
  readonly #wakeUp = new WakeUp();
  /** Aborts when reading is to end: the run then finishes its epoch and closes. */
  readonly #stopping = new AbortController();
  /** Aborts when the run has failed: waiting retries are given up. */
  readonly #failing = new AbortController();
  #reader: SourceReader | undefined;
  #openedAt = 0;
  #tickedAt = 0;
  #stopped = false;

  constructor(options: RunOptions) {
    this.#options = options;
    const { plan, clock, metrics } = options;
    const { state } = plan;
    const store = new EpochStore(state, plan.name);
    const [stopping, failing] = [this.#stopping.signal, this.#failing.signal];
    this.core = new StreamCore(plan, clock);
    this.totals = new RunTotals(this.core, metrics);
    this.gauges = new RunGauges(this.core, options);
    this.#buffer = new EpochBuffer(plan.bufferSize);
    this.#closing = new EpochClose({ plan, clock, core: this.core, totals: this.totals, buffer: this.#buffer });
    this.#supply = new StateSupply(this.core.engine, store);
    this.delivery = new Delivery({ ...options, stopping, signal: failing });
    this.writer = new StateWriter({ ...options, backend: state, stopping, failing });
    this.recovery = new Recovery(options, store, this.writer);
    const parts = { ...options, store, writer: this.writer, delivery: this.delivery };
    this.committer = new Committer({
      ...parts,
      recoverable: state.recoverable,
      onCommitted: (epoch) => this.#noteCommitted(epoch),
      onSettled: () => this.#wakeUp.ring(),
    });
    this.checkpointer = new Checkpointer({
      ...parts,
      committed: () => this.committer.last,
      onReleased: (positions) => this.#reader?.released(positions),
    });
  }

  get reader(): SourceReader | undefined {
    return this.#reader;
  }

  /** True once the run was asked to end before its input had. */
  get wasStopped(): boolean {
    return this.#stopped;
  }

  /** Asks the run to end: it finishes its epoch, delivers and closes. */
  stop(): void {
    this.#stopped = true;
    this.#stopping.abort();
    this.#wakeUp.ring();
  }

  /** Makes a checkpoint of everything committed. @throws as {@link Checkpointer.make}; RUN_STATE before the start is over. */
  async checkpoint(id?: string): Promise<CheckpointInfo> {
    if (this.#reader !== undefined) return this.checkpointer.make(id);
    throw new ProcessorError('internal', 'RUN_STATE', 'the pipeline is still taking up its state; try again');
  }

  /** Runs to the end of the input, or to {@link PipelineRun.stop}. Rejects with what made it fail. */
  async run(): Promise<void> {
    try {
      const reader = await this.#start();
      await this.#loop(reader);
      await this.#closeEpoch(reader);
      // Nothing that is gone for good stays behind a run that came to its end.
      while (!this.#stopped && this.core.engine.requestForCleaning() !== null) await this.#closeEpoch(reader);
      await this.committer.allSettled();
      await this.committer.acknowledge();
    } catch (error) {
      await this.#giveUp(error);
      throw error;
    }
    await this.#close();
  }

  async #start(): Promise<SourceReader> {
    const { plan, clock, logger } = this.#options;
    if (plan.parallelism > 1) {
      const message = 'parallelism is noted, but this version aggregates on one thread';
      logger.warn({ parallelism: plan.parallelism }, message);
    }
    const stored = await this.recovery.run(this.core);
    this.totals.start(stored?.meta.totals);
    await this.delivery.open({ pipeline: plan.name, clock, logger }, stored?.meta.sinks);
    await this.committer.start(stored, this.recovery.planToWrite(stored));
    const reader = await openSource(this.core, {
      ...this.#options,
      positions: this.committer.last?.positions ?? new Map<never, never>(),
      stopping: this.#stopping.signal,
      onSettled: () => this.#wakeUp.ring(),
    });
    this.#reader = reader;
    if (reader.hasBegun || this.recovery.knowsTooFew(stored, this.core)) await this.#commitNow(reader);
    await this.checkpointer.start();
    this.#openedAt = clock.monotonic();
    this.#tickedAt = this.#openedAt;
    return reader;
  }

  async #loop(reader: SourceReader): Promise<void> {
    const { clock } = this.#options;
    let turnedAt = clock.monotonic();
    for (;;) {
      this.committer.rethrow();
      // What is due is taken before a partition's end can make it final: when that end is noticed is a matter of luck.
      if (!(await this.#drain(reader))) return;
      reader.advance();
      if (!(await this.#drain(reader))) return;
      const ready = reader.next();
      if (ready === undefined && reader.isDone) return;
      if (ready === undefined) await this.#wakeUp.wait(clock, this.#longestWait(reader));
      else if (this.#buffer.hasRoomFor(ready.readyRecords)) await this.#process(ready);
      else await this.#closeEpoch(reader);
      const now = clock.monotonic();
      const { commitIntervalMs } = this.#options.plan;
      // Waiting for the epoch before is for a full buffer only: until then there is room to read on.
      if (now - this.#openedAt >= commitIntervalMs && !this.committer.isBusy) await this.#closeEpoch(reader);
      else if (now - this.#tickedAt >= commitIntervalMs) this.#tick(reader);
      this.committer.tell();
      if (clock.monotonic() - turnedAt < STRETCH_MS) continue;
      await clock.nextTurn();
      turnedAt = clock.monotonic();
    }
  }

  async #process(ready: PartitionReader): Promise<void> {
    const { clock, metrics } = this.#options;
    const { core } = this;
    const { outbox } = this.#buffer;
    const block = ready.take();
    if (block === undefined) return;
    if (!this.#stopping.signal.aborted) ready.prefetch();
    const decoded = core.decode(ready.index, block, outbox);
    await this.#supply.answer(() => core.engine.requestFor(decoded.batch));
    core.ingest(decoded, outbox);
    this.#buffer.add(block.count);
    metrics.recordProcessingLatency(Math.max(0, clock.now() - block.receivedAt));
  }

  /**
   * Takes what has fired into the outbox; where that is more than fits, by way of several epochs. A run that is to end takes
   * no more than fits into one: what is still due stays in the state, and fires after the next start. False then. Where state
   * is kept by partition it takes all: the state may be dealt out next, and whoever gets a part would not fire the same.
   */
  async #drain(reader: SourceReader): Promise<boolean> {
    const { core } = this;
    const ask = (): StateRequest | null => core.engine.requestForFiring();
    const { state, source } = this.#options.plan;
    const mayWait = state.recoverable && source.share?.partitionedByKey !== true;
    for (;;) {
      await this.#supply.answer(ask);
      const isEmpty = core.drain(this.#buffer.roomInOutbox, this.#buffer.outbox);
      if (isEmpty && ask() === null) return true;
      if (this.#stopping.signal.aborted && mayWait) return false;
      // While something is due the windows are stored, whatever the time.
      if (!isEmpty) await this.#commitEpoch(reader, true);
    }
  }

  /** Lets the passing of time take effect. */
  #tick(reader: SourceReader): void {
    reader.noteLag();
    this.core.tick();
    this.#tickedAt = this.#options.clock.monotonic();
  }

  async #closeEpoch(reader: SourceReader): Promise<void> {
    this.#tick(reader);
    this.#openedAt = this.#tickedAt;
    const isDrained = await this.#drain(reader);
    const isCleaning = isDrained && (await this.#supply.answerOnce(this.core.engine.requestForCleaning()));
    const isEnding = reader.isDone || this.#stopping.signal.aborted;
    const mustStore = isEnding || this.#closing.isStoringDue;
    const hasJournal = mustStore && this.#closing.hasJournal;
    if (isCleaning || hasJournal || !this.#buffer.isEmpty) await this.#commitEpoch(reader, mustStore);
    this.gauges.show(reader.isDone);
  }

  /** Commits what there is, and waits until that is so. */
  async #commitNow(reader: SourceReader): Promise<void> {
    await this.#commitEpoch(reader, true);
    await this.committer.allSettled();
  }

  /** Hands what there is to the committer, once that is done with the epoch before. */
  async #commitEpoch(reader: SourceReader, mustStore: boolean): Promise<void> {
    await this.committer.allSettled();
    this.core.engine.spill();
    this.core.dropDeadKeys();
    this.committer.commit(this.#closing.take(reader.positions(), mustStore));
  }

  #noteCommitted({ meta, outbox }: ClosedEpoch): void {
    this.core.traces.committed();
    this.totals.showCounters(meta.totals);
    this.totals.showOutbox(outbox.results, outbox.deadLetters);
    this.#reader?.committed(meta.positions);
    this.checkpointer.committed(this.committer.epoch);
  }

  /** Ends and closes everything because of a failure; what has been closed gets a last chance to be delivered. */
  async #giveUp(failure: unknown): Promise<void> {
    const { clock, metrics, logger } = this.#options;
    // Failures of sources and sinks are counted where they happen, each attempt.
    const kind = ProcessorError.is(failure) ? failure.kind : 'internal';
    if (kind !== 'source' && kind !== 'sink') metrics.recordError(kind);
    this.#stopping.abort();
    const grace = new AbortController();
    const graceOver = clock.sleep(FAILED_GRACE_MS, grace.signal);
    await Promise.race([this.committer.settled(), graceOver]);
    grace.abort();
    this.#failing.abort();
    await this.committer.settled();
    try {
      await this.#close();
    } catch (error) {
      logger.error({ error: String(error) }, 'closing after a failure failed too');
    }
  }

  #longestWait(reader: SourceReader): number {
    const { plan, clock } = this.#options;
    const untilTick = this.#tickedAt + plan.commitIntervalMs - clock.monotonic();
    return Math.max(0, Math.min(untilTick, reader.untilRetry(), LONGEST_WAIT_MS));
  }

  /** Closes everything that was opened, whatever fails; throws the first error. */
  async #close(): Promise<void> {
    this.core.traces.end();
    await this.checkpointer.close();
    await allOf([this.delivery.close(), this.#options.plan.state.close(), this.#reader?.close() ?? Promise.resolve()]);
  }
}
