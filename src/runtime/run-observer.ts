import type { AggregationResult } from '../results/aggregation-result.ts';
import type { DeadLetter } from '../results/dead-letter.ts';
import type { LateEvent } from '../results/late-event.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Instant } from '../time/instant.ts';

/** An epoch that is durable. */
export interface CommittedEpoch {
  readonly epoch: number;
  readonly committedAt: Instant;
  /** How long the state backend took. */
  readonly durationMs: number;
  /** Records read for it. */
  readonly records: number;
  readonly results: number;
  readonly lateEvents: number;
  readonly deadLetters: number;
}

/** What every sink has taken, or what the error policy has dealt with. */
export interface DeliveredEpoch {
  readonly epoch: number;
  readonly deliveredAt: Instant;
  /** How long the slowest sink took. */
  readonly durationMs: number;
  readonly results: readonly AggregationResult[];
  readonly lateEvents: readonly LateEvent[];
  /** Those of the epoch, and those made of results that a sink has refused for good. */
  readonly deadLetters: readonly DeadLetter[];
}

/** An attempt at a checkpoint. */
export interface CheckpointAttempt {
  readonly id: string;
  readonly at: Instant;
  readonly durationMs: number;
  /** Null where it failed. */
  readonly sizeBytes: number | null;
  /** Why it failed, for a person; null where it was made. */
  readonly error: string | null;
}

/** A warning or an error of a run, as it was logged. */
export interface RunProblem {
  readonly level: 'warn' | 'error';
  readonly message: string;
  readonly fields: object;
}

/**
 * Is told what runs have done, when it is done: what a monitor is fed by. Every method returns at once and does not
 * throw; whatever it wants to do at length, it does later.
 */
export interface RunObserver {
  committed(epoch: CommittedEpoch): void;
  /** After a restart the last epoch is delivered again, with the same ids. */
  delivered(epoch: DeliveredEpoch): void;
  checkpointed(attempt: CheckpointAttempt): void;
  noted(problem: RunProblem): void;
}

/** Tells each of several observers, in their order. */
export function observers(all: readonly RunObserver[]): RunObserver {
  return {
    committed: (epoch) => all.forEach((each) => each.committed(epoch)),
    delivered: (epoch) => all.forEach((each) => each.delivered(epoch)),
    checkpointed: (attempt) => all.forEach((each) => each.checkpointed(attempt)),
    noted: (problem) => all.forEach((each) => each.noted(problem)),
  };
}

/** A logger that also tells an observer of warnings and errors, whatever level is logged. */
export function observedLogger(logger: Logger, observer: RunObserver): Logger {
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn(fields, message) {
      observer.noted({ level: 'warn', fields, message });
      logger.warn(fields, message);
    },
    error(fields, message) {
      observer.noted({ level: 'error', fields, message });
      logger.error(fields, message);
    },
  };
}
