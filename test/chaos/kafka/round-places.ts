import { cpSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KafkaCluster } from '../../../src/kafka/cluster.ts';
import { ChaosFailure } from '../command-line.ts';
import type { KafkaWorld } from './kafka-world.ts';
import { readTopic } from './topic-log.ts';

/** The topics of a round. */
export const TOPICS = ['events', 'results', 'late-events', 'dead-letters'] as const;

/** One of them, by what is in it. */
export type TopicName = (typeof TOPICS)[number];

/** Where a round has what: its topics, the folders of the state, and the configuration that names them. */
export class RoundPlaces {
  readonly #world: KafkaWorld;
  readonly #folder: string;
  readonly #bootstrapServers: string;
  /** How often the state has gone on as a copy. */
  #copies = 0;

  constructor(world: KafkaWorld, folder: string, bootstrapServers: string) {
    this.#world = world;
    this.#folder = folder;
    this.#bootstrapServers = bootstrapServers;
    this.#writeConfig();
  }

  /** The configuration as it is now. */
  get config(): string {
    return this.#at('processor', '.yaml');
  }

  get statePath(): string {
    return this.#at('state');
  }

  get checkpointPath(): string {
    return this.#at('checkpoints');
  }

  topic(name: TopicName): string {
    return `${this.#world.oracle.pipeline}-${name}`;
  }

  /** From now on a copy of the state is used, as whoever takes the place of another process would have it. */
  copyState(): void {
    const { statePath, checkpointPath } = this;
    this.#copies += 1;
    cpSync(statePath, this.statePath, { recursive: true });
    if (existsSync(checkpointPath)) cpSync(checkpointPath, this.checkpointPath, { recursive: true });
    this.#writeConfig();
  }

  #at(name: string, ending = ''): string {
    return join(this.#folder, `${name}-${String(this.#copies)}${ending}`);
  }

  #writeConfig(): void {
    const { settings, consumer, producer } = this.#world;
    const bootstrap_servers = this.#bootstrapServers;
    const processor = {
      ...settings,
      state: { ...(settings['state'] as object), path: this.statePath, checkpoint_path: this.checkpointPath },
      late_events: { topic: this.topic('late-events') },
      error_handling: { dead_letter_topic: this.topic('dead-letters'), max_retry_delay_ms: 200 },
      kafka: {
        consumer: { bootstrap_servers, topics: [this.topic('events')], ...consumer },
        producer: { bootstrap_servers, result_topic: this.topic('results'), ...producer },
      },
    };
    writeFileSync(this.config, JSON.stringify({ processor }, null, 2));
  }
}

/** What a consumer of a topic sees that leaves out what was aborted: a line for each record. */
export async function committedLines(cluster: KafkaCluster, topic: string): Promise<string> {
  const logs = await readTopic(cluster, topic);
  const records = logs.flatMap((log) => log.records.filter(({ outcome }) => outcome !== 'aborted'));
  if (records.some(({ outcome }) => outcome === 'open')) {
    throw new ChaosFailure(`the topic ${topic} has a transaction that never ended`);
  }
  return records.map(({ value }) => `${value?.toString() ?? 'nothing'}\n`).join('');
}
