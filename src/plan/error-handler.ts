import type { DeadLetter } from '../results/dead-letter.ts';
import type { EventSink } from '../sinks/event-sink.ts';
import { ProcessorError } from '../errors/processor-error.ts';
import { parseDuration, type Duration } from '../time/duration.ts';
import type { Millis } from '../time/instant.ts';

/**
 * What happens when a sink or a source fails.
 * - `retry`: again after a delay that doubles, up to `maxAttempts` retries; then the run stops with the error.
 * - `skip`: what could not be delivered is counted and left out.
 * - `dead_letter`: what could not be delivered is counted and goes to the dead letters; without a sink for these the run
 *   stops with the error.
 *
 * With `skip` and `dead_letter` nothing is tried again. A partition that cannot be read is then given up, and the run
 * goes on with the others.
 */
export type ErrorPolicy =
  | {
      readonly type: 'retry';
      /** Retries after the first failure; 0 or more, `Infinity` to go on for ever. Default 3. */
      readonly maxAttempts?: number;
      /** Default 100 ms. */
      readonly initialDelay?: Duration;
      /** Default 5 s, or `initialDelay` where that is longer. */
      readonly maxDelay?: Duration;
    }
  | { readonly type: 'skip' }
  | { readonly type: 'dead_letter' };

/** Builds an {@link ErrorPolicy}. */
export const ErrorPolicy = {
  retry: (options: Omit<Extract<ErrorPolicy, { type: 'retry' }>, 'type'> = {}): ErrorPolicy => ({
    type: 'retry',
    ...options,
  }),
  skip: (): ErrorPolicy => ({ type: 'skip' }),
  deadLetter: (): ErrorPolicy => ({ type: 'dead_letter' }),
} as const;

/** An {@link ErrorPolicy}, checked, with where its dead letters go and how long a sink may take. Immutable. */
export class ErrorHandler {
  readonly policy: ErrorPolicy['type'];
  /** Retries after the first failure; 0 unless the policy is `retry`. */
  readonly maxAttempts: number;
  readonly initialDelayMs: Millis;
  readonly maxDelayMs: Millis;
  /** How long one delivery may take before it counts as failed; more than 0. Default 30 s. */
  readonly deliveryTimeoutMs: Millis;
  /** Where dead letters go; undefined: where the pipeline says. */
  readonly sink: EventSink<DeadLetter> | undefined;

  /** @throws ProcessorError CONFIG_INVALID or DURATION_INVALID. */
  constructor(
    policy: ErrorPolicy = { type: 'retry' },
    options: { readonly sink?: EventSink<DeadLetter>; readonly deliveryTimeout?: Duration } = {},
  ) {
    const retry = policy.type === 'retry' ? policy : undefined;
    this.policy = policy.type;
    this.maxAttempts = retry === undefined ? 0 : (retry.maxAttempts ?? 3);
    this.initialDelayMs = parseDuration(retry?.initialDelay ?? 100, 'initialDelay');
    this.maxDelayMs = parseDuration(retry?.maxDelay ?? Math.max(5000, this.initialDelayMs), 'maxDelay');
    this.deliveryTimeoutMs = parseDuration(options.deliveryTimeout ?? 30_000, 'deliveryTimeout');
    this.sink = options.sink;
    const { maxAttempts } = this;
    if (maxAttempts < 0 || (!Number.isInteger(maxAttempts) && maxAttempts !== Infinity)) {
      throw new ProcessorError(
        'configuration',
        'CONFIG_INVALID',
        `maxAttempts must be a whole number ≥ 0, found ${String(maxAttempts)}`,
      );
    }
    if (this.initialDelayMs > this.maxDelayMs) {
      throw new ProcessorError('configuration', 'CONFIG_INVALID', 'initialDelay must not be longer than maxDelay');
    }
    if (this.deliveryTimeoutMs === 0) {
      throw new ProcessorError('configuration', 'CONFIG_INVALID', 'deliveryTimeout must be longer than 0');
    }
  }

  /** The same handler with its dead letters going to `sink`. */
  withSink(sink: EventSink<DeadLetter>): ErrorHandler {
    const policy: ErrorPolicy =
      this.policy === 'retry'
        ? {
            type: 'retry',
            maxAttempts: this.maxAttempts,
            initialDelay: this.initialDelayMs,
            maxDelay: this.maxDelayMs,
          }
        : { type: this.policy };
    return new ErrorHandler(policy, { sink, deliveryTimeout: this.deliveryTimeoutMs });
  }
}
