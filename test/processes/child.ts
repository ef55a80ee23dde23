import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { until } from '../waiting.ts';

/** The entry of the command line. */
export const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** How a process is started. */
export interface ChildOptions {
  /** Added to a `PATH`, which is all that it has otherwise. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Standard input, whole. Default none. */
  readonly input?: string;
  /** Leaves standard output in the pipe until {@link Child.read}. */
  readonly unread?: boolean;
}

/** The command line as a process, and what it has said. */
export class Child {
  readonly process: ChildProcess;
  stdout = '';
  stderr = '';
  readonly #closed: Promise<unknown>;

  constructor(command: string, argv: readonly string[], { environment, input, unread = false }: ChildOptions) {
    const env = { PATH: process.env['PATH'], ...environment };
    this.process = spawn(command, argv, { env, stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'] });
    this.#closed = once(this.process, 'close');
    this.process.stdin?.end(input);
    this.process.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    if (!unread) this.read();
    onTestFinished(() => void this.process.kill('SIGKILL'));
  }

  /** The exit code, or the signal that ended it, when all of its output has been read. */
  async ended(): Promise<number | NodeJS.Signals | null> {
    await this.#closed;
    return this.process.exitCode ?? this.process.signalCode;
  }

  /** Reads standard output. */
  read(): void {
    this.process.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
  }

  signal(signal: NodeJS.Signals): void {
    this.process.kill(signal);
  }

  /** Waits until it has said something on standard error. */
  async says(text: string): Promise<void> {
    await until(() => this.stderr.includes(text) || Promise.reject(new Error(`not said: ${text}; ${this.stderr}`)));
  }

  /** Waits for a number of lines on standard output. */
  async writes(lines: number): Promise<void> {
    await until(() => this.stdout.split('\n').length > lines);
  }

  /** Where its server is, once it listens. */
  async url(): Promise<string> {
    await this.says('"url":"');
    return /"url":"([^"]+)"/.exec(this.stderr)?.[1] ?? '';
  }
}

/** Starts the command line. */
export function start(argv: readonly string[], options: ChildOptions = {}): Child {
  return new Child(process.execPath, [MAIN, ...argv], options);
}

/** Runs the command line to its end. */
export async function run(argv: readonly string[], options: ChildOptions = {}) {
  const child = start(argv, options);
  const code = await child.ended();
  return { code, stdout: child.stdout, stderr: child.stderr };
}

/** Posts a body to the server's intake. */
export function post(
  url: string,
  body: string,
  headers: Readonly<Record<string, string>> = { 'content-type': 'application/json' },
): Promise<Response> {
  return fetch(`${url}/v1/events`, { method: 'POST', body, headers });
}

/** The sum of a counter over its labels, from the page for Prometheus. */
export async function counterOf(url: string, name: string): Promise<number> {
  const page = await (await fetch(`${url}/metrics`)).text();
  const lines = page.split('\n').filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}

/** Waits until a run that was reading has come to a halt, since nobody takes its results. */
export async function untilHeldUp(url: string): Promise<void> {
  let before = 0;
  let same = 0;
  await until(async () => {
    const now = await counterOf(url, 'events_processed_total');
    same = now > 0 && now === before ? same + 1 : 0;
    before = now;
    return same === 10;
  });
}
