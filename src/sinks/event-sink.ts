import type { AggregationResult } from '../results/aggregation-result.ts';
import type { DeadLetter } from '../results/dead-letter.ts';
import type { LateEvent } from '../results/late-event.ts';
import type { Instruments } from '../telemetry/instruments.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Clock } from '../time/clock.ts';
import type { DeliveryTransaction } from './delivery-transaction.ts';

/** What a sink is given when it is opened. */
export interface SinkContext {
  /** Name of the pipeline. */
  readonly pipeline: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /**
   * What {@link EventSink.position} said after the last delivery that the state has noted as taken. What the sink finds
   * beyond it is of the epoch that is delivered next, again and with the same items. Absent where nothing is known.
   */
  readonly position?: string;
  /** Takes what the sink measures. Absent where nobody looks. */
  readonly instruments?: Instruments;
}

/** What a sink is told with a delivery. */
export interface Delivery {
  /** The epoch that the items belong to. After a crash an epoch is delivered again, with the same ids. */
  readonly epoch: number;
  /** Aborts when the attempt is given up: on a time-out, or when the process must end. */
  readonly signal: AbortSignal;
}

/**
 * Where results go; also dead letters (`EventSink<DeadLetter>`) and late events (`EventSink<LateEvent>`).
 *
 * Items are delivered in order, one call at a time; a call that rejects is tried again by the pipeline's
 * {@link ErrorHandler}, so a sink neither retries nor swallows. Delivery is at least once, with stable ids.
 * Give either `send` or `sendBatch`; `sendBatch` is used where both are there.
 */
export interface EventSink<T = AggregationResult> {
  /** Short name for logs, metrics and health, such as `file`. */
  readonly name?: string;
  /**
   * How long a delivery may take, in ms, before it counts as failed; `Infinity` for a sink that a person may hold up,
   * such as a terminal. Default: that of the pipeline's error handler.
   */
  readonly deliveryTimeoutMs?: number;
  /**
   * What the sink delivers in. All sinks of a pipeline that have the same are given their items of an epoch between its
   * `begin` and its `commit`.
   */
  readonly transaction?: DeliveryTransaction;
  /**
   * For a sink that names a topic and no more: a pipeline with such a sink has in its place what the first of its result
   * sinks with {@link EventSink.sinkFor} gives for the topic.
   */
  readonly topic?: string;
  /** For a sink with a connection: one for dead letters and late events that goes to another topic by the same. */
  sinkFor?(topic: string): EventSink<DeadLetter | LateEvent>;
  /** Before the first delivery. @throws ProcessorError of kind `sink`, which ends the run. */
  open?(context: SinkContext): Promise<void> | void;
  /** Delivers one item. Resolves when the sink has it for good. */
  send?(item: T, delivery: Delivery): Promise<void> | void;
  /** Delivers some items of one epoch, in order. All or nothing as far as the caller knows. */
  sendBatch?(items: readonly T[], delivery: Delivery): Promise<void> | void;
  /**
   * Where the sink stands after what it has taken, in its own words: kept with the state, atomically, so that a sink that
   * cannot tell repeated items can cut off or recognise what a crash has left. Asked between deliveries.
   */
  position?(): string;
  /** After the last delivery. */
  close?(): Promise<void> | void;
}
