import type { Duration } from '../time/duration.ts';

/** How connections to Kafka are encrypted and authenticated. SASL PLAIN is refused without TLS. */
export interface KafkaSecurity {
  /** Default: PLAINTEXT. */
  readonly protocol?: 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL';
  /** Paths of PEM files: of the authority that brokers are verified by, and of the client's own certificate and key. */
  readonly ssl?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  readonly sasl?: {
    /** Default: SCRAM-SHA-512. */
    readonly mechanism?: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512';
    readonly username: string;
    readonly password: string;
  };
}

/** Where a Kafka cluster is. */
export interface KafkaConnectionSettings {
  /** Brokers to connect to first: `host:port`, several joined by commas. */
  readonly bootstrapServers: string;
  readonly security?: KafkaSecurity;
}

/** What is read from Kafka, and how: `kafka.consumer` of the configuration. */
export interface KafkaConfig extends KafkaConnectionSettings {
  /** Topics to read; they must exist. At least one. */
  readonly topics: readonly string[];
  /** Consumer group that committed offsets stand under. Default: the name of the pipeline. */
  readonly groupId?: string;
  /**
   * Commits the group's offsets after each epoch. Only for others to see where the state outlives the process; where it
   * does not, a later run begins at them. Default: false.
   */
  readonly enableAutoCommit?: boolean;
  /** Where to begin with a partition that nothing is known of; `none` stops with an error. Default: earliest. */
  readonly autoOffsetReset?: 'earliest' | 'latest' | 'none';
  /** How long a broker may be silent before it is taken for lost. Default: 30 s. */
  readonly sessionTimeout?: Duration;
  /** Records handed on at a time, at most. Default: 500. */
  readonly maxPollRecords?: number;
  /** Whether records of transactions that are open or were aborted are left out. Default: read_committed. */
  readonly isolationLevel?: 'read_committed' | 'read_uncommitted';
  /** Bytes of one answer of a broker, at most. Default: 50 MiB. */
  readonly fetchMaxBytes?: number;
  /** How long a broker may wait for data before it answers. Default: 500 ms. */
  readonly maxWait?: Duration;
  /** How often the topics are looked up anew, whereby partitions that were added to them are found. Default: 30 s. */
  readonly metadataMaxAge?: Duration;
  /** How many processes share the topics. Instance i reads the partitions p with p mod `instances` = i. Default: 1. */
  readonly instances?: number;
  /** Which of them this one is, from 0. Default: 0 for one instance, else the ordinal at the end of the host name. */
  readonly instance?: number;
  /** All events of a grouping key stand in one partition. More than one instance is sound only then. Default: false. */
  readonly partitionedByKey?: boolean;
}

/** What is written to Kafka, and how: `kafka.producer` of the configuration. */
export interface KafkaProducerConfig extends KafkaConnectionSettings {
  /** Topic for results. */
  readonly resultTopic: string;
  /** Default: lz4. */
  readonly compressionType?: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';
  /** Which replicas must have a record before it counts as written. Anything but `all` gives up exactly once. Default: all. */
  readonly acks?: 'all' | -1 | 0 | 1;
  /** Attempts after a failed request, within a delivery. Default: 3. */
  readonly retries?: number;
  /** Create the topics that are written to where they do not exist. Default: false. */
  readonly createTopics?: boolean;
  /**
   * Name under which results are delivered exactly once: of two processes with the same, the newer fences the older. Default:
   * the name of the pipeline, `-`, and the number of the instance.
   */
  readonly transactionalId?: string;
  /**
   * What a start does where what was delivered does not fit the state, because a checkpoint was restored or the state was lost:
   * end with an error, or deliver from there on, some results a second time with the same ids. Default: refuse.
   */
  readonly afterRestore?: 'refuse' | 'deliver_again';
}
