import type { KafkaCluster } from '../../../src/kafka/cluster.ts';
import { KafkaFault } from '../../../src/kafka/kafka-fault.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Codec } from './input-producer.ts';
import { InputProducer, patiently, type Send } from './input-producer.ts';
import type { Step } from './script.ts';
import { readPartition } from './topic-log.ts';

/** Who produces the input, and what. */
export interface FeedPlan {
  readonly topic: string;
  readonly steps: readonly Step[];
  /** Of the producer without transactions, then of each one that has them. */
  readonly codecs: readonly Codec[];
}

/** What has happened to the input. All are counts. */
export interface FeedFigures {
  readonly transactions: number;
  readonly aborted: number;
  /** Batches and transactions of which nobody knew whether they had been written. */
  readonly unknown: number;
}

type Transaction = Extract<Step, { readonly type: 'transaction' }>;

const BETWEEN_MS = 3;
const POLL_MS = 20;

/** Produces the input step by step, whatever happens to the broker: where an answer is lost, the log tells what came of it. */
export class KafkaFeed {
  readonly done: Promise<void>;
  readonly #cluster: KafkaCluster;
  readonly #plan: FeedPlan;
  readonly #plain: InputProducer;
  readonly #transactional: readonly InputProducer[];
  readonly #initialised = new Set<number>();
  readonly #stop = new AbortController();
  readonly #grow: (partitions: number) => Promise<void>;
  readonly #figures = { transactions: 0, aborted: 0, unknown: 0 };
  #allowed = 0;

  /** @param grow gives the topic more partitions, and resolves when the processor knows them. */
  constructor(cluster: KafkaCluster, plan: FeedPlan, grow: (partitions: number) => Promise<void>) {
    const { topic, codecs } = plan;
    const [plain = 'none', ...others] = codecs;
    this.#cluster = cluster;
    this.#plan = plan;
    this.#grow = grow;
    this.#plain = new InputProducer(cluster, topic, plain, null);
    this.#transactional = others.map(
      (codec, index) => new InputProducer(cluster, topic, codec, `${topic}-input-${String(index)}`),
    );
    this.done = this.#run();
    // Who waits for it comes later, and perhaps never.
    this.done.catch(() => undefined);
  }

  get figures(): FeedFigures {
    return this.#figures;
  }

  /** Lets it go on until this share of the input, 0 to 1, is produced. */
  allow(share: number): void {
    this.#allowed = Math.max(this.#allowed, share);
  }

  /** Lets it go on a little, if there is any more. */
  allowMore(): void {
    this.#allowed = Math.min(1, this.#allowed + 0.05);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.done.catch(() => undefined);
  }

  async #run(): Promise<void> {
    const { steps } = this.#plan;
    for (const [index, step] of steps.entries()) {
      while (index >= this.#allowed * steps.length) {
        if (this.#stop.signal.aborted) return;
        await sleep(POLL_MS);
      }
      if (this.#stop.signal.aborted) return;
      await this.#do(step);
      await sleep(BETWEEN_MS);
    }
  }

  async #do(step: Step): Promise<void> {
    if (step.type === 'grow') await this.#grow(step.partitions);
    else if (step.type === 'send') await this.#send(step.send);
    else await this.#transact(step);
  }

  async #send(send: Send): Promise<void> {
    if (send.records.length === 0) return;
    while (!this.#stop.signal.aborted) {
      try {
        await this.#plain.send(send);
        return;
      } catch (error) {
        if (!(error instanceof KafkaFault)) throw error;
        this.#figures.unknown += 1;
        if (await this.#isWritten(send)) return;
      }
    }
  }

  async #transact(step: Transaction): Promise<void> {
    const producer = this.#transactional[step.producer];
    // What others do is done once, however often the rest is done again.
    let meanwhile = step.meanwhile;
    const others = async (): Promise<void> => {
      const steps = meanwhile;
      meanwhile = [];
      for (const other of steps) await this.#do(other);
    };
    if (producer === undefined) throw new Error(`there is no producer ${String(step.producer)}`);
    while (!this.#stop.signal.aborted) {
      try {
        if (!this.#initialised.has(step.producer)) await this.#initialise(producer, step.producer);
        await this.#attempt(producer, step, others);
        this.#figures.transactions += 1;
        if (!step.isCommitted) this.#figures.aborted += 1;
        return;
      } catch (error) {
        if (!(error instanceof KafkaFault)) throw error;
        this.#figures.unknown += 1;
        // Ends the transaction, one way or the other.
        await this.#initialise(producer, step.producer);
        if (!step.isCommitted || (await this.#isWritten(step.last, ...step.first))) break;
      }
    }
    await others();
  }

  async #initialise(producer: InputProducer, number: number): Promise<void> {
    await patiently(() => producer.initialise(), this.#stop.signal);
    this.#initialised.add(number);
  }

  /** @throws KafkaFault; it may be committed all the same. */
  async #attempt(producer: InputProducer, step: Transaction, others: () => Promise<void>): Promise<void> {
    const { first, last, isCommitted } = step;
    const partitions = [...new Set([...first, last].map(({ partition }) => partition))];
    await patiently(() => producer.enlist(partitions), this.#stop.signal);
    for (const send of first) await producer.send(send);
    await others();
    await producer.send(last);
    await producer.end(isCommitted);
  }

  /** Whether the log has these records for good: all of them or none. */
  async #isWritten(...sends: readonly Send[]): Promise<boolean> {
    const send = sends.find(({ records }) => records.length > 0);
    if (send === undefined) return true;
    const { topic } = this.#plan;
    const log = await patiently(() => readPartition(this.#cluster, topic, send.partition), this.#stop.signal);
    return log.records.some(({ key, outcome }) => key === send.records[0]?.key && outcome === 'committed');
  }
}
