import { KafkaFault } from '../../src/kafka/kafka-fault.ts';
import type { TopicPartition } from '../../src/kafka/partition-id.ts';
import type {
  OffsetCommit,
  Produced,
  ProducerIdentity,
  ReadyRecords,
  SequencedRecords,
  TransactionRequests,
} from '../../src/sinks/kafka/transaction-requests.ts';
import type { KafkaHazards } from './draw.ts';
import type { SimulatedKafka } from './kafka.ts';
import type { SimulatedProcess } from './process.ts';

/** Records whose items are text. */
export interface TextRecords extends ReadyRecords {
  readonly items: readonly string[];
}

/** What the requests of a process are made with. */
export interface SimulatedRequestsOptions {
  readonly kafka: SimulatedKafka;
  readonly process: SimulatedProcess;
  readonly hazards: KafkaHazards;
  readonly transactionalId: string;
  /** Nobody answers for now. */
  readonly isAway: () => boolean;
  /** Coordinators are being moved for now. */
  readonly isMoving: () => boolean;
  /** Told of each identity that is given out. */
  readonly onTakenOver: (process: SimulatedProcess) => void;
}

/** What a coordinator that has moved answers. */
const MOVING = ['NOT_COORDINATOR', 'COORDINATOR_NOT_AVAILABLE', 'COORDINATOR_LOAD_IN_PROGRESS'] as const;

type Answer<T> = { readonly value: T } | { readonly error: unknown };

/**
 * Requests of a process to a simulated cluster. Each arrives after a while, also when its sender has died or given up by then;
 * an answer may be lost, and a request too.
 */
export class SimulatedRequests implements TransactionRequests {
  readonly #options: SimulatedRequestsOptions;

  constructor(options: SimulatedRequestsOptions) {
    this.#options = options;
  }

  initProducer(signal: AbortSignal): Promise<ProducerIdentity> {
    const { kafka, transactionalId, process, onTakenOver } = this.#options;
    const effect = (): ProducerIdentity => {
      try {
        const identity = kafka.initProducer(transactionalId);
        onTakenOver(process);
        return identity;
      } catch (error) {
        // What was open is ended first, under an identity that nobody has.
        if (!process.alive || process.isReplaced) onTakenOver(process);
        throw error;
      }
    };
    return this.#ofCoordinator('initProducer', effect, signal);
  }

  currentProducer(signal: AbortSignal): Promise<ProducerIdentity | null> {
    const { kafka, transactionalId } = this.#options;
    return this.#ofCoordinator('currentProducer', () => kafka.currentProducer(transactionalId), signal);
  }

  addPartitions(producer: ProducerIdentity, partitions: readonly TopicPartition[], signal: AbortSignal): Promise<void> {
    const { kafka, transactionalId } = this.#options;
    const effect = (): void => kafka.addPartitions(transactionalId, producer, partitions);
    return this.#ofCoordinator('addPartitions', effect, signal);
  }

  async produce(
    producer: ProducerIdentity,
    records: readonly SequencedRecords[],
    signal: AbortSignal,
  ): Promise<Produced<SequencedRecords>> {
    const { kafka, transactionalId, process } = this.#options;
    const effect = (): Produced<SequencedRecords> => {
      const left: SequencedRecords[] = [];
      let fault: KafkaFault | null = null;
      for (const each of records) {
        const { items } = each.records as TextRecords;
        try {
          const isNew = kafka.produce(transactionalId, producer, each.records, { items, sequence: each.sequence });
          if (!isNew) process.world.figures.repeatedBatches += 1;
        } catch (error) {
          if (!(error instanceof KafkaFault)) throw error;
          left.push(each);
          fault = error;
        }
      }
      return { left, fault };
    };
    try {
      return await this.#call('produce', effect, signal);
    } catch (error) {
      if (error instanceof KafkaFault) return { left: records, fault: error };
      throw error;
    }
  }

  addGroup(producer: ProducerIdentity, group: string, signal: AbortSignal): Promise<void> {
    const { kafka, transactionalId } = this.#options;
    return this.#ofCoordinator('addGroup', () => kafka.addGroup(transactionalId, producer, group), signal);
  }

  commitOffsets(
    producer: ProducerIdentity,
    group: string,
    offsets: readonly OffsetCommit[],
    signal: AbortSignal,
  ): Promise<void> {
    const { kafka, transactionalId } = this.#options;
    const effect = (): void => kafka.commitOffsets(transactionalId, producer, group, offsets);
    return this.#ofCoordinator('commitOffsets', effect, signal);
  }

  endTransaction(producer: ProducerIdentity, isCommit: boolean, signal: AbortSignal): Promise<void> {
    const { kafka, transactionalId, process } = this.#options;
    const effect = (): void => {
      kafka.endTransaction(transactionalId, producer, isCommit);
      if (isCommit) process.world.figures.transactions += 1;
    };
    return this.#ofCoordinator('endTransaction', effect, signal);
  }

  committedOffsets(group: string, signal: AbortSignal): Promise<readonly OffsetCommit[]> {
    const { kafka } = this.#options;
    return this.#ofCoordinator('committedOffsets', () => kafka.committedOffsets(group), signal);
  }

  #ofCoordinator<T>(name: string, effect: () => T, signal: AbortSignal): Promise<T> {
    const { process, isMoving } = this.#options;
    const atCoordinator = (): T => {
      if (!isMoving()) return effect();
      process.world.figures.movedCoordinators += 1;
      const code = process.world.random.pick(MOVING);
      throw new KafkaFault('answered', `the broker answered with ${code}`, { code, canRetry: true });
    };
    return this.#call(name, atCoordinator, signal);
  }

  async #call<T>(name: string, effect: () => T, signal: AbortSignal): Promise<T> {
    const { process, hazards, isAway } = this.#options;
    const { world } = process;
    await process.reach(`kafka.${name}: before`);
    if (isAway()) {
      await process.wait(`kafka.${name}: nobody there`, world.random.delay(20));
      throw new KafkaFault('unreachable', 'no broker can be reached');
    }
    const isLost = world.fault(hazards.lost);
    // A request that is lost may have been lost on its way, or arrive when nobody waits for it any more.
    const arrives = !isLost || world.random.chance(0.7);
    const answer = await this.#answer(name, arrives ? effect : undefined, isLost, signal);
    await process.reach(`kafka.${name}: after`);
    if ('error' in answer) throw answer.error;
    return answer.value;
  }

  #answer<T>(name: string, effect: (() => T) | undefined, isLost: boolean, signal: AbortSignal): Promise<Answer<T>> {
    const { process, isAway } = this.#options;
    const { world } = process;
    return new Promise((resolve) => {
      const answer = (label: string, delayMs: number, found: Answer<T>): void => {
        world.schedule(process, `kafka.${name} ${label}`, delayMs, () => {
          signal.removeEventListener('abort', giveUp);
          resolve(found);
        });
      };
      const giveUp = (): void => answer('given up', 0, { error: new KafkaFault('closed', 'given up') });
      const lose = (delayMs: number): void => {
        world.figures.lostRequests += 1;
        answer('is lost', delayMs, { error: new KafkaFault('lost', 'the connection was lost') });
      };
      if (signal.aborted) {
        giveUp();
        return;
      }
      signal.addEventListener('abort', giveUp, { once: true });
      if (isLost) lose(world.random.delay(300));
      if (effect === undefined) return;
      world.schedule(null, `kafka.${name} arrives`, world.random.delay(isLost ? 500 : 20), () => {
        if (isAway()) {
          if (!isLost) lose(world.random.delay(50));
          return;
        }
        if (isLost && !process.alive) world.figures.lateRequests += 1;
        const found = outcomeOf(effect);
        world.note(`kafka.${name}: ${'error' in found ? String(found.error) : JSON.stringify(found.value ?? null)}`);
        if (!isLost) answer('answers', world.random.delay(5), found);
      });
    });
  }
}

function outcomeOf<T>(effect: () => T): Answer<T> {
  try {
    return { value: effect() };
  } catch (error) {
    if (error instanceof KafkaFault) return { error };
    throw error;
  }
}
