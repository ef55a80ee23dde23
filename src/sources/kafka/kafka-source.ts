import { KafkaCluster } from '../../kafka/cluster.ts';
import { explainFault } from '../../kafka/explain-fault.ts';
import type { KafkaConfig } from '../../kafka/kafka-settings.ts';
import type { OffsetGroup } from '../../kafka/offset-group.ts';
import { parsePartitionId } from '../../kafka/partition-id.ts';
import { retrying } from '../../kafka/retrying.ts';
import type { Millis } from '../../time/instant.ts';
import type { EventSource, OpenSource, SourceContext } from '../event-source.ts';
import type { PartitionShare } from '../partition-share.ts';
import { consumerSettings, type ConsumerSettings } from './consumer-settings.ts';
import { KafkaReader } from './kafka-reader.ts';
import { startingPositions } from './starting-positions.ts';

/** What a run has of its source that ends before it is open. */
const ENDED: OpenSource = { partitions: [], close: () => Promise.resolve() };
/** How long opening goes on trying once a broker has been found: a cluster that has just been started needs a while. */
const OPENING_MS: Millis = 10_000;

/**
 * Reads topics of Kafka, 3.1 or newer. A partition of the source is a partition of a topic, `feedback-events/3`, and an
 * offset is Kafka's.
 *
 * Where reading goes on is part of the state, and committed with it: no rebalancing moves partitions, an instance reads those
 * whose number p has p mod `instances` = `instance`. Records of transactions that are open or were aborted are left out
 * (`isolationLevel`). A tombstone, and a value of more than 1 MiB, are dead letters.
 *
 * A broker that is away is tried again for ever, and `/health` is degraded meanwhile; only at the start it is an error,
 * within seconds. Records that are gone before they were read are an error (KAFKA_OFFSET_LOST): nothing is left out in silence.
 */
export class KafkaSource implements EventSource {
  readonly name = 'kafka';
  /** The consumer group that offsets stand under, for a sink that commits them with what was made of the records. */
  readonly offsetGroup: OffsetGroup;
  readonly share?: PartitionShare;
  readonly #config: KafkaConfig;
  readonly #settings: ConsumerSettings;

  /** @throws ProcessorError CONFIG_INVALID. */
  constructor(config: KafkaConfig) {
    this.#config = config;
    this.#settings = consumerSettings(config);
    const { instances, instance, partitionedByKey, groupId } = this.#settings;
    if (partitionedByKey) this.share = { instances, instance, partitionedByKey };
    this.offsetGroup = {
      connection: config,
      instance,
      groupId: (pipeline) => groupId ?? pipeline,
      topicPartitionOf: parsePartitionId,
    };
  }

  /**
   * @throws ProcessorError of kind `source`: KAFKA_UNREACHABLE, KAFKA_DENIED, KAFKA_TOPIC_UNKNOWN, KAFKA_INCOMPATIBLE,
   *   KAFKA_OFFSET_LOST, SOURCE_CHANGED; CONFIG_INVALID for certificates that cannot be read.
   */
  async open(context: SourceContext): Promise<OpenSource> {
    const { clock, logger, signal } = context;
    const settings = this.#settings;
    let cluster: KafkaCluster | undefined;
    try {
      const requestTimeoutMs = settings.sessionTimeoutMs;
      const clientId = `${context.pipeline}-${settings.instance}`;
      cluster = await KafkaCluster.open({ settings: this.#config, clientId, clock, logger, requestTimeoutMs }, signal);
      return await this.#begin(cluster, context);
    } catch (error) {
      cluster?.close();
      if (signal.aborted) return ENDED;
      throw explainFault('Kafka', error, 'source');
    }
  }

  async #begin(cluster: KafkaCluster, context: SourceContext): Promise<OpenSource> {
    const { clock, logger, positions, signal } = context;
    const settings = this.#settings;
    const groupId = this.offsetGroup.groupId(context.pipeline);
    const isForgetful = context.directory === undefined;
    const point = {
      settings,
      positions,
      logger,
      bootstrapServers: this.#config.bootstrapServers,
      groupId: isForgetful && settings.enableAutoCommit ? groupId : undefined,
    };
    const timeoutMs = Math.min(OPENING_MS, settings.sessionTimeoutMs);
    const starts = await retrying(() => startingPositions(cluster, point, { timeoutMs, signal }), {
      clock,
      signal,
      limitMs: OPENING_MS,
      onFault: ({ message }) => logger.debug({ error: message }, 'topics are not ready; will retry'),
    });
    const isCommitting = settings.enableAutoCommit && context.sinkCommitsPositions !== true;
    return new KafkaReader({ cluster, settings, context, starts, groupId: isCommitting ? groupId : null });
  }
}
