import { ProcessorError } from '../errors/processor-error.ts';
import type { PipelinePlan } from '../plan/plan.ts';
import type { SourcePosition } from '../sources/event-source.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { ProcessorMetrics } from '../telemetry/metrics.ts';
import { traced } from '../telemetry/tracing.ts';
import type { Clock } from '../time/clock.ts';
import { Delivery } from './delivery.ts';
import { EpochBuffer } from './epoch-buffer.ts';
import { EpochStore } from './epoch-store.ts';
import { outboxSize, type Outbox } from './outbox.ts';
import type { PartitionReader } from './partition-reader.ts';
import { recordCheckOf } from './record-check.ts';
import { SourceReader } from './source-reader.ts';
import { RunGauges } from './run-gauges.ts';
import { StreamCore } from './stream-core.ts';
import { RunTotals } from './run-totals.ts';
import { WakeUp } from './wake-up.ts';

/** What a run is made from. */
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
/** The longest wait for something to read, in ms: a source that has grown does not ring. */
const LONGEST_WAIT_MS = 1000;
/** How long a run that has failed waits for what it has committed to be delivered, in ms. */
const FAILED_GRACE_MS = 5000;

/**
 * One run of a pipeline: reads, aggregates, commits and delivers, epoch after epoch, until its input ends or it is
 * stopped. Used once.
 *
 * The order of an epoch:
 * 1. Read blocks, of the partition with the lowest watermark first; decode and ingest them; advance the watermark;
 *    take what has fired.
 * 2. When the commit interval has passed and the epoch before has been delivered, close the epoch. When the buffer is
 *    full, stop reading until that is so.
 * 3. Commit in one atomic write: positions, watermarks, changed windows, counters, and what is to be delivered.
 * 4. Deliver, while the next epoch is being read. Nothing is delivered before it is committed.
 * 5. The next commit takes what has been delivered out of the state; at the end of the run, a write of its own.
 */
export class PipelineRun {
  readonly core: StreamCore;
  readonly totals: RunTotals;
  readonly delivery: Delivery;
  readonly #options: RunOptions;
  readonly #store: EpochStore;
  readonly gauges: RunGauges;
  readonly #buffer: EpochBuffer;
  readonly #wakeUp = new WakeUp();
  /** Aborts when reading is to end: the run then finishes its epoch and closes. */
  readonly #stopping = new AbortController();
  /** Aborts when the run has failed: waiting retries are given up. */
  readonly #failing = new AbortController();
  #reader: SourceReader | undefined;
  #epoch = 0;
  #openedAt = 0;
  #tickedAt = 0;
  #stopped = false;
  #delivering: Promise<void> = Promise.resolve();
  #isDelivering = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(options: RunOptions) {
    this.#options = options;
    const { plan } = options;
    this.core = new StreamCore(plan, options.clock);
    this.totals = new RunTotals(this.core, options.metrics);
    this.#buffer = new EpochBuffer(plan.bufferSize);
    this.gauges = new RunGauges(this.core, options.metrics, options.clock);
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
      await this.#closeEpoch(reader);
      await this.#delivering;
      this.#rethrow();
      await this.#store.acknowledge();
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
    await plan.state.open();
    const positions = await this.#recover();
    const { signal } = this.#stopping;
    const maxBlockRecords = Math.min(MAX_BLOCK_RECORDS, plan.bufferSize);
    const check = recordCheckOf(plan.decode, clock);
    const context = { clock, logger, positions, signal, maxBlockRecords, ...(check === undefined ? {} : { check }) };
    const source = await plan.source.open(context);
    const reader = new SourceReader(source, this.core, positions, {
      ...this.#options,
      stopping: signal,
      onSettled: () => this.#wakeUp.ring(),
    });
    this.#reader = reader;
    this.#openedAt = clock.monotonic();
    this.#tickedAt = this.#openedAt;
    return reader;
  }

  /** Goes on from the last epoch, where there is one: takes up its state, delivers it again, says where to read on. */
  async #recover(): Promise<ReadonlyMap<string, SourcePosition>> {
    const { plan, clock, logger } = this.#options;
    const stored = await this.#store.read((record) => this.core.engine.load(record));
    this.totals.start(stored?.meta.totals);
    await this.delivery.open({ pipeline: plan.name, clock, logger });
    if (stored === undefined) return new Map();
    const { epoch, progress, positions } = stored.meta;
    this.#epoch = epoch;
    this.core.restore(progress);
    logger.info({ epoch, redelivered: outboxSize(stored.outbox) }, 'going on from the last epoch');
    await this.delivery.deliver(stored.outbox, epoch);
    return positions;
  }

  async #loop(reader: SourceReader): Promise<void> {
    const { clock } = this.#options;
    let turnedAt = clock.monotonic();
    for (;;) {
      this.#rethrow();
      // What is due is taken before a partition's end can make it final: when that end is noticed is a matter of luck.
      await this.#drain(reader);
      reader.advance();
      await this.#drain(reader);
      const ready = reader.next();
      if (ready === undefined && reader.isDone) return;
      if (ready === undefined) await this.#wakeUp.wait(clock, this.#longestWait(reader));
      else if (this.#buffer.hasRoomFor(ready.readyRecords)) this.#process(ready);
      else await this.#closeEpoch(reader);
      const now = clock.monotonic();
      const { commitIntervalMs } = this.#options.plan;
      // Waiting for a delivery is for a full buffer only: until then there is room to read on.
      if (now - this.#openedAt >= commitIntervalMs && !this.#isDelivering) await this.#closeEpoch(reader);
      else if (now - this.#tickedAt >= commitIntervalMs) this.#tick(reader);
      if (clock.monotonic() - turnedAt < STRETCH_MS) continue;
      await clock.nextTurn();
      turnedAt = clock.monotonic();
    }
  }

  #process(ready: PartitionReader): void {
    const { clock, metrics } = this.#options;
    const block = ready.take();
    if (block === undefined) return;
    if (!this.#stopping.signal.aborted) ready.prefetch();
    this.core.process(ready.index, block, this.#buffer.outbox);
    this.#buffer.add(block.count);
    metrics.recordProcessingLatency(Math.max(0, clock.now() - block.receivedAt));
  }

  /** Takes what has fired into the outbox; where that is more than fits, by way of several epochs. */
  async #drain(reader: SourceReader): Promise<void> {
    while (!this.core.drain(this.#buffer.roomInOutbox, this.#buffer.outbox)) await this.#commitEpoch(reader);
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
    await this.#drain(reader);
    this.core.dropDeadKeys();
    if (!this.#buffer.isEmpty) await this.#commitEpoch(reader);
    this.totals.showCounters();
    this.gauges.show(reader.isDone);
  }

  /** Commits what there is, once the epoch before has been delivered. */
  async #commitEpoch(reader: SourceReader): Promise<void> {
    await this.#delivering;
    this.#rethrow();
    await traced(
      'processor.epoch',
      () => ({ epoch: this.#epoch + 1, events: this.#buffer.records }),
      () => this.#commit(reader),
    );
  }

  async #commit(reader: SourceReader): Promise<void> {
    const { clock, metrics } = this.#options;
    const startedAt = clock.monotonic();
    const epoch = this.#epoch + 1;
    const { outbox } = this.#buffer;
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
    this.#epoch = epoch;
    this.#buffer.clear();
    reader.committed(positions);
    this.#delivering = this.#deliver(outbox, epoch);
  }

  /** Never rejects: a failure is for the loop to throw. */
  async #deliver(outbox: Outbox, epoch: number): Promise<void> {
    this.#isDelivering = true;
    try {
      await this.delivery.deliver(outbox, epoch);
    } catch (error) {
      this.#failure ??= { error };
    }
    this.#isDelivering = false;
    this.#wakeUp.ring();
  }

  /** Ends and closes everything because of a failure; what has been committed gets a last chance to be delivered. */
  async #giveUp(failure: unknown): Promise<void> {
    const { clock, metrics, logger } = this.#options;
    // Failures of sources and sinks are counted where they happen, each attempt.
    const kind = ProcessorError.is(failure) ? failure.kind : 'internal';
    if (kind !== 'source' && kind !== 'sink') metrics.recordError(kind);
    this.#stopping.abort();
    const grace = new AbortController();
    const graceOver = clock.sleep(FAILED_GRACE_MS, grace.signal);
    await Promise.race([this.#delivering, graceOver]);
    grace.abort();
    this.#failing.abort();
    await this.#delivering;
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

  #rethrow(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** Closes everything that was opened, whatever fails; throws the first error. */
  async #close(): Promise<void> {
    const closing = [this.delivery.close(), this.#options.plan.state.close()];
    if (this.#reader !== undefined) closing.push(this.#reader.close());
    const outcomes = await Promise.allSettled(closing);
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }
}
