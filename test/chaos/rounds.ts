import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from './random.ts';
import { NO_FIGURES, printFigures, printRound, type Row, type RoundReport } from './report.ts';
import type { RoundOptions } from './round-process.ts';
import { canMount, IN_OWN_NAMESPACE } from './small-disk.ts';
import type { SourceKind } from './world.ts';

/** What is run. */
export interface RoundsOptions {
  readonly rounds: number;
  /** Seed of the first round; the others follow. */
  readonly firstSeed: number;
  /** Rounds at a time. */
  readonly jobs: number;
  /** Which rounds have a small disk that fills up. */
  readonly fullDisks: 'some' | 'always' | 'never';
  /** Default: drawn. */
  readonly source: SourceKind | undefined;
  /** The entry of the command line. */
  readonly main: string;
  /** Ends all. */
  readonly signal: AbortSignal;
  readonly print: (line: string) => void;
}

/** One round in so many has a disk that fills up. */
const FULL_DISK_SHARE = 0.15;
/** A round ends itself after ten minutes; this is for one that does not. */
const ROUND_MS = 630_000;

/** Runs rounds, each in a process of its own, and prints the figures. False if one has failed. */
export async function runRounds(options: RoundsOptions): Promise<boolean> {
  const { rounds, firstSeed, jobs, signal, print } = options;
  const mayMount = options.fullDisks !== 'never' && canMount();
  const reports: RoundReport[] = [];
  let notRun = 0;
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < rounds && !signal.aborted) {
      const seed = firstSeed + next;
      next += 1;
      const smallDisk = hasSmallDisk(seed, options);
      if (smallDisk && !mayMount) {
        notRun += 1;
        print(`seed ${String(seed)}: not run, for this system lets nobody mount a small disk`);
        continue;
      }
      const { main, source } = options;
      const report = await runRound({ seed, main, smallDisk, ...(source === undefined ? {} : { source }) }, signal);
      if (signal.aborted) return;
      reports.push(report);
      printRound(report, drawnOptions(options, smallDisk), print);
    }
  };
  print(`${String(rounds)} rounds from seed ${String(firstSeed)}`);
  await Promise.all(Array.from({ length: jobs }, work));
  printFigures(reports, ROWS, notRun, print);
  if (signal.aborted) print('interrupted');
  return !signal.aborted && reports.length > 0 && reports.every(({ failures }) => failures.length === 0);
}

function hasSmallDisk(seed: number, { fullDisks, source }: RoundsOptions): boolean {
  if (fullDisks !== 'some') return fullDisks === 'always';
  return source !== 'bounded' && new Random(seed ^ 0x5eed).chance(FULL_DISK_SHARE);
}

async function runRound(options: RoundOptions, signal: AbortSignal): Promise<RoundReport> {
  const command = [process.execPath, join(import.meta.dirname, 'round-process.ts'), JSON.stringify(options)];
  const [program = '', ...argv] = options.smallDisk ? [...IN_OWN_NAMESPACE, ...command] : command;
  // A group of its own, so that nothing that it has started outlives it.
  const child = spawn(program, argv, { detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const closed = once(child, 'close');
  const over = new AbortController();
  const limit = AbortSignal.any([over.signal, signal]);
  await Promise.race([closed, sleep(ROUND_MS, undefined, { signal: limit }).catch(() => undefined)]);
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGTERM');
    await Promise.race([closed, sleep(5000)]);
  }
  over.abort();
  endGroup(child.pid);
  const last = stdout.trimEnd().split('\n').at(-1) ?? '';
  if (last.startsWith('{')) return JSON.parse(last) as RoundReport;
  const failure = `the round gave no report (${String(child.exitCode ?? child.signalCode)}): ${stderr.slice(-2000)}`;
  return { seed: options.seed, about: '', seconds: ROUND_MS / 1000, failures: [failure], figures: NO_FIGURES };
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nobody is left in it, which is as it should be.
  }
}

const ROWS: readonly Row[] = [
  ['SIGKILL at a random moment', 'killsRandom'],
  ['SIGKILL while the state was taken up', 'killsInRecovery'],
  ['SIGKILL while a checkpoint was made', 'killsInCheckpoint'],
  ['SIGKILL while the disk was full', 'killsOnFullDisk'],
  ['SIGTERM', 'sigterms'],
  ['starts on what was left', 'restarts'],
  ['full disks waited for', 'fullDisks'],
  ['checkpoints put back', 'restores'],
  ['killed while one was put back', 'killedRestores'],
  ['live states looked into', 'inspections'],
  ['second processes sent away', 'intruders'],
  ['requests without an answer', 'unansweredRequests'],
  ['of them taken', 'unansweredTaken'],
];

function drawnOptions({ source }: RoundsOptions, smallDisk: boolean): string {
  return [
    `--full-disks ${smallDisk ? 'always' : 'never'}`,
    ...(source === undefined ? [] : [`--source ${source}`]),
  ].join(' ');
}
