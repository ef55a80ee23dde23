import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Broker, type SecureListeners } from './broker.ts';
import { KafkaMissing } from './java.ts';

/** The broker that all tests of a run share, or why there is none. */
export interface SharedBroker {
  /** Why there is none, in one line; undefined if there is one. */
  readonly missing?: string | undefined;
  /** Address of the unencrypted listener; empty if there is none. */
  readonly bootstrapServers: string;
  /** Absent for a broker that was named by `KAFKA_BOOTSTRAP_SERVERS`. */
  readonly secure?: SecureListeners | undefined;
}

/** Starts the shared broker when the first test asks for it, and ends it with the run. */
export class BrokerService {
  readonly #server: Server;
  readonly #print: (line: string) => void;
  #shared: Promise<SharedBroker> | undefined;
  #broker: Broker | undefined;

  private constructor(print: (line: string) => void) {
    this.#print = print;
    this.#server = createServer((_request, response) => {
      this.#shared ??= this.#start();
      this.#shared.then(
        (shared) => response.end(JSON.stringify(shared)),
        (error: unknown) => response.writeHead(500).end(error instanceof Error ? error.message : String(error)),
      );
    });
  }

  /** @returns the service, listening; `print` is given the line that says why tests are skipped. */
  static async listen(print: (line: string) => void): Promise<BrokerService> {
    const service = new BrokerService(print);
    service.#server.listen(0, '127.0.0.1');
    await once(service.#server, 'listening');
    return service;
  }

  /** Where tests ask. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async #start(): Promise<SharedBroker> {
    const named = process.env['KAFKA_BOOTSTRAP_SERVERS'] ?? '';
    if (named !== '') return { bootstrapServers: named };
    try {
      this.#broker = await Broker.start({ secure: true });
      return { bootstrapServers: this.#broker.bootstrapServers, secure: this.#broker.secure };
    } catch (error) {
      if (!(error instanceof KafkaMissing) || process.env['CI'] === 'true') throw error;
      this.#print(`Tests with Kafka are skipped: ${error.message}.`);
      return { missing: error.message, bootstrapServers: '' };
    }
  }

  /** The end of the broker's log; empty if none was started. */
  logTail(): string {
    return this.#broker?.logTail() ?? '';
  }

  /** Ends service and broker. */
  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await this.#shared?.catch(() => undefined);
    await this.#broker?.remove();
  }
}
