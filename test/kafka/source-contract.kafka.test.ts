import { afterAll, beforeAll, describe } from 'vitest';
import type { KafkaCluster } from '../../src/kafka/cluster.ts';
import type { EventSource } from '../../src/sources/event-source.ts';
import { describeResumableSource } from '../../src/sources/event-source.contract.ts';
import { KafkaSource } from '../../src/sources/kafka/kafka-source.ts';
import { clusterAt, RawProducer } from './raw-producer.ts';
import { sharedBroker } from './shared-broker.ts';
import { createTopic } from './topics.ts';
import { upToNow } from './reading.ts';

const kafka = await sharedBroker();

describe.skipIf(kafka.missing)('KafkaSource', () => {
  let cluster: KafkaCluster;
  beforeAll(async () => {
    cluster = await clusterAt(kafka.bootstrapServers);
  });
  afterAll(() => cluster.close());

  describeResumableSource('KafkaSource', async () => {
    const topic = await createTopic(kafka.bootstrapServers, 'contract', { partitions: 3 });
    const plain = await RawProducer.open(cluster);
    await plain.write(topic, 0, ['{"a":1}', '{"a":2}', '{"a":3}', '{"a":4}'], { compression: 'lz4' });
    await plain.write(topic, 0, ['{"a":5}', '{"a":6}'], { compression: 'gzip' });
    await plain.write(topic, 0, ['{"a":7}']);
    await plain.write(topic, 2, ['{"b":1}', '{"b":2}', '{"b":3}'], { compression: 'zstd' });
    return {
      source: (): EventSource =>
        upToNow(new KafkaSource({ bootstrapServers: kafka.bootstrapServers, topics: [topic] })),
      expected: {
        [`${topic}/0`]: [1, 2, 3, 4, 5, 6, 7].map((a) => `{"a":${a}}`),
        [`${topic}/1`]: [],
        [`${topic}/2`]: [1, 2, 3].map((b) => `{"b":${b}}`),
      },
    };
  });
});
