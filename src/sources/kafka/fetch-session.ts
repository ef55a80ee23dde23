import type { KafkaPartition } from './kafka-partition.ts';

/** What a request of a session names. */
export interface SessionRequest {
  readonly sessionId: number;
  readonly sessionEpoch: number;
  /** Partitions to be told of. */
  readonly changed: readonly KafkaPartition[];
  readonly forgotten: readonly KafkaPartition[];
}

const NO_SESSION = 0;
const FIRST_EPOCH = 0;
const LAST_EPOCH = 2 ** 31 - 1;

/** Where the broker believes a partition to stand. */
interface Told {
  offset: number;
  leaderEpoch: number;
}

/**
 * What a broker remembers of what it is asked for (KIP-227), so that a request names only the partitions that stand elsewhere
 * than it believes, and the answer only those with something new: hundreds of idle ones cost nothing.
 */
export class FetchSession {
  #id = NO_SESSION;
  #epoch = FIRST_EPOCH;
  readonly #told = new Map<KafkaPartition, Told>();

  /** The next request, for these partitions. Its answer is to be shown to {@link accept}, a failure to {@link reset}. */
  next(wanted: readonly KafkaPartition[]): SessionRequest {
    if (this.#epoch === FIRST_EPOCH) this.#told.clear();
    const changed = wanted.filter((partition) => this.#tell(partition));
    const forgotten: KafkaPartition[] = [];
    if (this.#told.size > wanted.length) {
      const kept = new Set(wanted);
      for (const partition of this.#told.keys()) {
        if (kept.has(partition)) continue;
        forgotten.push(partition);
        this.#told.delete(partition);
      }
    }
    return { sessionId: this.#id, sessionEpoch: this.#epoch, changed, forgotten };
  }

  /** True if the broker was asked for what the partition wants next: else what it answers is of no use. */
  isAt(partition: KafkaPartition): boolean {
    return this.#told.get(partition)?.offset === partition.fetchOffset;
  }

  /** The broker has answered, and named the session; 0 where it keeps none. */
  accept(sessionId: number): void {
    this.#id = sessionId;
    if (sessionId === NO_SESSION) this.#epoch = FIRST_EPOCH;
    else this.#epoch = this.#epoch === LAST_EPOCH ? 1 : this.#epoch + 1;
  }

  /** Nobody knows what the broker believes: the next request begins a new session, in place of the old one. */
  reset({ isGone }: { readonly isGone: boolean }): void {
    this.#epoch = FIRST_EPOCH;
    if (isGone) this.#id = NO_SESSION;
  }

  /** True if the broker must be told of the partition; it is then noted as told. */
  #tell(partition: KafkaPartition): boolean {
    const { fetchOffset: offset, currentLeaderEpoch: leaderEpoch } = partition;
    const told = this.#told.get(partition);
    if (told === undefined) {
      this.#told.set(partition, { offset, leaderEpoch });
      return true;
    }
    if (told.offset === offset && told.leaderEpoch === leaderEpoch) return false;
    told.offset = offset;
    told.leaderEpoch = leaderEpoch;
    return true;
  }
}
