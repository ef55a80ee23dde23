import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { freePorts } from '../kafka/ports.ts';
import type { PrometheusBinaries } from './prometheus-binaries.ts';

/** One series of an answer: its labels, and its newest value. */
export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [time: number, value: string];
}

/** A real Prometheus on loopback; stopped when the test is over. */
export class PrometheusServer {
  readonly #url: string;

  private constructor(port: number) {
    this.#url = `http://127.0.0.1:${String(port)}`;
  }

  /** Starts it with a configuration file, and a folder for its data. */
  static async start({ prometheus }: PrometheusBinaries, config: string, data: string): Promise<PrometheusServer> {
    const [port = 0] = await freePorts(1);
    const child = spawn(
      prometheus,
      [
        `--config.file=${config}`,
        `--storage.tsdb.path=${data}`,
        `--web.listen-address=127.0.0.1:${String(port)}`,
        '--log.level=info',
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    let log = '';
    const ready = new Promise<void>((resolve, reject) => {
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        log += text;
        if (log.includes('Server is ready')) resolve();
      });
      child.once('exit', () => reject(new Error(`Prometheus does not start: ${log}`)));
      child.once('error', reject);
    });
    onTestFinished(async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    });
    await ready;
    return new PrometheusServer(port);
  }

  /** What a query gives now. @throws Error with the words of Prometheus where it does not parse. */
  async query(expression: string): Promise<readonly Sample[]> {
    const { result, resultType } = await this.#get<{ resultType: string; result: Sample[] }>(
      `query?query=${encodeURIComponent(expression)}`,
    );
    if (resultType !== 'vector') throw new Error(`${expression} gives a ${resultType}`);
    return result;
  }

  /** The values of a label, of the series that a selector chooses. */
  async labelValues(label: string, selector: string): Promise<readonly string[]> {
    return this.#get(`label/${label}/values?match[]=${encodeURIComponent(selector)}`);
  }

  /** The rules that it evaluates, and how that goes. */
  async rules(): Promise<readonly { name: string; health: string; state: string; lastError?: string }[]> {
    const { groups } = await this.#get<{ groups: { rules: { name: string; health: string; state: string }[] }[] }>(
      'rules',
    );
    return groups.flatMap(({ rules }) => rules);
  }

  async #get<T>(path: string): Promise<T> {
    const response = await fetch(`${this.#url}/api/v1/${path}`);
    const answer = (await response.json()) as { status: string; data: T; error?: string };
    if (answer.status !== 'success') throw new Error(answer.error ?? 'no reason given');
    return answer.data;
  }
}
