import { ProcessorError } from '../../errors/processor-error.ts';
import { explainFault } from '../../kafka/explain-fault.ts';
import { KafkaFault } from '../../kafka/kafka-fault.ts';

/**
 * What says that a transaction has come to nothing, and not that the next one must: it is settled, and begun anew. Batches
 * that are too long are shorter then.
 */
const UNSETTLED: ReadonlySet<string> = new Set([
  'INVALID_PRODUCER_EPOCH',
  'PRODUCER_FENCED',
  'INVALID_TXN_STATE',
  'INVALID_PRODUCER_ID_MAPPING',
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'UNKNOWN_PRODUCER_ID',
  'TRANSACTION_COORDINATOR_FENCED',
  'TRANSACTION_ABORTABLE',
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
]);

/** The error of a delivery that has failed: SINK_UNAVAILABLE where it may pass by itself. */
export function deliveryFault(what: string, cause: unknown): ProcessorError {
  const explained = explainFault(what, cause, 'sink');
  if (!(cause instanceof KafkaFault)) return explained;
  const isUnsettled = cause.code !== null && UNSETTLED.has(cause.code);
  if (!cause.canRetry && !isUnsettled && cause.kind !== 'closed') return explained;
  return new ProcessorError('sink', 'SINK_UNAVAILABLE', explained.message, { cause });
}
