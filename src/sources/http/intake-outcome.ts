import type { RecordRefusal } from '../event-source.ts';

/** Why an event was refused at the door. */
export type IntakeRejection = RecordRefusal;

/** An event that was not taken; `index` is its place in the request. */
export interface HttpRejection {
  readonly index: number;
  readonly reason: string;
  readonly message: string;
}

/** What became of a request's events. */
export interface HttpIntakeOutcome {
  /**
   * 202: all were taken. 400: some or all were not events. 413, 415: too large, or of an unknown type. 429: too many
   * for now. 503: the pipeline is not running, or cannot keep them.
   */
  readonly status: 202 | 400 | 413 | 415 | 429 | 503;
  /** How many were taken, whatever the status. Default 0. */
  readonly accepted?: number;
  /** Default none. */
  readonly rejected?: readonly HttpRejection[];
  /** With 429 and 503: when to come back. Default 1. */
  readonly retryAfterSeconds?: number;
  /** What is wrong with the request as a whole. */
  readonly message?: string;
}

/** An outcome that takes nothing, thrown on the way to it and caught where the request came in. */
export class IntakeRefusal extends Error {
  readonly outcome: HttpIntakeOutcome;

  constructor(outcome: HttpIntakeOutcome) {
    super(outcome.message ?? 'the body cannot be read');
    this.outcome = outcome;
  }
}
