import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** What a process has used, all its threads together. */
export interface Usage {
  /** User and system. */
  readonly cpuSeconds: number;
  /** The most memory it had in use (resident). */
  readonly peakBytes: number;
}

/** One run, from the start of the process to its end. */
export interface Measurement extends Usage {
  readonly seconds: number;
}

/** A program to be measured: a file of results comes out of it. */
export interface Contender {
  readonly name: string;
  /** Arguments for Node. */
  readonly args: readonly string[];
  readonly output: string;
  /** Made before each run, not measured: environment variables for it. */
  readonly prepare?: () => Readonly<Record<string, string>>;
  /** Takes away what a run has left behind, except the output. */
  readonly tidy?: () => void;
}

/** Runs a contender in a process of its own, on the Node that runs this. */
export async function measure({ name, args, output, prepare, tidy }: Contender): Promise<Measurement> {
  const usageFile = `${output}.usage`;
  await rm(output, { force: true });
  const environment = prepare?.() ?? {};
  const begun = performance.now();
  const child = spawn(process.execPath, ['--import', join(import.meta.dirname, 'report-usage.mjs'), ...args], {
    env: { ...process.env, ...environment, BENCH_USAGE: usageFile },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  const seconds = (performance.now() - begun) / 1000;
  tidy?.();
  if (code !== 0) throw new Error(`${name} ended with code ${String(code)}`);
  const usage = JSON.parse(await readFile(usageFile, 'utf8')) as Usage;
  await rm(usageFile);
  return { ...usage, seconds };
}

/** The medians of several runs each. In turn: the machine may have other things to do, and all should suffer alike. */
export async function measureInTurn(
  contenders: readonly Contender[],
  rounds: number,
): Promise<ReadonlyMap<Contender, Measurement>> {
  const measured = new Map<Contender, Measurement[]>(contenders.map((one) => [one, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [one, runs] of measured) runs.push(await measure(one));
  }
  return new Map([...measured].map(([one, runs]) => [one, middleOf(runs)]));
}

/** Each of the figures, its median over several runs. */
export function middleOf(runs: readonly Measurement[]): Measurement {
  return {
    seconds: median(runs.map((run) => run.seconds)),
    cpuSeconds: median(runs.map((run) => run.cpuSeconds)),
    peakBytes: median(runs.map((run) => run.peakBytes)),
  };
}

/** The middle one of some numbers; the upper one of two. */
function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;
}
