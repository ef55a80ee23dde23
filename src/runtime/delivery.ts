import { messageOf } from '../errors/message-of.ts';
import { ProcessorError } from '../errors/processor-error.ts';
import type { PipelinePlan } from '../plan/plan.ts';
import { ErrorHandler, ErrorPolicy } from '../plan/error-handler.ts';
import { DeadLetter } from '../results/dead-letter.ts';
import type { AggregationResult } from '../results/aggregation-result.ts';
import type { LateEvent } from '../results/late-event.ts';
import type { EventSink, SinkContext } from '../sinks/event-sink.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { ProcessorMetrics } from '../telemetry/metrics.ts';
import type { Clock } from '../time/clock.ts';
import type { Outbox } from './outbox.ts';
import { SinkRunner } from './sink-runner.ts';
import type { ComponentStatus } from './status.ts';

/** What all sinks of a run share. */
export interface DeliveryOptions {
  readonly plan: PipelinePlan;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: ProcessorMetrics;
  /** Aborts when the process must end at once. */
  readonly signal: AbortSignal;
}

const LATE_EVENTS = 'late_events';
const DEAD_LETTERS = 'dead_letters';

/** All sinks of a run: results to each result sink, late events and dead letters each to theirs. */
export class Delivery {
  readonly #results: readonly SinkRunner<AggregationResult>[];
  readonly #late: SinkRunner<LateEvent> | undefined;
  readonly #deadLetters: SinkRunner<DeadLetter> | undefined;
  readonly #options: DeliveryOptions;
  /** By the names of the runners. */
  readonly #sinks = new Map<string, EventSink<never>>();
  #positions: ReadonlyMap<string, string> = new Map();
  #epoch = 0;

  constructor(options: DeliveryOptions) {
    this.#options = options;
    const { plan } = options;
    const deadLetterSink = plan.errorHandler.sink ?? plan.deadLetterSink;
    // Dead letters that cannot be delivered have nowhere left to go: the run fails.
    const policy =
      plan.errorHandler.policy === 'dead_letter'
        ? new ErrorHandler(ErrorPolicy.retry(), { deliveryTimeout: plan.errorHandler.deliveryTimeoutMs })
        : plan.errorHandler;
    this.#deadLetters =
      deadLetterSink === undefined ? undefined : this.#runner(deadLetterSink, DEAD_LETTERS, policy, undefined);
    const undeliverable =
      this.#deadLetters === undefined
        ? undefined
        : (items: readonly unknown[], reason: string): Promise<void> => this.#bury(items, reason);
    this.#late =
      plan.lateSink === undefined
        ? undefined
        : this.#runner(plan.lateSink, LATE_EVENTS, plan.errorHandler, undeliverable);
    const names = uniqueNames(plan.sinks.map((sink) => sink.name ?? 'sink'));
    this.#results = plan.sinks.map((sink, i) =>
      this.#runner(sink, names[i] ?? 'sink', plan.errorHandler, undeliverable),
    );
  }

  get #all(): readonly SinkRunner<never>[] {
    return [...this.#results, this.#late, this.#deadLetters].filter((runner) => runner !== undefined);
  }

  get skipped(): number {
    return this.#all.reduce((total, runner) => total + runner.skipped, 0);
  }

  /** Where each sink that can tell stood after it was opened, or after the last delivery that all have taken; by name. */
  get positions(): ReadonlyMap<string, string> {
    return this.#positions;
  }

  /** Opens every sink, each with its own of the `positions` that were kept; see {@link SinkRunner.open}. */
  async open(
    context: SinkContext,
    positions: ReadonlyMap<string, string> = new Map(),
    stopping?: AbortSignal,
  ): Promise<void> {
    for (const runner of this.#all) {
      const position = positions.get(runner.name);
      await runner.open(position === undefined ? context : { ...context, position }, stopping);
    }
    // Also before the first delivery: what a crash in it leaves behind can then be told from what was there before.
    this.#askPositions();
  }

  /** Closes every sink, whatever the others do; throws the first error. */
  async close(): Promise<void> {
    const outcomes = await Promise.allSettled(this.#all.map((runner) => runner.close()));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  /** Resolves when every sink has taken its part of the outbox. */
  async deliver(outbox: Outbox, epoch: number): Promise<void> {
    this.#epoch = epoch;
    const deliveries = this.#results.map((runner) => runner.deliver(outbox.results, epoch));
    if (this.#late !== undefined) deliveries.push(this.#late.deliver(outbox.lateEvents, epoch));
    // Undeliverable results come on top of these; a runner makes the two take turns.
    if (this.#deadLetters !== undefined) deliveries.push(this.#deadLetters.deliver(outbox.deadLetters, epoch));
    else if (outbox.deadLetters.length > 0) warnOfLoss(this.#options.logger, outbox.deadLetters);
    const outcomes = await Promise.allSettled(deliveries);
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    this.#askPositions();
  }

  /** Status of each sink, as `sink:<name>`. */
  status(): Record<string, ComponentStatus> {
    return Object.fromEntries(this.#all.map((runner) => [`sink:${runner.name}`, runner.status()]));
  }

  #runner<T>(
    sink: EventSink<T>,
    name: string,
    handler: ErrorHandler,
    deadLetter: ((items: readonly T[], reason: string) => Promise<void>) | undefined,
  ): SinkRunner<T> {
    const { clock, logger, metrics, signal } = this.#options;
    this.#sinks.set(name, sink);
    const base = { sink, name, handler, clock, logger, metrics, signal };
    return new SinkRunner(deadLetter === undefined ? base : { ...base, deadLetter });
  }

  #askPositions(): void {
    const positions = new Map<string, string>();
    for (const [name, sink] of this.#sinks) {
      const position = this.#positionOf(name, sink);
      if (position !== undefined) positions.set(name, position);
    }
    this.#positions = positions;
  }

  #positionOf(name: string, sink: EventSink<never>): string | undefined {
    try {
      return sink.position?.();
    } catch (cause) {
      this.#options.metrics.recordError('sink');
      const message = `sink "${name}" cannot tell where it stands: ${messageOf(cause)}`;
      throw new ProcessorError('sink', 'SINK_FAILED', message, { cause });
    }
  }

  async #bury(items: readonly unknown[], reason: string): Promise<void> {
    const timestamp = this.#options.clock.now();
    const letters = items.map(
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
    await this.#deadLetters?.deliver(letters, this.#epoch);
  }
}

/** Two sinks of one kind are told apart by a number: `file`, `file-2`. */
function uniqueNames(names: readonly string[]): readonly string[] {
  const taken = new Set([LATE_EVENTS, DEAD_LETTERS]);
  return names.map((name) => {
    let unique = name;
    for (let n = 2; taken.has(unique); n += 1) unique = `${name}-${n}`;
    taken.add(unique);
    return unique;
  });
}

function warnOfLoss(logger: Logger, letters: readonly DeadLetter[]): void {
  const [first] = letters;
  const fields = { rejected: letters.length, code: first?.code, error: first?.message };
  logger.warn(fields, 'records were rejected, and there is no dead-letter sink to keep them');
}
