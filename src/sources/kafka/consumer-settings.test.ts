import { describe, expect, it } from 'vitest';
import type { KafkaConfig } from '../../kafka/kafka-settings.ts';
import { consumerSettings, partitionBytes } from './consumer-settings.ts';
import { KafkaSource } from './kafka-source.ts';

const config = (more: Partial<KafkaConfig> = {}): KafkaConfig => ({ bootstrapServers: 'a:1', topics: ['t'], ...more });

describe('settings', () => {
  it('have defaults', () => {
    expect(consumerSettings(config())).toEqual({
      topics: ['t'],
      groupId: undefined,
      enableAutoCommit: false,
      autoOffsetReset: 'earliest',
      sessionTimeoutMs: 30_000,
      maxPollRecords: 500,
      isReadCommitted: true,
      fetchMaxBytes: 52_428_800,
      maxWaitMs: 500,
      metadataMaxAgeMs: 30_000,
      instances: 1,
      instance: 0,
      partitionedByKey: false,
    });
  });

  it.each<[Partial<KafkaConfig>, string]>([
    [{ topics: [] }, 'topics: expected at least one topic'],
    [{ topics: ['a/b'] }, 'topics: expected letters, digits'],
    [{ topics: ['..'] }, 'topics:'],
    [{ groupId: '' }, 'groupId: expected a name'],
    [
      { autoOffsetReset: 'smallest' as 'none' },
      'autoOffsetReset: expected one of earliest, latest, none; found "smallest"',
    ],
    [{ isolationLevel: 'dirty' as 'read_committed' }, 'isolationLevel: expected one of'],
    [{ maxPollRecords: 0 }, 'maxPollRecords: expected a whole number from 1'],
    [{ maxPollRecords: 1.5 }, 'maxPollRecords:'],
    [{ fetchMaxBytes: 10 }, 'fetchMaxBytes: expected a whole number from 1024'],
    [{ maxWait: '10m' }, 'maxWait: expected a whole number from 0 to 300000'],
    [{ sessionTimeout: '400ms' }, 'sessionTimeout: expected more than maxWait (500 ms)'],
    [{ instances: 0 }, 'instances: expected a whole number from 1'],
    [{ instances: 2, instance: 0 }, 'partitionedByKey: expected only true is possible for several instances'],
    [{ instances: 2, partitionedByKey: true }, 'instance: expected which of the 2 instances this one is'],
    [{ instances: 2, instance: 2, partitionedByKey: true }, 'instance: expected a whole number from 0 to 1'],
  ])('refuse %j', (more, message) => {
    expect(() => new KafkaSource(config(more))).toThrow(message);
  });

  it.each([
    [1, 1_048_576],
    [50, 1_048_576],
    [500, 104_857],
    [10_000, 16_384],
  ])('share the bytes of an answer among %i partitions', (partitions, bytes) => {
    expect(partitionBytes(consumerSettings(config()), partitions)).toBe(bytes);
  });
});

describe('what a source says of itself', () => {
  it('is the group that its offsets stand under', () => {
    const { offsetGroup } = new KafkaSource(config({ groupId: 'g' }));
    expect(offsetGroup.groupId('p')).toBe('g');
    expect(new KafkaSource(config()).offsetGroup.groupId('p')).toBe('p');
    expect(offsetGroup.topicPartitionOf('a.b-c/12')).toEqual({ topic: 'a.b-c', partition: 12 });
    expect(offsetGroup.topicPartitionOf('events.ndjson')).toBeUndefined();
  });

  it('is its share, where the topics are partitioned by the key', () => {
    expect(new KafkaSource(config()).share).toBeUndefined();
    const share = { instances: 3, instance: 2, partitionedByKey: true };
    expect(new KafkaSource(config(share)).share).toEqual(share);
    expect(new KafkaSource(config({ partitionedByKey: true })).share).toEqual({
      instances: 1,
      instance: 0,
      partitionedByKey: true,
    });
  });
});
