/** The processor as a service: started, watched by `/health` and its log, and ended. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PROCESSOR, type StateFolders } from './processor.ts';
import { KEY_FIELDS, VALUE_FIELD } from './sample-events.ts';

/** How a service is started. */
export interface ServiceOptions {
  readonly paths: readonly string[];
  readonly output: string;
  readonly state: StateFolders;
  readonly windowMs: number;
  readonly limitMb: number;
}

/** The part of `/health` that is looked at. */
export interface Health {
  readonly status: string;
  readonly epoch: number;
  readonly active_windows: number;
  readonly events: { readonly read: number };
}

/** A run that follows its files until it is ended. */
export class Service {
  readonly startedAt = performance.now();
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  #log = '';

  constructor({ paths, output, state, windowMs, limitMb }: ServiceOptions) {
    const config = {
      source: { type: 'file', follow: true, paths },
      event: { key: KEY_FIELDS, value: VALUE_FIELD, max_future_secs: 1e9 },
      windows: { default_type: 'tumbling', tumbling: { size_secs: windowMs / 1000 } },
      sinks: [{ type: 'file', path: output }],
      state: { backend: 'rocksdb', path: state.path, checkpoint_path: state.checkpointPath, memory_limit_mb: limitMb },
      http: { port: 0 },
      logging: { format: 'json' },
      // Only those that are asked for.
      checkpoint_interval_secs: 86_400,
    };
    mkdirSync(state.path, { recursive: true });
    const file = join(state.path, '..', 'config.yaml');
    writeFileSync(file, JSON.stringify({ processor: config }));
    this.#child = spawn(process.execPath, [PROCESSOR, 'run', '--config', file], {
      env: { PATH: process.env['PATH'] },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#log += text));
    this.#ended = once(this.#child, 'close');
  }

  /** What `/health` says; null while nobody answers. */
  async health(): Promise<Health | null> {
    const url = /"url":"([^"]+)"/.exec(this.#log)?.[1];
    if (url === undefined) return null;
    const response = await fetch(`${url}/health`).catch(() => null);
    return response === null ? null : ((await response.json().catch(() => null)) as Health | null);
  }

  /** Asks for a checkpoint, and waits for it. */
  async checkpoint(): Promise<void> {
    const url = /"url":"([^"]+)"/.exec(this.#log)?.[1] ?? '';
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${url}/v1/checkpoints`, { method: 'POST', headers, body: '{}' });
    if (!response.ok) throw new Error(`no checkpoint was made: ${await response.text()}`);
  }

  /** Looks at its health until that is as wanted; gives it, and how long after the start that was, in ms. */
  async until(wanted: (health: Health) => boolean, everyMs: number): Promise<{ health: Health; afterMs: number }> {
    for (;;) {
      const health = await this.health();
      if (health !== null && wanted(health)) return { health, afterMs: performance.now() - this.startedAt };
      if (this.#child.exitCode !== null) throw new Error(`the service has ended:\n${this.#log.slice(-2000)}`);
      await sleep(everyMs);
    }
  }

  /** Fields of the first line of the log with a message that begins so; undefined where there is none. */
  logged(message: string): Readonly<Record<string, unknown>> | undefined {
    for (const line of this.#log.split('\n')) {
      if (!line.includes(`"msg":"${message}`)) continue;
      return JSON.parse(line) as Readonly<Record<string, unknown>>;
    }
    return undefined;
  }

  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    this.#child.kill(signal);
    await this.#ended;
  }
}
