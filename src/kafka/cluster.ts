import type { Logger } from '../telemetry/logger.ts';
import type { Clock } from '../time/clock.ts';
import type { Millis } from '../time/instant.ts';
import { addressText, parseBrokerAddresses, type BrokerAddress } from './broker-address.ts';
import { BrokerLink, type KafkaRequest, type RequestLimits } from './broker-link.ts';
import { loadKafkaLibrary, type KafkaLibrary } from './client-library.ts';
import { readSecurity, type ConnectionSecurity } from './connection-security.ts';
import { joinedFault, KafkaFault } from './kafka-fault.ts';
import type { KafkaConnectionSettings } from './kafka-settings.ts';
import { withinLimit } from './time-limit.ts';
import { topicsOf, type TopicMetadata } from './topic-metadata.ts';

/** The number of the error that says that no coordinator can be named. */
const COORDINATOR_NOT_AVAILABLE = 15;
/** How long a connection may take to be made, in ms. */
const CONNECT_TIMEOUT_MS = 5000;
/** How long finding the first broker may take in all, in ms: a wrong address is to be told in seconds. */
const OPENING_TIMEOUT_MS = 10_000;

/** What a cluster is reached with. */
export interface ClusterOptions {
  readonly settings: KafkaConnectionSettings;
  /** Name of this client in the broker's logs and quotas. */
  readonly clientId: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long a request may go unanswered, unless said with the request. */
  readonly requestTimeoutMs: Millis;
}

/** How a request is sent. */
export interface SendOptions extends Partial<RequestLimits> {
  /** Requests of one channel share a connection; what waits at the broker wants a channel of its own. Default: `main`. */
  readonly channel?: string;
}

/** What coordinates: a consumer group, or the transactions of a transactional id. */
export type CoordinatorKind = 'group' | 'transaction';

/**
 * A Kafka cluster: its brokers, a connection to each that is asked something, and who leads and coordinates what.
 *
 * Nothing here tries again: a failed request throws a {@link KafkaFault}, which says whether that makes sense, and the
 * next request makes the connection anew. Failed look-ups of a leader or coordinator are the caller's to repeat.
 */
export class KafkaCluster {
  readonly library: KafkaLibrary;
  readonly #options: ClusterOptions;
  readonly #security: ConnectionSecurity;
  readonly #bootstrap: readonly BrokerAddress[];
  readonly #brokers = new Map<number, BrokerAddress>();
  readonly #links = new Map<string, Promise<BrokerLink>>();
  readonly #coordinators = new Map<string, number>();
  #id: string | null = null;
  #isClosed = false;

  private constructor(
    library: KafkaLibrary,
    security: ConnectionSecurity,
    bootstrap: readonly BrokerAddress[],
    options: ClusterOptions,
  ) {
    this.library = library;
    this.#security = security;
    this.#bootstrap = bootstrap;
    this.#options = options;
  }

  /**
   * Finds a broker that answers, within ten seconds.
   *
   * @throws KafkaFault where none does; it names each address with the reason. ProcessorError CONFIG_INVALID for settings
   *   that are wrong.
   */
  static async open(options: ClusterOptions, signal?: AbortSignal): Promise<KafkaCluster> {
    const { settings } = options;
    const bootstrap = parseBrokerAddresses(settings.bootstrapServers);
    const security = await readSecurity(settings.security);
    const cluster = new KafkaCluster(await loadKafkaLibrary(), security, bootstrap, options);
    try {
      const timeoutMs = Math.min(CONNECT_TIMEOUT_MS, Math.floor(OPENING_TIMEOUT_MS / bootstrap.length));
      await cluster.topics([], { timeoutMs, ...(signal === undefined ? {} : { signal }) });
    } catch (error) {
      cluster.close();
      throw error;
    }
    return cluster;
  }

  /** What the cluster calls itself: the same for all of its brokers; null where it has no name. */
  get id(): string | null {
    return this.#id;
  }

  /** Addresses of all brokers known, by their ids. */
  get brokers(): ReadonlyMap<number, BrokerAddress> {
    return this.#brokers;
  }

  /** The name of an error that an answer gives by its number, such as `OFFSET_OUT_OF_RANGE`. */
  errorName(code: number): string {
    const names: Readonly<Record<number, string>> = this.library.protocolErrorsCodesById;
    return names[code] ?? `error ${code}`;
  }

  /**
   * What the cluster says of topics, asked anew; also brings the list of brokers up to date. A topic that does not exist, or
   * that the user may not see, has its `error` set.
   *
   * @throws KafkaFault.
   */
  async topics(names: readonly string[], options: SendOptions = {}): Promise<Map<string, TopicMetadata>> {
    const request = {
      apis: [this.library.metadataV12.api],
      args: [[...names], false, false] as [string[], boolean, boolean],
    };
    const response = await answerOf(this.send('any', request, options));
    this.#id = response.clusterId ?? null;
    // A broker that has just started may not know of any yet.
    if (response.brokers.length > 0) this.#brokers.clear();
    for (const { nodeId, host, port } of response.brokers) this.#brokers.set(nodeId, { host, port });
    return topicsOf(response, (code) => this.errorName(code));
  }

  /**
   * Sends a request to a broker, by its id, or to any.
   *
   * @throws KafkaFault; of kind `answered` also where only a part of the answer is an error, which then is in `response`.
   */
  async send<A extends unknown[], R>(
    target: number | 'any',
    request: KafkaRequest<A, R>,
    options: SendOptions = {},
  ): Promise<R> {
    const { channel = 'main', timeoutMs = this.#options.requestTimeoutMs } = options;
    const limits = { ...options, timeoutMs };
    if (target === 'any') return this.#sendToAny(request, channel, limits);
    const address = this.#brokers.get(target);
    if (address === undefined) throw new KafkaFault('unreachable', `broker ${target} is not known of (any more)`);
    const link = await this.#link(address, channel, limits);
    return link.request(request, limits);
  }

  /** Sends a request to the coordinator of a group or transactional id. @throws KafkaFault. */
  async sendToCoordinator<A extends unknown[], R>(
    kind: CoordinatorKind,
    key: string,
    request: KafkaRequest<A, R>,
    options: SendOptions = {},
  ): Promise<R> {
    const node = await this.#coordinatorOf(kind, key, options);
    try {
      return await this.send(node, request, options);
    } catch (error) {
      if (error instanceof KafkaFault && error.isStaleCoordinator) this.#coordinators.delete(`${kind} ${key}`);
      throw error;
    }
  }

  /** Closes all connections, at once; what is under way ends as `lost` or `closed`. */
  close(): void {
    this.#isClosed = true;
    for (const link of this.#links.values()) link.then((open) => open.close(), ignore);
    this.#links.clear();
  }

  async #coordinatorOf(kind: CoordinatorKind, key: string, options: SendOptions): Promise<number> {
    const known = this.#coordinators.get(`${kind} ${key}`);
    if (known !== undefined && this.#brokers.has(known)) return known;
    const args: [number, string[]] = [kind === 'group' ? 0 : 1, [key]];
    const request = { apis: [this.library.findCoordinatorV4.api], args };
    const answer = await answerOf(this.send('any', request, options));
    const [found] = answer.coordinators;
    // A fault made anew: the answer in that of the look-up is none to the request that waits for it.
    if (found === undefined || found.errorCode !== 0) {
      const code = this.errorName(found?.errorCode ?? COORDINATOR_NOT_AVAILABLE);
      throw new KafkaFault('answered', `the coordinator of the ${kind} "${key}" cannot be had: ${code}`, {
        code,
        canRetry: this.library.protocolErrors[code]?.canRetry ?? false,
      });
    }
    this.#brokers.set(found.nodeId, { host: found.host, port: found.port });
    this.#coordinators.set(`${kind} ${key}`, found.nodeId);
    return found.nodeId;
  }

  /** Those first that were heard of last; each broker once. */
  async #sendToAny<A extends unknown[], R>(
    request: KafkaRequest<A, R>,
    channel: string,
    limits: RequestLimits,
  ): Promise<R> {
    const faults: KafkaFault[] = [];
    for (const address of this.#candidates(channel)) {
      try {
        const link = await this.#link(address, channel, limits);
        return await link.request(request, limits);
      } catch (error) {
        if (!(error instanceof KafkaFault) || error.kind === 'answered' || error.kind === 'closed') throw error;
        faults.push(error);
      }
    }
    throw joinedFault(faults);
  }

  #candidates(channel: string): BrokerAddress[] {
    const candidates = new Map<string, BrokerAddress>();
    for (const address of [...this.#brokers.values(), ...this.#bootstrap])
      candidates.set(addressText(address), address);
    const connected = (text: string): number => (this.#links.has(`${channel} ${text}`) ? 0 : 1);
    return [...candidates].sort(([a], [b]) => connected(a) - connected(b)).map(([, address]) => address);
  }

  async #link(address: BrokerAddress, channel: string, limits: RequestLimits): Promise<BrokerLink> {
    const name = `${channel} ${addressText(address)}`;
    const { clock, clientId } = this.#options;
    for (;;) {
      if (this.#isClosed) throw new KafkaFault('closed', 'the connection to Kafka has been closed');
      let pending = this.#links.get(name);
      if (pending === undefined) {
        const connectTimeoutMs = Math.min(CONNECT_TIMEOUT_MS, limits.timeoutMs);
        const options = { library: this.library, clientId, security: this.#security, clock, connectTimeoutMs };
        pending = BrokerLink.open(address, options);
        this.#links.set(name, pending);
      }
      try {
        // The connection keeps its own time; whoever waits for it does so no longer than it is wanted.
        const ms = CONNECT_TIMEOUT_MS + limits.timeoutMs;
        const link = await withinLimit(pending, { ...limits, clock, ms, message: `${name}: no connection` });
        if (link.isOpen) return link;
      } catch (error) {
        if (this.#links.get(name) === pending) this.#links.delete(name);
        throw error;
      }
      if (this.#links.get(name) === pending) this.#links.delete(name);
    }
  }
}

/** The answer, also where parts of it are errors: for requests whose answers are looked at part by part. */
export async function answerOf<R>(answer: Promise<R>): Promise<R> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof KafkaFault && error.response !== undefined) return error.response as R;
    throw error;
  }
}

function ignore(): void {
  // Whoever waits for the connection is told; here it only need not be closed.
}
