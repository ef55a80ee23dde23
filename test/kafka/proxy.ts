import { once } from 'node:events';
import { createConnection, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { ownBroker } from './shared-broker.ts';
import type { Broker } from './broker.ts';
import { freePorts } from './ports.ts';

/** What a proxy does with a request: `cut` ends the connection instead; `lose` passes it on, and ends it when it is answered. */
export type Fate = 'pass' | 'cut' | 'lose';

/** A request on its way to the broker. */
export interface PassingRequest {
  /** Number of the API in Kafka's protocol. */
  readonly api: number;
}

/** Numbers of APIs. */
export const API = {
  produce: 0,
  initProducer: 22,
  addPartitions: 24,
  addOffsets: 25,
  endTransaction: 26,
  commitOffsets: 28,
} as const;

const BEFORE_CLIENT_ID = 14;

/** Stands between clients and a broker, and decides of each request what becomes of it. */
export class Proxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #target = 0;
  readonly #fates = new Map<string, (request: PassingRequest) => Fate>();

  private constructor() {
    this.#server = createServer((client) => this.#connect(client));
  }

  /** A broker whose clients all come by way of a proxy; both gone with the test. */
  static async withBroker(): Promise<{
    readonly proxy: Proxy;
    readonly broker: Broker;
    readonly bootstrapServers: string;
  }> {
    const proxy = new Proxy();
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    onTestFinished(() => proxy.#close());
    const [port = 0] = await freePorts(1);
    proxy.#target = port;
    const bootstrapServers = `127.0.0.1:${(proxy.#server.address() as AddressInfo).port}`;
    const broker = await ownBroker({ port, properties: { 'advertised.listeners': `PLAINTEXT://${bootstrapServers}` } });
    return { proxy, broker, bootstrapServers };
  }

  /** From now on `fate` decides what becomes of the requests of a client. */
  decide(clientId: string, fate: (request: PassingRequest) => Fate): void {
    this.#fates.set(clientId, fate);
  }

  #connect(client: Socket): void {
    const broker = createConnection(this.#target, '127.0.0.1');
    const end = (): void => {
      client.destroy();
      broker.destroy();
    };
    for (const socket of [client, broker]) {
      this.#sockets.add(socket);
      socket.on('error', end);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        end();
      });
    }
    /** True once the next answer is to be lost. Requests of a connection are answered in their order, one at a time here. */
    let isLost = false;
    forEachFrame(client, (frame) => {
      const fate = this.#fates.get(clientIdOf(frame))?.({ api: frame.readInt16BE(4) }) ?? 'pass';
      if (fate === 'cut') end();
      else broker.write(frame);
      if (fate === 'lose') isLost = true;
    });
    forEachFrame(broker, (frame) => {
      if (isLost) end();
      else client.write(frame);
    });
  }

  async #close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** Requests and answers begin with their length. */
function forEachFrame(socket: Socket, handle: (frame: Buffer) => void): void {
  let bytes: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
    while (bytes.length >= 4 && bytes.length >= 4 + bytes.readInt32BE(0)) {
      const end = 4 + bytes.readInt32BE(0);
      handle(bytes.subarray(0, end));
      bytes = bytes.subarray(end);
    }
  });
}

function clientIdOf(frame: Buffer): string {
  const length = frame.readInt16BE(BEFORE_CLIENT_ID - 2);
  return length < 0 ? '' : frame.toString('utf8', BEFORE_CLIENT_ID, BEFORE_CLIENT_ID + length);
}
