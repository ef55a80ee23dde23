import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Broker } from '../../kafka/broker.ts';
import { ChaosFailure } from '../command-line.ts';
import { printFigures, printRound, shortened, type RoundReport, type Row } from '../report.ts';
import { KafkaRound } from './kafka-round.ts';
import { drawKafkaWorld, type KafkaWorld } from './kafka-world.ts';

/** What is run. */
export interface KafkaRoundsOptions {
  /** One for each round. */
  readonly seeds: readonly number[];
  /** Rounds at a time, each with a broker of its own. */
  readonly jobs: number;
  /** The entry of the command line. */
  readonly main: string;
  /** Ends all. */
  readonly signal: AbortSignal;
  readonly print: (line: string) => void;
}

const ROUND_MS = 600_000;

const ROWS: readonly Row[] = [
  ['SIGKILL at a random moment', 'killsRandom'],
  ['SIGKILL while the state was taken up', 'killsInRecovery'],
  ['SIGKILL of the broker', 'brokerKills'],
  ['of these together with the process', 'killsOfBoth'],
  ['SIGSTOP of the broker for a while', 'brokerFreezes'],
  ['starts given up without a broker', 'startsGivenUp'],
  ['places taken, and the first one fenced', 'takeovers'],
  ['SIGTERM', 'sigterms'],
  ['starts on what was left', 'restarts'],
  ['partitions added meanwhile', 'partitionsAdded'],
  ['transactions in the input', 'transactions'],
  ['of these aborted', 'abortedTransactions'],
  ['of unknown outcome, looked up', 'unknownOutcomes'],
];

/** Runs rounds with Kafka, and prints the figures. False if one has failed. */
export async function runKafkaRounds(options: KafkaRoundsOptions): Promise<boolean> {
  const { seeds, jobs, signal, print } = options;
  const reports: RoundReport[] = [];
  const left = [...seeds];
  const work = async (): Promise<void> => {
    const broker = await Broker.start();
    try {
      for (let seed = left.shift(); seed !== undefined && !signal.aborted; seed = left.shift()) {
        const report = await runRound(seed, broker, options);
        if (signal.aborted) return;
        reports.push(report);
        printRound(report, '--kafka', print);
        // A round that has failed may have left it as it was just then.
        if (broker.pid === undefined) await broker.restart();
      }
    } finally {
      await broker.remove();
    }
  };
  print(`${String(seeds.length)} rounds with Kafka from seed ${String(seeds[0])}`);
  await Promise.all(Array.from({ length: Math.min(jobs, seeds.length) }, work));
  printFigures(reports, ROWS, 0, print);
  if (signal.aborted) print('interrupted');
  return !signal.aborted && reports.length === seeds.length && reports.every(({ failures }) => failures.length === 0);
}

async function runRound(seed: number, broker: Broker, { main, signal }: KafkaRoundsOptions): Promise<RoundReport> {
  const startedAt = performance.now();
  const world = drawKafkaWorld(seed);
  const folder = mkdtempSync(join(tmpdir(), `processor-chaos-${String(seed)}-`));
  const round = new KafkaRound(world, { main, folder, broker });
  const failures: string[] = [];
  const over = new AbortController();
  try {
    const { differences } = await Promise.race([round.run(), endOf(AbortSignal.any([signal, over.signal]))]);
    failures.push(...shortened(differences));
  } catch (error) {
    failures.push(error instanceof ChaosFailure ? error.message : String(error instanceof Error ? error.stack : error));
  } finally {
    over.abort();
  }
  await round.end();
  if (failures.length > 0) {
    round.writeLogs();
    writeFileSync(
      join(folder, 'world.json'),
      JSON.stringify({ ...world, partitions: undefined, steps: undefined }, null, 2),
    );
    failures.push(`kept in ${folder}`);
  } else rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  return {
    seed,
    about: about(world),
    seconds: (performance.now() - startedAt) / 1000,
    failures,
    figures: round.figures,
  };
}

async function endOf(signal: AbortSignal): Promise<never> {
  await sleep(ROUND_MS, undefined, { signal, ref: false }).catch(() => undefined);
  throw new ChaosFailure(signal.aborted ? 'interrupted' : `the round is not over after ${String(ROUND_MS / 1000)} s`);
}

function about({ oracle, partitions, firstPartitions, codecs, lives }: KafkaWorld): string {
  const windows = oracle.windows.map(({ type }) => type).join(' + ');
  const lateness = (oracle.windows[0]?.allowedLateness ?? 0) / 1000;
  const added = partitions.length - firstPartitions;
  return [
    `${String(firstPartitions)}${added > 0 ? ` + ${String(added)}` : ''} partitions`,
    `${String(codecs.length)} producers`,
    `${windows}, lateness ${String(lateness)} s`,
    lives
      .map(({ end, brokerFault: fault }) => (fault === null ? end : `${end} after a ${fault.type} of the broker`))
      .join(', '),
  ].join('; ');
}
