import { formatInstant, type Instant } from '../time/instant.ts';

/** Why an event was refused. Stable: the `reason` label of `events_rejected_total`. */
export const REJECTION_REASONS = {
  not_json: 'The bytes are not one JSON value.',
  not_an_object: 'The record is JSON, but not an object.',
  invalid_utf8: 'The bytes are not valid UTF-8.',
  too_deep: 'Objects and arrays are nested more than 64 deep.',
  too_large: 'The record has more than 1 MiB.',
  malformed: 'The record is cut short, or is no row of its CSV file.',
  tombstone: 'The record has a key and no value, as one that deletes the key in a topic of Kafka.',
  missing_timestamp: 'There is nothing at the path of the event time.',
  invalid_timestamp: 'What stands at the path of the event time is no instant.',
  timestamp_in_future: 'The event time is further ahead of the clock than max_future allows.',
  invalid_key: 'A key field is an object or an array.',
  invalid_value: 'A metric is text, a boolean, an object or an array.',
  not_finite: 'A metric is beyond the range of a double, or not a number.',
  schema: 'The event does not satisfy the schema.',
  transform_failed: 'A function of the pipeline (map, filter, a selector) threw.',
  undeliverable: 'A sink refused the result for good, and the policy is dead_letter.',
} as const;

/** One of {@link REJECTION_REASONS}. */
export type RejectionReason = keyof typeof REJECTION_REASONS;

/** What a dead letter is made from. */
export interface DeadLetterInit {
  readonly code: RejectionReason;
  readonly message: string;
  /** Path of the field at fault, if one is. */
  readonly path: string | null;
  readonly partition: string;
  readonly offset: number;
  /** The bytes of the record; of one over 1 MiB, the first of them. */
  readonly raw: Uint8Array;
  readonly timestamp: Instant;
}

/** A record that could not be used, whole, with the reason. `JSON.stringify` gives the documented form. */
export class DeadLetter {
  readonly code: RejectionReason;
  readonly message: string;
  /** Path of the field at fault, if one is. */
  readonly path: string | null;
  readonly partition: string;
  readonly offset: number;
  /** The bytes of the record; of one over 1 MiB, the first of them. */
  readonly raw: Uint8Array;
  /** When it was refused, by the clock. */
  readonly timestamp: Instant;

  constructor(init: DeadLetterInit) {
    this.code = init.code;
    this.message = init.message;
    this.path = init.path;
    this.partition = init.partition;
    this.offset = init.offset;
    this.raw = init.raw;
    this.timestamp = init.timestamp;
  }

  toJSON(): object {
    return {
      error: { code: this.code, message: this.message, path: this.path },
      source: { partition: this.partition, offset: this.offset },
      raw: Buffer.from(this.raw.buffer, this.raw.byteOffset, this.raw.byteLength).toString('base64'),
      timestamp: formatInstant(this.timestamp),
    };
  }
}
