import { PassThrough, Writable } from 'node:stream';
import { SystemClock } from '../time/clock.ts';
import type { CliParts } from './cli.ts';
import type { CliIo, StopSignal } from './cli-io.ts';

/** A stream that remembers what was written to it. */
export class Output extends Writable {
  text = '';
  isTTY = false;
  columns = 80;
  /** In the place of taking a write: for a stream that breaks, or never answers. */
  readonly #refuse: ((done: (error: Error) => void) => void) | undefined;

  constructor(refuse?: (done: (error: Error) => void) => void) {
    super();
    this.#refuse = refuse;
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#refuse !== undefined) {
      this.#refuse(done);
      return;
    }
    this.text += Buffer.from(chunk).toString();
    done();
  }
}

/** A process as the command line sees one, and what it has written. */
export interface FakeProcess extends CliIo {
  readonly stdin: PassThrough & { isTTY?: boolean };
  readonly stdout: Output;
  readonly stderr: Output;
  readonly send: (signal: StopSignal) => void;
  readonly listening: () => boolean;
}

/** A process with nothing but an environment. */
export function fakeProcess(environment: Record<string, string> = {}, stdout = new Output()): FakeProcess {
  const listeners = new Set<(signal: StopSignal) => void>();
  return {
    stdin: new PassThrough(),
    stdout,
    stderr: new Output(),
    environment,
    clock: new SystemClock(),
    version: '1.2.3',
    nodeVersion: '24.0.0',
    nodeOptions: [],
    onSignal(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    send: (signal) => listeners.forEach((listener) => listener(signal)),
    listening: () => listeners.size > 0,
  };
}

/** Parts of the program of which only those given are there. */
export function fakeParts(parts: Partial<CliParts> = {}): CliParts {
  const missing = (): Promise<never> => Promise.reject(new Error('not here'));
  return { quickstart: missing, kafkaExample: missing, openEventWriter: missing, ...parts };
}
