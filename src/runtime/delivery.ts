import { messageOf } from '../errors/message-of.ts';
import { ProcessorError } from '../errors/processor-error.ts';
import type { Positions } from '../event/source-position.ts';
import type { PipelinePlan } from '../plan/plan.ts';
import { ErrorHandler, ErrorPolicy } from '../plan/error-handler.ts';
import { DeadLetter } from '../results/dead-letter.ts';
import type { SinkContext } from '../sinks/event-sink.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { ProcessorMetrics } from '../telemetry/metrics.ts';
import type { Clock } from '../time/clock.ts';
import { emptyOutbox, type Outbox } from './outbox.ts';
import type { RunObserver } from './run-observer.ts';
import { itemsFor, sinkParts, type SinkPart } from './sink-parts.ts';
import { SinkRunner } from './sink-runner.ts';
import type { ComponentStatus } from './status.ts';
import { TransactionRunner, type RecoveredEpoch } from './transaction-runner.ts';

/** What all sinks of a run share. */
export interface DeliveryOptions {
  readonly plan: PipelinePlan;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: ProcessorMetrics;
  /** Is told of each outbox that has been delivered. */
  readonly observer?: RunObserver | undefined;
  /** Aborts when the run is to end. */
  readonly stopping: AbortSignal;
  /** Aborts when the process must end at once; never before `stopping`. */
  readonly signal: AbortSignal;
}

/** A sink that delivers by itself. */
interface PlainSink extends SinkPart {
  readonly runner: SinkRunner<never>;
}

/**
 * All sinks of a run: results to each result sink, late events and dead letters each to theirs. Those that deliver in a
 * transaction are one, and have their turn after those that do not, so that what these refuse can be a dead letter in it.
 */
export class Delivery {
  readonly #parts: readonly SinkPart[];
  readonly #plain: readonly PlainSink[];
  /** That in which dead letters are delivered is the last. */
  readonly #transactions: readonly TransactionRunner[];
  readonly #options: DeliveryOptions;
  #positions: ReadonlyMap<string, string> = new Map();
  #epoch = 0;
  /** Dead letters of the epoch under way, for a transaction that comes later. */
  #buried: DeadLetter[] = [];
  /** All dead letters made of what could not be delivered, of the epoch under way. */
  #made: DeadLetter[] = [];

  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.#parts = sinkParts(options.plan);
    this.#plain = this.#parts
      .filter(({ sink }) => sink.transaction === undefined)
      .map((part) => ({ ...part, runner: this.#runnerOf(part) }));
    const transactions = new Set(this.#parts.map(({ sink }) => sink.transaction));
    this.#transactions = [...transactions]
      .filter((transaction) => transaction !== undefined)
      .map((transaction) => this.#transactionOf(transaction))
      .toSorted((a, b) => Number(takesDeadLetters(a)) - Number(takesDeadLetters(b)));
  }

  get skipped(): number {
    const runners = [...this.#plain.map(({ runner }) => runner), ...this.#transactions];
    return runners.reduce((total, runner) => total + runner.skipped, 0);
  }

  /** Where each sink that can tell stood after it was opened, or after the last delivery that all have taken; by name. */
  get positions(): ReadonlyMap<string, string> {
    return this.#positions;
  }

  /** Whether it is time for {@link Delivery.tell}. */
  get isDue(): boolean {
    return this.#transactions.some((runner) => runner.isDue);
  }

  /** Opens every sink, each with its own of the `positions` that were kept. */
  async open(context: SinkContext, positions: ReadonlyMap<string, string> = new Map()): Promise<void> {
    const { plan, metrics } = this.#options;
    const measured = { ...context, instruments: metrics };
    for (const { runner } of this.#plain) {
      const position = positions.get(runner.name);
      await runner.open(position === undefined ? measured : { ...measured, position });
    }
    const { offsetGroup: group } = plan.source;
    for (const [ordinal, runner] of this.#transactions.entries()) {
      // The source's positions are committed once.
      const groups = group === undefined || ordinal > 0 ? {} : { group };
      await runner.open({ ...measured, ordinal, ...groups }, positions.get(runner.name));
    }
    // Also before the first delivery: what a crash in it leaves behind can then be told from what was there before.
    this.#askPositions();
  }

  /** Closes every sink, whatever the others do; throws the first error. */
  async close(): Promise<void> {
    const closing = [
      ...this.#plain.map(({ runner }) => runner.close()),
      ...this.#transactions.map((one) => one.close()),
    ];
    await allOf(closing);
  }

  /** Goes on from the last epoch of the state, undefined where there is none: delivers what may not have been delivered. */
  async recover(stored: RecoveredEpoch | undefined): Promise<void> {
    await this.#deliver(stored?.outbox ?? emptyOutbox(), stored?.epoch ?? 0, (runner, outbox) =>
      runner.recover(stored === undefined ? undefined : { ...stored, outbox }),
    );
  }

  /** Resolves when every sink has taken its part of the outbox. `positions`: where the source goes on after it. */
  async deliver(outbox: Outbox, epoch: number, positions: Positions): Promise<void> {
    await this.#deliver(outbox, epoch, (runner, items) => runner.deliver(items, epoch, positions));
  }

  /** Says where the pipeline stands, to whom that has not been said for a while. Only between deliveries. */
  async tell(): Promise<void> {
    await allOf(this.#transactions.filter(({ isDue }) => isDue).map((runner) => runner.tell()));
    this.#askPositions();
  }

  /** The last epoch has been delivered: says where the pipeline has come to. */
  async finish(): Promise<void> {
    await allOf(this.#transactions.map((runner) => runner.finish()));
    this.#askPositions();
  }

  /** Status of each sink, as `sink:<name>`. */
  status(): Record<string, ComponentStatus> {
    const plain = new Map(this.#plain.map(({ name, runner }) => [name, runner] as const));
    const found = this.#parts.map(({ name }) => {
      const runner =
        plain.get(name) ?? this.#transactions.find(({ parts }) => parts.some((part) => part.name === name));
      return [`sink:${name}`, runner?.status() ?? { status: 'ok', message: null }] as const;
    });
    return Object.fromEntries(found);
  }

  async #deliver(
    outbox: Outbox,
    epoch: number,
    transact: (runner: TransactionRunner, outbox: Outbox) => Promise<void>,
  ): Promise<void> {
    const { clock, observer } = this.#options;
    const startedAt = clock.monotonic();
    this.#epoch = epoch;
    this.#buried = [];
    this.#made = [];
    if (!this.#takesDeadLetters && outbox.deadLetters.length > 0) warnOfLoss(this.#options.logger, outbox.deadLetters);
    // Undeliverable results come on top of the dead letters; a runner makes the two take turns.
    await allOf(this.#plain.map((part) => part.runner.deliver(itemsFor(part, outbox), epoch)));
    const before = this.#transactions.filter((runner) => !takesDeadLetters(runner));
    await allOf(before.map((runner) => transact(runner, outbox)));
    const last = this.#transactions.find(takesDeadLetters);
    const letters = [...outbox.deadLetters, ...this.#buried];
    if (last !== undefined) await transact(last, { ...outbox, deadLetters: letters });
    this.#askPositions();
    observer?.delivered({
      ...outbox,
      deadLetters: [...outbox.deadLetters, ...this.#made],
      epoch,
      deliveredAt: clock.now(),
      durationMs: clock.monotonic() - startedAt,
    });
  }

  get #takesDeadLetters(): boolean {
    return this.#parts.some(({ of }) => of === 'deadLetters');
  }

  #runnerOf({ sink, name, of }: SinkPart): SinkRunner<never> {
    const { plan, clock, logger, metrics, stopping, signal } = this.#options;
    const base = { sink, name, clock, logger, metrics, stopping, signal };
    if (of === 'deadLetters') return new SinkRunner({ ...base, handler: lastResort(plan.errorHandler) });
    const handler = plan.errorHandler;
    if (!this.#takesDeadLetters) return new SinkRunner({ ...base, handler });
    const deadLetter = (items: readonly unknown[], reason: string): Promise<void> =>
      this.#bury(this.#lettersOf(items, reason));
    return new SinkRunner({ ...base, handler, deadLetter });
  }

  #transactionOf(transaction: NonNullable<SinkPart['sink']['transaction']>): TransactionRunner {
    const { plan } = this.#options;
    return new TransactionRunner({
      ...this.#options,
      transaction,
      parts: this.#parts.filter(({ sink }) => sink.transaction === transaction),
      handler: plan.errorHandler,
      keepsState: plan.state.directory !== undefined,
      lettersOf: (items, reason) => this.#lettersOf(items, reason),
      ...(this.#takesDeadLetters ? { bury: (letters) => this.#bury(letters) } : {}),
    });
  }

  #askPositions(): void {
    const positions = new Map(this.#transactions.map(({ name, position }) => [name, position]));
    for (const part of this.#plain) {
      const position = this.#positionOf(part);
      if (position !== undefined) positions.set(part.name, position);
    }
    this.#positions = positions;
  }

  #positionOf({ name, sink }: SinkPart): string | undefined {
    try {
      return sink.position?.();
    } catch (cause) {
      this.#options.metrics.recordError('sink');
      const message = `sink "${name}" cannot tell where it stands: ${messageOf(cause)}`;
      throw new ProcessorError('sink', 'SINK_FAILED', message, { cause });
    }
  }

  #lettersOf(items: readonly unknown[], reason: string): readonly DeadLetter[] {
    const timestamp = this.#options.clock.now();
    return items.map(
      (item) =>
        new DeadLetter({
          code: 'undeliverable',
          message: reason,
          path: null,
          partition: 'results',
          offset: this.#epoch,
          raw: new TextEncoder().encode(JSON.stringify(item)),
          timestamp,
        }),
    );
  }

  async #bury(letters: readonly DeadLetter[]): Promise<void> {
    this.#made.push(...letters);
    const plain = this.#plain.find(({ of }) => of === 'deadLetters');
    if (plain === undefined) this.#buried.push(...letters);
    else await plain.runner.deliver(itemsFor(plain, { ...emptyOutbox(), deadLetters: [...letters] }), this.#epoch);
  }
}

/** Dead letters that cannot be delivered have nowhere left to go: the run fails. */
function lastResort(handler: ErrorHandler): ErrorHandler {
  if (handler.policy !== 'dead_letter') return handler;
  return new ErrorHandler(ErrorPolicy.retry(), { deliveryTimeout: handler.deliveryTimeoutMs });
}

function takesDeadLetters({ parts }: TransactionRunner): boolean {
  return parts.some(({ of }) => of === 'deadLetters');
}

/** Waits for all, whatever the others do; throws the first error. */
async function allOf(work: readonly Promise<void>[]): Promise<void> {
  const outcomes = await Promise.allSettled(work);
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

function warnOfLoss(logger: Logger, letters: readonly DeadLetter[]): void {
  const [first] = letters;
  const fields = { rejected: letters.length, code: first?.code, error: first?.message };
  logger.warn(fields, 'records were rejected, and there is no dead-letter sink to keep them');
}
