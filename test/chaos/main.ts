/**
 * Kills of the real process: `npm run chaos -- --rounds N [--seed S] [--jobs N] [--full-disks always|never]
 * [--source follow|bounded|http] [--main FILE]`, or `--kafka` in place of the disks and the source. Round i has the seed S + i.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { KafkaMissing } from '../kafka/java.ts';
import { runKafkaRounds } from './kafka/kafka-rounds.ts';
import { runRounds } from './rounds.ts';
import type { SourceKind } from './world.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '20' },
    seed: { type: 'string' },
    jobs: { type: 'string', default: '1' },
    'full-disks': { type: 'string', default: 'some' },
    source: { type: 'string' },
    kafka: { type: 'boolean', default: false },
    main: { type: 'string', default: join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js') },
  },
});

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());
const common = {
  rounds: whole('--rounds', values.rounds, 1),
  firstSeed: values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : whole('--seed', values.seed, 0),
  jobs: whole('--jobs', values.jobs, 1),
  main: values.main,
  signal: stop.signal,
  print: (line: string): void => void process.stdout.write(`${line}\n`),
};
const isWell = values.kafka
  ? await runWithKafka()
  : await runRounds({
      ...common,
      fullDisks: oneOf('--full-disks', values['full-disks'], ['some', 'always', 'never']),
      source:
        values.source === undefined
          ? undefined
          : oneOf<SourceKind>('--source', values.source, ['follow', 'bounded', 'http']),
    });
process.exit(isWell ? 0 : 1);

async function runWithKafka(): Promise<boolean> {
  const { rounds, firstSeed } = common;
  try {
    return await runKafkaRounds({ ...common, seeds: Array.from({ length: rounds }, (_, round) => firstSeed + round) });
  } catch (error) {
    if (!(error instanceof KafkaMissing)) throw error;
    common.print(`No broker can be started: ${error.message}.`);
    return false;
  }
}

function whole(option: string, text: string, least: number): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= least) return number;
  process.stderr.write(`${option}: ${text} is not a whole number from ${String(least)} up\n`);
  process.exit(2);
}

function oneOf<T extends string>(option: string, text: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === text);
  if (found !== undefined) return found;
  process.stderr.write(`${option}: ${text} is none of ${choices.join(', ')}\n`);
  process.exit(2);
}
