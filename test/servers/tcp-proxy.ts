import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** A stretch between a client and a server of loopback, where the line can be cut. */
export class TcpProxy {
  readonly port: number;
  /** Connections made so far. */
  connections = 0;
  /** Called with what a client sends, before it is passed on; `lost` cuts the line as soon as the server answers. */
  onSent: (bytes: Buffer) => 'passed on' | 'lost' = () => 'passed on';
  readonly #server: Server;
  readonly #target: number;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, target: number) {
    this.port = (server.address() as AddressInfo).port;
    this.#server = server;
    this.#target = target;
    server.on('connection', (client) => this.#join(client));
  }

  /** To a port of loopback; closed when the test is over. */
  static async to(target: number): Promise<TcpProxy> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const proxy = new TcpProxy(server, target);
    onTestFinished(async () => {
      proxy.cut();
      server.close();
      await once(server, 'close');
    });
    return proxy;
  }

  /** Cuts every line. New ones can be made. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Takes no more connections, or takes them again. */
  async listen(isListening: boolean): Promise<void> {
    if (isListening) {
      this.#server.listen(this.port, '127.0.0.1');
      await once(this.#server, 'listening');
    } else {
      this.cut();
      this.#server.close();
      await once(this.#server, 'close');
    }
  }

  #join(client: Socket): void {
    this.connections += 1;
    const server = connect(this.#target, '127.0.0.1');
    let isLost = false;
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
    client.on('data', (bytes) => {
      if (this.onSent(bytes) === 'lost') isLost = true;
      server.write(bytes);
    });
    server.on('data', (bytes) => {
      if (isLost) client.destroy();
      else client.write(bytes);
    });
  }
}
