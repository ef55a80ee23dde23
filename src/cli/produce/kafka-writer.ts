import { ProcessorError } from '../../errors/processor-error.ts';
import type { OpenEventWriter } from './event-writer.ts';

/** Writes to a cluster of Kafka. */
export const openKafkaWriter: OpenEventWriter = () =>
  Promise.reject(new ProcessorError('sink', 'SINK_FAILED', 'this version cannot write to Kafka'));
