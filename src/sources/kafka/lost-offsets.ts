import { ProcessorError } from '../../errors/processor-error.ts';

const GO_ON = 'To go on with what is left, begin with an empty state (processor state reset)';

/** The records between the next one to read and the oldest that is left are gone. */
export function deletedError(partition: string, next: number, earliest: number): ProcessorError {
  const lost = earliest - next;
  const message = `partition ${partition}: offset ${next} is to be read next, and the oldest that is left is ${earliest}: ${lost} offsets were deleted before they were read. The topic keeps records for too short a time (retention.ms, retention.bytes) for how long the processor was behind or down. ${GO_ON}`;
  return new ProcessorError('source', 'KAFKA_OFFSET_LOST', message);
}

/** The partition ends before the next record to read: it has lost what was read of it. */
export function truncatedError(partition: string, next: number, end: number): ProcessorError {
  const message = `partition ${partition}: offset ${next} is to be read next, and what had been read ends at ${end} now: the cluster has lost records that were read (a broker without them has taken over, as with unclean.leader.election.enable). What comes in their place would be left out or counted twice. ${GO_ON}`;
  return new ProcessorError('source', 'KAFKA_OFFSET_LOST', message);
}

/** The topic is another one of the same name. */
export function remadeError(topic: string): ProcessorError {
  const message = `the topic "${topic}" was deleted and made anew since it was last read: offsets of the old one mean nothing in the new one. Begin with an empty state (processor state reset), or read another topic`;
  return new ProcessorError('source', 'SOURCE_CHANGED', message);
}

/** The state knows a partition that the topic does not have. */
export function missingPartitionError(partition: string, count: number): ProcessorError {
  const message = `the state holds a position of partition ${partition}, and the topic has only ${count} partitions: it is not the one that was read. Begin with an empty state (processor state reset), or read the topic that it is of`;
  return new ProcessorError('source', 'SOURCE_CHANGED', message);
}

/** Nothing is known of where to begin, and it is not to be guessed. */
export function noPositionError(partitions: readonly string[]): ProcessorError {
  const [first] = partitions;
  const others = partitions.length > 1 ? ` and ${partitions.length - 1} more` : '';
  const message = `nothing is known of where to begin with partition ${first}${others}, and auto_offset_reset (autoOffsetReset in a program) is none: set it to earliest or latest for the first start`;
  return new ProcessorError('source', 'KAFKA_OFFSET_LOST', message);
}
