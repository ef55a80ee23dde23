import type { PipelinePlan } from '../plan/plan.ts';
import type { DeadLetter } from '../results/dead-letter.ts';
import type { SourcePosition } from '../sources/event-source.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { ProcessorMetrics } from '../telemetry/metrics.ts';
import { traced } from '../telemetry/tracing.ts';
import type { Clock } from '../time/clock.ts';
import { Delivery } from './delivery.ts';
import { EpochStore } from './epoch-store.ts';
import { recordCheckOf } from './record-check.ts';
import { emptyOutbox, outboxSize, type Outbox } from './outbox.ts';
import type { PartitionReader } from './partition-reader.ts';
import { SourceReader } from './source-reader.ts';
import { StreamCore } from './stream-core.ts';
import { RunTotals } from './run-totals.ts';
import { WakeUp } from './wake-up.ts';

export interface RunOptions {
  readonly plan: PipelinePlan;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: ProcessorMetrics;
}

/** Work at a stretch, in ms, before I/O and timers get their turn. */
const STRETCH_MS = 10;
/** The most records of a block: how much is done between two looks at what is due. */
const MAX_BLOCK_RECORDS = 1024;
/** How often the size of the state is added up, in ms. */
const SIZE_INTERVAL_MS = 1000;

/**
 * One run of a pipeline: reads, aggregates, commits and delivers, epoch after epoch, until its input ends or it is
 * stopped. Used once.
 *
 * The order of an epoch:
 * 1. Read blocks, of the partition with the lowest watermark first; decode and ingest them; advance the watermark.
 * 2. When the commit interval has passed, or the buffer is full, wait until the epoch before has been delivered.
 * 3. Commit in one atomic write: positions, watermarks, changed windows, counters, and what is to be delivered.
 * 4. Deliver, while the next epoch is being read. Nothing is delivered before it is committed.
 * 5. The next commit takes what has been delivered out of the state.
 */
export class PipelineRun {
  readonly core: StreamCore;
  readonly totals: RunTotals;
  readonly delivery: Delivery;
  readonly #options: RunOptions;
  readonly #store: EpochStore;
  readonly #wakeUp = new WakeUp();
  /** Aborts when reading is to end: the run then finishes its epoch and closes. */
  readonly #stopping = new AbortController();
  /** Aborts when the run has failed: waiting retries are given up. */
  readonly #failing = new AbortController();
  #reader: SourceReader | undefined;
  #epoch = 0;
  #outbox: Outbox = emptyOutbox();
  #read = 0;
  #openedAt = 0;
  #sizedAt = -Infinity;
  #stateBytes = 0;
  #stopped = false;
  #delivering: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | undefined;

  constructor(options: RunOptions) {
    this.#options = options;
    const { plan } = options;
    this.core = new StreamCore(plan, options.clock);
    this.totals = new RunTotals(this.core, options.metrics);
    this.#store = new EpochStore(plan.state, plan.name);
    this.delivery = new Delivery({ ...options, signal: this.#failing.signal });
  }

  /** Number of the last committed epoch; 0 before the first. */
  get epoch(): number {
    return this.#epoch;
  }

  get reader(): SourceReader | undefined {
    return this.#reader;
  }

  /** True once the run was asked to end before its input had. */
  get wasStopped(): boolean {
    return this.#stopped;
  }

  /** Bytes of window state, as last added up. */
  get stateBytes(): number {
    return this.#stateBytes;
  }

  /** Asks the run to end: it finishes its epoch, delivers and closes. */
  stop(): void {
    this.#stopped = true;
    this.#stopping.abort();
    this.#wakeUp.ring();
  }

  /** Runs to the end of the input, or to {@link PipelineRun.stop}. Rejects with what made it fail. */
  async run(): Promise<void> {
    try {
      const reader = await this.#start();
      await this.#loop(reader);
      await this.#drain(reader);
      await this.#closeEpoch(reader);
      await this.#delivering;
      this.#rethrow();
    } catch (error) {
      // Reads and retries under way are given up; what they were for has failed.
      this.#stopping.abort();
      this.#failing.abort();
      await this.#close().catch((closing: unknown) => {
        this.#options.logger.error({ error: String(closing) }, 'closing after a failure failed too');
      });
      throw error;
    }
    await this.#close();
  }

  async #start(): Promise<SourceReader> {
    const { plan, clock, logger } = this.#options;
    if (plan.parallelism > 1) {
      const message = 'parallelism is noted, but this version aggregates on one thread';
      logger.info({ parallelism: plan.parallelism }, message);
    }
    await plan.state.open();
    const stored = await this.#store.read((record) => this.core.engine.load(record));
    await this.delivery.open({ pipeline: plan.name, clock, logger });
    if (stored !== undefined) {
      const { epoch, progress, totals } = stored.meta;
      this.#epoch = epoch;
      this.core.progress.restore(progress);
      this.totals.restore(totals);
      logger.info({ epoch, redelivered: outboxSize(stored.outbox) }, 'going on from the last epoch');
      await this.delivery.deliver(stored.outbox, epoch);
    }
    const positions = stored?.meta.positions ?? new Map<string, SourcePosition>();
    const check = recordCheckOf(plan.decode, clock);
    const source = await plan.source.open({
      ...(check === undefined ? {} : { check }),
      clock,
      logger,
      positions,
      signal: this.#stopping.signal,
      maxBlockRecords: Math.max(1, Math.min(MAX_BLOCK_RECORDS, plan.bufferSize)),
    });
    const reader = new SourceReader(source, this.core, positions, {
      ...this.#options,
      stopping: this.#stopping.signal,
      onSettled: () => this.#wakeUp.ring(),
    });
    this.#reader = reader;
    this.#openedAt = clock.monotonic();
    return reader;
  }

  async #loop(reader: SourceReader): Promise<void> {
    const { clock } = this.#options;
    let turnedAt = clock.monotonic();
    for (;;) {
      this.#rethrow();
      reader.advance();
      await this.#drain(reader);
      const ready = reader.next();
      if (ready !== undefined) this.#process(ready);
      else if (reader.isDone) return;
      else await this.#wakeUp.wait(clock, Math.max(0, this.#untilCommit()));
      if (this.#isFull || this.#untilCommit() <= 0) await this.#closeEpoch(reader);
      if (clock.monotonic() - turnedAt < STRETCH_MS) continue;
      await clock.nextTurn();
      turnedAt = clock.monotonic();
    }
  }

  #process(ready: PartitionReader): void {
    const { clock, metrics } = this.#options;
    const block = ready.take();
    if (block === undefined) return;
    ready.prefetch();
    this.core.process(ready.index, block, this.#outbox);
    this.#read += block.count;
    metrics.recordProcessingLatency(Math.max(0, clock.now() - block.receivedAt));
  }

  /** Takes what has fired into the outbox; where that is more than fits, by way of several epochs. */
  async #drain(reader: SourceReader): Promise<void> {
    const { plan } = this.#options;
    while (!this.core.drain(plan.bufferSize, this.#outbox)) await this.#closeEpoch(reader);
  }

  async #closeEpoch(reader: SourceReader): Promise<void> {
    const { clock } = this.#options;
    reader.noteLag();
    this.core.tick();
    this.#openedAt = clock.monotonic();
    this.core.dropDeadKeys();
    if (this.#read > 0 || outboxSize(this.#outbox) > 0) {
      await this.#delivering;
      this.#rethrow();
      await traced(
        'processor.epoch',
        () => ({ epoch: this.#epoch + 1, events: this.#read }),
        () => this.#commit(reader),
      );
    }
    this.#show(reader);
  }

  async #commit(reader: SourceReader): Promise<void> {
    const { clock, metrics, logger } = this.#options;
    const startedAt = clock.monotonic();
    const epoch = this.#epoch + 1;
    const outbox = this.#outbox;
    const positions = reader.positions();
    const meta = { epoch, positions, progress: this.core.progress.snapshot(), totals: { ...this.totals.now() } };
    const delta = this.core.engine.takeDelta();
    await traced(
      'processor.commit',
      () => ({ epoch, changes: delta.length }),
      () => this.#store.commit(meta, delta, outbox),
    );
    metrics.recordCommit(clock.monotonic() - startedAt);
    this.totals.showOutbox(outbox.results, outbox.deadLetters);
    if (outbox.deadLetters.length > 0 && !this.delivery.keepsDeadLetters) warnOfLoss(logger, outbox.deadLetters);
    this.#epoch = epoch;
    this.#outbox = emptyOutbox();
    this.#read = 0;
    reader.committed(positions);
    this.#delivering = this.delivery.deliver(outbox, epoch).catch((error: unknown) => {
      this.#failure ??= { error };
      this.#wakeUp.ring();
    });
  }

  /** Brings the metrics up to date. */
  #show(reader: SourceReader): void {
    const { clock, metrics } = this.#options;
    const { engine, progress } = this.core;
    this.totals.showCounters();
    metrics.recordActiveWindows(engine.activeWindows);
    metrics.recordWatermark(progress.watermark());
    const counts = { active: 0, idle: 0, finished: 0 };
    for (const { state } of progress.states()) counts[state] += 1;
    metrics.recordPartitions(counts);
    const now = clock.monotonic();
    // Adding up the state looks at every window, so it is done now and then only.
    if (now - this.#sizedAt < SIZE_INTERVAL_MS && !reader.isDone) return;
    this.#sizedAt = now;
    this.#stateBytes = engine.sizeBytes();
    metrics.recordStateSize(this.#stateBytes);
  }

  get #isFull(): boolean {
    const { bufferSize } = this.#options.plan;
    return this.#read >= bufferSize || outboxSize(this.#outbox) >= bufferSize;
  }

  #untilCommit(): number {
    const { plan, clock } = this.#options;
    return this.#openedAt + plan.commitIntervalMs - clock.monotonic();
  }

  #rethrow(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** Closes everything that was opened, whatever fails; throws the first error. */
  async #close(): Promise<void> {
    const closing = [this.#reader?.close(), this.delivery.close(), this.#options.plan.state.close()];
    const outcomes = await Promise.allSettled(closing);
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }
}

function warnOfLoss(logger: Logger, letters: readonly DeadLetter[]): void {
  const [first] = letters;
  const fields = { rejected: letters.length, code: first?.code, error: first?.message };
  logger.warn(fields, 'records were rejected, and there is no dead-letter sink to keep them');
}
