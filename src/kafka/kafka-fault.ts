/**
 * What kind of thing went wrong between a client and a cluster.
 *
 * - `unreachable`: no connection came about; nothing was sent.
 * - `lost`: the connection broke or the answer stayed out; whether the request took effect is unknown.
 * - `tls`: one side encrypts and the other does not, or a certificate is not accepted.
 * - `login`: the user was refused: name, password or mechanism.
 * - `answered`: the broker answered with an error, whose name is in `code`.
 * - `incompatible`: the two do not speak the same version, or an answer cannot be understood.
 * - `closed`: given up from this side: closed, or the caller's signal aborted.
 */
export type KafkaFaultKind = 'unreachable' | 'lost' | 'tls' | 'login' | 'answered' | 'incompatible' | 'closed';

/** What is known of a fault besides its message. */
export interface KafkaFaultDetails {
  /** The error's name in Kafka's protocol, such as `NOT_LEADER_OR_FOLLOWER`. */
  readonly code?: string;
  /** Whether the broker itself calls the error one that may pass. */
  readonly canRetry?: boolean;
  /** The whole answer, where there was one with an error in it. */
  readonly response?: unknown;
  readonly cause?: unknown;
}

/** Names of errors that say: look up anew who leads the partition. */
const STALE_LEADER: readonly string[] = [
  'NOT_LEADER_OR_FOLLOWER',
  'LEADER_NOT_AVAILABLE',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'REPLICA_NOT_AVAILABLE',
  'KAFKA_STORAGE_ERROR',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'UNKNOWN_TOPIC_ID',
  'INCONSISTENT_TOPIC_ID',
  'LISTENER_NOT_FOUND',
];

/** Names of errors that say: look up anew who coordinates the group or transaction. */
const STALE_COORDINATOR: readonly string[] = ['NOT_COORDINATOR', 'COORDINATOR_NOT_AVAILABLE'];

/**
 * What went wrong in talking to Kafka; internal to the processor, which decides by it whether to try again.
 * `explainFault` makes a ProcessorError of it that tells a person what to do.
 */
export class KafkaFault extends Error {
  override readonly name = 'KafkaFault';
  readonly kind: KafkaFaultKind;
  /** The error's name in Kafka's protocol; null where the broker did not name one. */
  readonly code: string | null;
  readonly response: unknown;
  readonly #canRetry: boolean;

  constructor(kind: KafkaFaultKind, message: string, details: KafkaFaultDetails = {}) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined);
    this.kind = kind;
    this.code = details.code ?? null;
    this.response = details.response;
    this.#canRetry = details.canRetry ?? (kind === 'unreachable' || kind === 'lost');
  }

  /** True for what may pass by itself: the same may be tried again after a while. */
  get canRetry(): boolean {
    return this.#canRetry || this.isStaleLeader || this.isStaleCoordinator;
  }

  /** True where the leaders of partitions must be looked up anew. */
  get isStaleLeader(): boolean {
    return this.code !== null && STALE_LEADER.includes(this.code);
  }

  /** True where the coordinator must be looked up anew: it has moved, or cannot be reached. */
  get isStaleCoordinator(): boolean {
    if (this.kind === 'unreachable' || this.kind === 'lost') return true;
    return this.code !== null && STALE_COORDINATOR.includes(this.code);
  }
}

/** Kinds of fault, those first that tell most of what is wrong. */
const MOST_TELLING: readonly KafkaFaultKind[] = [
  'login',
  'tls',
  'incompatible',
  'answered',
  'lost',
  'unreachable',
  'closed',
];

/** One fault of several brokers: it says what each has to say, and is of the kind that tells most. */
export function joinedFault(faults: readonly KafkaFault[]): KafkaFault {
  const [first] = [...faults].sort((a, b) => MOST_TELLING.indexOf(a.kind) - MOST_TELLING.indexOf(b.kind));
  if (first === undefined) return new KafkaFault('unreachable', 'there is no broker to ask');
  if (faults.length === 1) return first;
  return new KafkaFault(first.kind, faults.map(({ message }) => message).join('; '), {
    cause: first,
    ...(first.code === null ? {} : { code: first.code }),
  });
}
