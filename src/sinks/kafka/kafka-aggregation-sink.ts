import type { KafkaProducerConfig } from '../../kafka/kafka-settings.ts';
import type { AggregationResult } from '../../results/aggregation-result.ts';
import { KafkaTopicSink, topicWriter } from './kafka-topic-sink.ts';
import { resultRecord } from './topic-record.ts';

/**
 * Writes results to a topic of Kafka, 3.1 or newer: as JSON, by their grouping key, so that those of a key are in one partition
 * and in order (the partition is that of the Java client's default).
 *
 * Exactly once, where the state outlives the process: the results of an epoch, its late events and dead letters for topics, the
 * offsets of a Kafka source of the same cluster, and a mark that names the epoch are one transaction. After a crash the mark
 * tells whether it was committed. Readers want `isolation.level=read_committed`. Of two processes with the same transactional
 * id the newer fences the older, which ends with SINK_FENCED. Without such a state, or with other `acks` than all, results
 * may be repeated, with the same ids.
 *
 * A broker that is away is waited for, with the sources paused, and `/health` is degraded meanwhile.
 */
export class KafkaAggregationSink extends KafkaTopicSink<AggregationResult<object>> {
  /** @throws ProcessorError CONFIG_INVALID. */
  constructor(config: KafkaProducerConfig) {
    super(config.resultTopic, topicWriter(config), resultRecord);
  }
}
