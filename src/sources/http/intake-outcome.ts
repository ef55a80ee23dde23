import type { RecordRefusal } from '../event-source.ts';

/** Why an event was refused at the door. */
export type IntakeRejection = RecordRefusal;

/**
 * The answer to a request with events, by its HTTP status.
 * - 202: all of them were taken. 400: some were not, each named by its place in the request; the others were taken.
 * - 413, 415, 429, 503: nothing was taken, and `message` says why.
 */
export type IntakeOutcome =
  | { readonly status: 202; readonly accepted: number; readonly rejected: readonly [] }
  | {
      readonly status: 400;
      readonly accepted: number;
      readonly rejected: readonly ({ readonly index: number } & IntakeRejection)[];
    }
  | { readonly status: 413 | 415 | 503; readonly message: string }
  | { readonly status: 429; readonly message: string; readonly retryAfterSeconds: number };

/** An outcome that takes nothing, thrown on the way to it and caught where the request came in. */
export class IntakeRefusal extends Error {
  readonly outcome: IntakeOutcome;

  constructor(outcome: IntakeOutcome) {
    super('message' in outcome ? outcome.message : 'the body cannot be read');
    this.outcome = outcome;
  }
}
