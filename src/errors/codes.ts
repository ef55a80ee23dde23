/**
 * Every code an error can carry, with what it means. Codes are part of the public API: they are never renamed.
 * `docs/errors.md` lists the same, and a test holds the two together.
 */
export const ERROR_CODES = {
  CONFIG_INVALID: 'An option or a configuration file is wrong: unknown key, wrong type, impossible combination.',
  CONFIG_UNREADABLE: 'The configuration file cannot be read, is too large, or is not YAML.',
  DURATION_INVALID: 'A duration is neither a number of milliseconds nor text such as "5m" or "1h30m".',
  TIMESTAMP_INVALID: 'An instant is not a whole number of milliseconds within ±8.64e15 of 1970.',
  KEY_INVALID: 'A grouping key has no fields, a repeated field, or a field that is not text or null.',
  WINDOW_INVALID: 'A window size, slide, gap, offset or lateness is out of range.',
  VALUE_NOT_FINITE: 'An aggregation was given NaN or an infinity.',
  PERCENTILE_INVALID: 'A percentile is not in 0 < p ≤ 100, or an accuracy is not in 0 < α < 1.',
  ACCUMULATOR_MISMATCH: 'Two accumulators of different kinds or settings cannot be merged.',
  ACCUMULATOR_CORRUPT: 'The stored form of an accumulator cannot be read.',
  AGGREGATOR_FAILED: 'A custom aggregator threw.',
  TRIGGER_FAILED: 'A custom window trigger threw.',
  WATERMARK_INVALID: 'A watermark generator was misused or returned something that is no instant.',
  STATE_FAILED: 'The state backend refused a read or a write.',
  STATE_CORRUPT: 'Stored state cannot be read back.',
  STATE_MISMATCH: 'Stored state belongs to a pipeline that was configured differently.',
  STATE_LOCKED: 'Another process has the state open.',
  RESCALE_REFUSED: 'The states of several instances cannot be dealt out to others as they are.',
  STATE_FULL: 'The disk that the state is on has no room left.',
  STATE_UNAVAILABLE: 'A state backend needs a package that is not installed, or that does not run on this machine.',
  CHECKPOINT_CORRUPT: 'A checkpoint is incomplete or was altered.',
  CHECKPOINT_UNKNOWN: 'There is no checkpoint of that id.',
  SOURCE_FAILED: 'A source could not be opened or read.',
  SOURCE_CHANGED: 'What a source had read is not there any more: a file was cut or is another, a topic was made anew.',
  SOURCE_NOT_FOUND: 'No file matches the paths given to a source.',
  KAFKA_UNREACHABLE: 'No broker of a Kafka cluster can be reached, or not with the encryption that is configured.',
  KAFKA_DENIED: 'Kafka refuses the user: name, password or mechanism are wrong, or a permission is missing.',
  KAFKA_TOPIC_UNKNOWN: 'A topic of Kafka does not exist.',
  KAFKA_INCOMPATIBLE: 'A broker of Kafka, or this Node.js, is too old for what is asked of it.',
  KAFKA_OFFSET_LOST: 'The records that are to be read next are not in the topic of Kafka any more.',
  SINK_FAILED: 'A sink could not be opened, or refused a delivery for good.',
  SINK_FULL: 'The disk that a sink writes to has no room left.',
  SINK_REFUSED: 'A sink refuses an item for what it is, such as its size.',
  SINK_UNAVAILABLE: 'What a sink delivers to cannot be reached, or takes nothing for now.',
  SINK_FENCED: 'Another process has taken over the deliveries of this one.',
  DELIVERY_MISMATCH: 'What has been delivered does not fit the state: it is older, lost, or of another history.',
  SINK_TIMEOUT: 'A sink did not answer in time.',
  RUN_STATE: 'The pipeline was used in a state that does not allow it, such as being run twice at once.',
  INTERNAL: 'An invariant of the processor does not hold. This is a bug.',
} as const;

/** One of the codes of {@link ERROR_CODES}. */
export type ErrorCode = keyof typeof ERROR_CODES;
