import type { KafkaConnectionSettings } from '../../kafka/kafka-settings.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Clock } from '../../time/clock.ts';
import type { Compression } from './produce-program.ts';

/** A record on its way to a topic. */
export interface OutgoingRecord {
  readonly topic: string;
  /** Decides on the partition; where there is none, any will do. */
  readonly key: string | null;
  readonly value: Uint8Array;
}

/** What writes to Kafka. */
export interface EventWriter {
  /** Resolves when all of them are written for good; one call at a time. @throws ProcessorError. */
  write(records: readonly OutgoingRecord[]): Promise<void>;
  close(): Promise<void>;
}

/** What a writer is opened with. */
export interface EventWriterOptions {
  readonly connection: KafkaConnectionSettings;
  readonly topics: readonly string[];
  /** Whether those that do not exist are created; else they are an error. */
  readonly createTopics: boolean;
  readonly compression: Compression;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Connects, and makes sure that the topics are there. @throws ProcessorError. */
export type OpenEventWriter = (options: EventWriterOptions) => Promise<EventWriter>;
