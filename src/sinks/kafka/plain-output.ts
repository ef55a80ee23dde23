import { explainFault } from '../../kafka/explain-fault.ts';
import type { Millis } from '../../time/instant.ts';
import type { Delivery, SinkContext } from '../event-sink.ts';
import { sinkFailed } from '../sink-error.ts';
import { deliveryFault } from './delivery-fault.ts';
import { KafkaOutput } from './kafka-output.ts';
import type { ProducerSettings } from './producer-settings.ts';
import { RequestRetries } from './request-retries.ts';
import type { RecordOf } from './topic-record.ts';
import { roundsOf } from './transactional-producer.ts';

const REQUEST_TIMEOUT_MS: Millis = 15_000;
/** Who writes in no transaction. */
const NOBODY = { id: -1, epoch: -1, sequence: -1, isTransactional: false };

/** Writes without a transaction: what is tried again may be there twice, and with `acks` other than `all` not at all. */
export class PlainOutput {
  readonly #settings: ProducerSettings;
  readonly #topics = new Set<string>();
  #output: KafkaOutput | undefined;
  #retries: RequestRetries | undefined;
  /** How often it was opened and not yet closed: several sinks use it. */
  #users = 0;

  constructor(settings: ProducerSettings) {
    this.#settings = settings;
  }

  /** Another topic is written to. Before it is opened. */
  addTopic(topic: string): void {
    this.#topics.add(topic);
  }

  /** @throws ProcessorError of kind `sink`. */
  async open({ pipeline, clock, logger, instruments }: SinkContext): Promise<void> {
    this.#users += 1;
    if (this.#users > 1) return;
    const settings = this.#settings;
    const { acks, retries } = settings;
    if (acks !== -1) {
      const message = 'acks other than all: results may be lost or repeated, and readers see them before they are safe';
      logger.warn({ acks }, message);
    }
    this.#retries = new RequestRetries({ clock, retries });
    try {
      this.#output = await KafkaOutput.open({
        settings,
        topics: [...this.#topics],
        clientId: pipeline,
        clock,
        logger,
        instruments: instruments ?? UNSEEN,
        requestTimeoutMs: REQUEST_TIMEOUT_MS,
      });
    } catch (error) {
      this.#users = 0;
      throw explainFault('Kafka', error, 'sink');
    }
  }

  /** Writes items to a topic. @throws ProcessorError of kind `sink`. */
  async write<T>(
    topic: string,
    items: readonly T[],
    recordOf: RecordOf<T>,
    { epoch, signal }: Delivery,
  ): Promise<void> {
    const [output, retries] = [this.#output, this.#retries];
    if (output === undefined || retries === undefined) throw sinkFailed(`the topic "${topic}" is not open`);
    const { acks } = this.#settings;
    try {
      const records = await output.pack(items, recordOf, { topic, turn: epoch, signal });
      for (const round of roundsOf(records)) {
        let left = round.map((each) => ({
          topic,
          partition: each.partition,
          count: each.count,
          bytes: each.sealed(NOBODY),
        }));
        await retries.run(async () => {
          const produced = await output.writer.write(left, { transactionalId: null, acks, signal });
          left = [...produced.left];
          if (produced.fault !== null) throw produced.fault;
        }, signal);
      }
    } catch (error) {
      throw deliveryFault(`the topic "${topic}" cannot be written to`, error);
    }
  }

  /** Closes with its last user. */
  close(): void {
    if (this.#users > 0) this.#users -= 1;
    if (this.#users > 0) return;
    this.#output?.close();
    this.#output = undefined;
  }
}

const UNSEEN = { count: () => undefined, set: () => undefined, observe: () => undefined };
