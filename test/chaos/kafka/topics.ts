import { KafkaCluster } from '../../../src/kafka/cluster.ts';
import { silentLogger } from '../../../src/telemetry/logger.ts';
import { SystemClock } from '../../../src/time/clock.ts';

const REQUEST_MS = 30_000;

/** The cluster of a broker, as somebody who is not the processor sees it. */
export async function openCluster(bootstrapServers: string): Promise<KafkaCluster> {
  return KafkaCluster.open({
    settings: { bootstrapServers },
    clientId: 'chaos',
    clock: new SystemClock(),
    logger: silentLogger,
    requestTimeoutMs: REQUEST_MS,
  });
}

/** Creates topics of one replica, each with so many partitions. */
export async function createTopics(cluster: KafkaCluster, partitions: Readonly<Record<string, number>>): Promise<void> {
  const topics = Object.entries(partitions).map(([name, numPartitions]) => ({
    name,
    numPartitions,
    replicationFactor: 1,
    assignments: [],
    configs: [],
  }));
  const args: [typeof topics, number, boolean] = [topics, REQUEST_MS, false];
  await cluster.send('any', { apis: [cluster.library.createTopicsV7.api], args });
}

/** Gives a topic more partitions: so many in all. */
export async function growTopic(cluster: KafkaCluster, name: string, count: number): Promise<void> {
  const args: [{ name: string; count: number; assignments: null }[], number, boolean] = [
    [{ name, count, assignments: null }],
    REQUEST_MS,
    false,
  ];
  await cluster.send('any', { apis: [cluster.library.createPartitionsV3.api], args });
}

export async function deleteTopics(cluster: KafkaCluster, names: readonly string[]): Promise<void> {
  const args: [{ name: string }[], number] = [names.map((name) => ({ name })), REQUEST_MS];
  await cluster.send('any', { apis: [cluster.library.deleteTopicsV6.api], args });
}
