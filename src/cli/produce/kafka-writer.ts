import { PlainOutput } from '../../sinks/kafka/plain-output.ts';
import { producerSettings } from '../../sinks/kafka/producer-settings.ts';
import type { TopicRecord } from '../../sinks/kafka/topic-record.ts';
import type { Millis } from '../../time/instant.ts';
import type { OpenEventWriter, OutgoingRecord } from './event-writer.ts';

/** Attempts after a failed one, up to a second apart: a broker that is started anew is waited for. */
const RETRIES = 60;
/** How long some records may take to be written, all attempts together. */
const WRITE_TIMEOUT_MS: Millis = 120_000;

/**
 * Writes to a cluster of Kafka, without a transaction: where an answer is lost, records may be there twice.
 * @throws ProcessorError of kind `sink`: KAFKA_UNREACHABLE, KAFKA_DENIED, KAFKA_TOPIC_UNKNOWN and others.
 */
export const openKafkaWriter: OpenEventWriter = async (options) => {
  const { connection, topics, compression, createTopics, clock, logger } = options;
  const settings = producerSettings({ ...connection, compressionType: compression, createTopics, retries: RETRIES });
  const output = new PlainOutput(settings);
  for (const topic of topics) output.addTopic(topic);
  await output.open({ pipeline: 'processor-produce', clock, logger });
  const recordOf = ({ key, value }: OutgoingRecord): TopicRecord => ({ key, value, timestamp: clock.now() });
  let turn = 0;
  return {
    async write(records) {
      const late = new AbortController();
      const written = new AbortController();
      const timeUp = clock.sleep(WRITE_TIMEOUT_MS, written.signal).then(() => late.abort());
      try {
        for (const topic of topics) {
          const own = records.filter((record) => record.topic === topic);
          if (own.length > 0) await output.write(topic, own, recordOf, { epoch: turn, signal: late.signal });
        }
      } finally {
        turn += 1;
        written.abort();
        await timeUp;
      }
    },
    close() {
      output.close();
      return Promise.resolve();
    },
  };
};
