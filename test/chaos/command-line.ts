import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

/** How a process ended: its exit code, or the signal that ended it. */
export type Ending = number | NodeJS.Signals | null;

/** Something is not as it must be: the round has failed. */
export class ChaosFailure extends Error {
  override readonly name = 'ChaosFailure';
}

/** The command line as a process, and what it has said. */
export class CommandLine {
  readonly arguments: readonly string[];
  readonly startedAt = performance.now();
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  stdout = '';
  stderr = '';
  ending: Ending | undefined;

  constructor(main: string, argv: readonly string[]) {
    this.arguments = argv;
    this.#child = spawn(process.execPath, [main, ...argv], {
      env: { PATH: process.env['PATH'] },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.#closed = once(this.#child, 'close').then(() => {
      this.ending = this.#child.exitCode ?? this.#child.signalCode;
    });
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  /** Where its server is; undefined before it listens. */
  get url(): string | undefined {
    return /"url":"([^"]+)"/.exec(this.stderr)?.[1];
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Resolves when it has ended and all of its output is here. @throws ChaosFailure if that takes longer. */
  async ended(withinMs: number): Promise<Ending> {
    const timer = new AbortController();
    await Promise.race([this.#closed, sleep(withinMs, undefined, { signal: timer.signal }).catch(() => undefined)]);
    timer.abort();
    if (this.ending === undefined) throw new ChaosFailure(`${this.#name} has not ended after ${String(withinMs)} ms`);
    return this.ending;
  }

  /** Waits until the condition holds or the process has ended; false for the latter. @throws ChaosFailure where neither comes. */
  async until(what: string, withinMs: number, condition: () => boolean | Promise<boolean>): Promise<boolean> {
    const deadline = performance.now() + withinMs;
    for (;;) {
      if (this.ending !== undefined) return false;
      if (await condition()) return true;
      if (performance.now() > deadline) throw new ChaosFailure(`${what}: not within ${String(withinMs)} ms`);
      await sleep(8);
    }
  }

  /** What `/health` says; null while nobody answers. */
  async health(): Promise<Health | null> {
    const response = await this.#get('/health');
    return response === null ? null : ((await response.json().catch(() => null)) as Health | null);
  }

  /** True once the watermark has come so far, and all that it closes has fired. */
  async hasFired(watermark: number): Promise<boolean> {
    const health = await this.health();
    return health?.watermark === new Date(watermark).toISOString() && health.firing === false;
  }

  /** True once it reads and writes. */
  async isReady(): Promise<boolean> {
    return (await this.#get('/ready'))?.status === 200;
  }

  /** What `/metrics` says; empty while nobody answers. */
  async metrics(): Promise<string> {
    return (await (await this.#get('/metrics'))?.text().catch(() => '')) ?? '';
  }

  async #get(page: string): Promise<Response | null> {
    const { url } = this;
    return url === undefined ? null : fetch(`${url}${page}`).catch(() => null);
  }

  get #name(): string {
    return `"processor ${this.arguments.slice(0, 2).join(' ')}"`;
  }
}

/** The part of `/health` that is looked at. */
export interface Health {
  readonly epoch?: number;
  readonly watermark?: string | null;
  readonly firing?: boolean;
  readonly components?: Readonly<Record<string, { readonly status: string; readonly message: string | null }>>;
  readonly state?: { readonly full: boolean; readonly last_checkpoint: { readonly id: string } | null };
}
