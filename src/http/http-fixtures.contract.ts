import { connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import type { StatusSnapshot } from '../runtime/status.ts';
import type { HttpIntakeOutcome } from '../sources/http/intake-outcome.ts';
import { ProcessorMetrics } from '../telemetry/metrics.ts';
import type { HttpIntake } from './http-intake.ts';
import { createServer, type HttpServer, type HttpServerOptions } from './server.ts';

/** A token that must be seen nowhere. */
export const SECRET = 'canary-4f1c';

/** The status of a run that is well. */
export const SNAPSHOT: StatusSnapshot = {
  pipeline: 'processor',
  state: 'running',
  startedAt: 0,
  uptimeMs: 61_900,
  health: 'ok',
  components: { source: { status: 'ok', message: null } },
  epoch: 7,
  watermark: 1_700_158_500_000,
  partitions: [],
  activeWindows: 3,
  counters: {
    read: 10,
    decoded: 9,
    rejected: 1,
    filtered: 0,
    assigned: 9,
    onTime: 9,
    outOfOrder: 0,
    acceptedLate: 0,
    droppedLate: 0,
    unassigned: 0,
    fired: 2,
    skipped: 0,
  },
  rejections: [],
  stateBytes: 512,
  stateStatus: {
    backend: 'memory',
    recovery: null,
    isFull: false,
    lastCommit: { epoch: 7, ageMs: 1500, durationMs: 2.4 },
    lastCheckpoint: { id: 'auto-20231116T181500Z-6', ageMs: 60_000, sizeBytes: 4096, durationMs: 12 },
    checkpointFailures: 1,
  },
};

/** An intake that keeps what it is given. */
export class TestIntake implements HttpIntake {
  readonly maxBodyBytes = 1000;
  readonly bodies: string[] = [];
  readonly token: string | undefined;
  outcome: HttpIntakeOutcome = { status: 202, accepted: 1, rejected: [] };

  constructor(token?: string) {
    this.token = token;
  }

  authorized(authorization: string | undefined): boolean {
    return this.token === undefined || authorization === `Bearer ${this.token}`;
  }

  accept(body: Uint8Array): HttpIntakeOutcome {
    this.bodies.push(Buffer.from(body).toString());
    return this.outcome;
  }
}

/** A server that listens, and where. */
export interface Started {
  readonly server: HttpServer;
  readonly url: string;
  readonly port: number;
}

/** Starts a server on a free port, until the test is over. */
export async function start(options: Partial<HttpServerOptions> = {}): Promise<Started> {
  const server = createServer({ status: () => SNAPSHOT, metrics: new ProcessorMetrics(), port: 0, ...options });
  onTestFinished(() => server.close());
  const { port } = await server.listen();
  return { server, url: `http://127.0.0.1:${String(port)}`, port };
}

/** Posts events. */
export function post(url: string, body: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${url}/v1/events`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/x-ndjson', ...headers },
  });
}

/** A connection that says what it likes. */
export interface RawConnection {
  readonly socket: Socket;
  /** All that the server has sent, when it has closed the connection. */
  readonly closed: Promise<string>;
}

/** Opens a connection and sends some text. */
export function raw(port: number, text: string): RawConnection {
  const socket = connect(port, '127.0.0.1');
  const closed = new Promise<string>((resolve) => {
    let received = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => (received += chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(received));
  });
  socket.write(text);
  return { socket, closed };
}

/** Waits for what other parts of the process are about to do. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
