import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import type { Measurement, Usage } from './contender.ts';

/** A program that reads a topic, which has no end: it is ended when its file of results has all lines. */
export interface EndlessContender {
  readonly name: string;
  /** Default: the Node that runs this. */
  readonly command?: string;
  readonly args: readonly string[];
  readonly output: string;
}

const LOOK_MS = 50;
const DEADLINE_MS = 180_000;

/** Counts the lines of a file that grows. */
class LineCounter {
  lines = 0;
  #position = 0;
  readonly #path: string;
  readonly #buffer = Buffer.alloc(1 << 20);

  constructor(path: string) {
    this.#path = path;
  }

  look(): number {
    if (!existsSync(this.#path)) return 0;
    const file = openSync(this.#path, 'r');
    const { size } = fstatSync(file);
    while (this.#position < size) {
      const read = readSync(file, this.#buffer, 0, this.#buffer.length, this.#position);
      this.#position += read;
      for (let at = this.#buffer.indexOf(10); at !== -1 && at < read; at = this.#buffer.indexOf(10, at + 1)) {
        this.lines += 1;
      }
    }
    closeSync(file);
    return this.lines;
  }
}

/**
 * Runs a contender until its output has that many lines, then ends it (SIGTERM). Time counts from its start to the last
 * line, processor time to its end.
 * @throws Error if the lines do not come.
 */
export async function measureUntil(contender: EndlessContender, lines: number): Promise<Measurement> {
  const { name, args, output } = contender;
  const usageFile = `${output}.usage`;
  await rm(output, { force: true });
  const own = ['--import', join(import.meta.dirname, 'report-usage.mjs')];
  const begun = performance.now();
  const seconds = (): number => (performance.now() - begun) / 1000;
  const child = spawn(
    contender.command ?? process.execPath,
    contender.command === undefined ? [...own, ...args] : args,
    {
      env: { ...process.env, BENCH_USAGE: usageFile },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  const ended = once(child, 'close');
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text));
  const counter = new LineCounter(output);
  while (counter.look() < lines) {
    const isOver = child.exitCode !== null || child.signalCode !== null;
    if (isOver || seconds() * 1000 > DEADLINE_MS) {
      child.kill('SIGKILL');
      await ended;
      throw new Error(`${name} wrote ${String(counter.lines)} of ${String(lines)} results. ${said}`);
    }
    await after(LOOK_MS);
  }
  const untilLast = seconds();
  child.kill('SIGTERM');
  await ended;
  const usage = JSON.parse(readFileSync(usageFile, 'utf8')) as Usage;
  await rm(usageFile);
  return { ...usage, seconds: untilLast };
}
