import type { API, Connection } from '@platformatic/kafka';
import type { Clock } from '../time/clock.ts';
import type { Millis } from '../time/instant.ts';
import { addressText, type BrokerAddress } from './broker-address.ts';
import type { KafkaLibrary } from './client-library.ts';
import { serverNameOf, type ConnectionSecurity } from './connection-security.ts';
import { KafkaFault } from './kafka-fault.ts';
import { connectingFault, requestFault } from './library-errors.ts';
import { withinLimit } from './time-limit.ts';

/** The library's own limit on a request is put out of the way: the clock that is passed in keeps the time. */
const NO_LIMIT_MS = 2 ** 31 - 1;

/** A request: calls of the library for versions of one API that are answered alike, newest first, and their arguments. */
export interface KafkaRequest<A extends unknown[], R> {
  readonly apis: readonly API<A, R>[];
  readonly args: A;
}

/** What a link is made with. */
export interface BrokerLinkOptions {
  readonly library: KafkaLibrary;
  readonly clientId: string;
  readonly security: ConnectionSecurity;
  readonly clock: Clock;
  /** How long making the connection may take: name look-up, TLS, login and the versions that the broker speaks. */
  readonly connectTimeoutMs: Millis;
}

/** How long a request may take, and what else ends the wait. */
export interface RequestLimits {
  /** From the moment it is sent. A connection on which an answer stays out is closed: the next request makes a new one. */
  readonly timeoutMs: Millis;
  readonly signal?: AbortSignal;
}

/** Lowest and highest version that a broker speaks of an API. */
type Versions = readonly [lowest: number, highest: number];

/**
 * One connection to one broker, with the versions that it speaks. Once it fails it stays so: whoever wants to go on makes
 * another. Answers come in the order of the requests, so what waits at the broker (a fetch) wants a link of its own.
 */
export class BrokerLink {
  readonly address: string;
  readonly #connection: Connection;
  readonly #clock: Clock;
  readonly #library: KafkaLibrary;
  #versions: ReadonlyMap<number, Versions> = new Map();
  #isOpen = true;

  private constructor(address: BrokerAddress, options: BrokerLinkOptions) {
    const { library, clientId, security, connectTimeoutMs, clock } = options;
    this.address = addressText(address);
    this.#clock = clock;
    this.#library = library;
    const serverName = serverNameOf(address.host);
    this.#connection = new library.Connection(clientId, {
      connectTimeout: connectTimeoutMs,
      requestTimeout: NO_LIMIT_MS,
      ...security,
      ...(security.tls === undefined || serverName === undefined ? {} : { tlsServerName: serverName }),
    });
    const shut = (): void => {
      this.#isOpen = false;
    };
    this.#connection.on('close', shut);
    // The library emits errors also when nobody waits for the connection, and an error without a listener ends the process.
    this.#connection.on('error', shut);
  }

  /** Connects, logs in and asks for the versions. @throws KafkaFault. */
  static async open(address: BrokerAddress, options: BrokerLinkOptions): Promise<BrokerLink> {
    const link = new BrokerLink(address, options);
    try {
      await withinLimit(link.#connect(address), {
        clock: options.clock,
        ms: options.connectTimeoutMs,
        message: `${link.address} cannot be connected to`,
      });
    } catch (error) {
      link.close();
      if (error instanceof KafkaFault && error.kind === 'lost') {
        throw new KafkaFault('unreachable', error.message, { cause: error });
      }
      throw error;
    }
    return link;
  }

  /** False once the connection has ended, from whichever side. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Whether the broker speaks this version of the API. */
  speaks(api: { readonly key: number; readonly version: number }): boolean {
    const [lowest, highest] = this.#versions.get(api.key) ?? [1, 0];
    return api.version >= lowest && api.version <= highest;
  }

  /** Sends a request in the newest version that both sides speak. @throws KafkaFault. */
  async request<A extends unknown[], R>(request: KafkaRequest<A, R>, limits: RequestLimits): Promise<R> {
    const api = request.apis.find((candidate) => this.speaks(candidate));
    if (api === undefined) throw this.#tooOld(request.apis);
    const name = this.#nameOf(api.key);
    if (!this.#isOpen) throw new KafkaFault('unreachable', `${this.address}: the connection has ended`);
    try {
      return await withinLimit(this.#answer(api, request.args), {
        clock: this.#clock,
        ms: limits.timeoutMs,
        message: `${this.address} has not answered ${name}`,
        ...(limits.signal === undefined ? {} : { signal: limits.signal }),
      });
    } catch (error) {
      const fault = requestFault(this.address, name, error);
      // An answer that comes after all would be taken for that to another request.
      if (fault.kind !== 'answered' && fault.kind !== 'closed') this.close();
      throw fault;
    }
  }

  /** At once, whatever is under way: it ends as `lost`. */
  close(): void {
    this.#isOpen = false;
    // Where there is no socket yet there is nothing to close.
    const socket = this.#connection.socket as Connection['socket'] | undefined;
    socket?.destroy();
  }

  async #connect({ host, port }: BrokerAddress): Promise<void> {
    try {
      await this.#connection.connect(host, port);
    } catch (error) {
      throw connectingFault(this.address, error);
    }
    const { apiVersionsV3 } = this.#library;
    try {
      const { apiKeys } = await this.#answer(apiVersionsV3.api, ['llm-optimizer-processor', '1']);
      this.#versions = new Map(apiKeys.map(({ apiKey, minVersion, maxVersion }) => [apiKey, [minVersion, maxVersion]]));
    } catch (error) {
      throw requestFault(this.address, 'ApiVersions', error);
    }
  }

  async #answer<A extends unknown[], R>(api: API<A, R>, args: A): Promise<R> {
    return api.async(this.#connection, ...args);
  }

  #tooOld(apis: readonly { readonly key: number; readonly version: number }[]): KafkaFault {
    const [newest] = apis;
    const oldest = apis.at(-1);
    const key = newest?.key ?? -1;
    const [lowest, highest] = this.#versions.get(key) ?? [0, -1];
    const needed = `version ${oldest?.version}${apis.length > 1 ? ` to ${newest?.version}` : ''} of ${this.#nameOf(key)}`;
    const spoken = highest < 0 ? 'it does not know it at all' : `it speaks ${lowest} to ${highest}`;
    const message = `${this.address} does not speak ${needed}: ${spoken}`;
    return new KafkaFault('incompatible', message, { code: 'UNSUPPORTED_VERSION' });
  }

  #nameOf(key: number): string {
    const names: Readonly<Record<number, string>> = this.#library.protocolAPIsById;
    return names[key] ?? `API ${key}`;
  }
}
