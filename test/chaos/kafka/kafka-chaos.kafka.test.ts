import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureBuilt, ROOT } from '../../../scripts/toolchain.mjs';
import { Broker } from '../../kafka/broker.ts';
import { sharedBroker } from '../../kafka/shared-broker.ts';
import type { Verdict } from '../verdict.ts';
import { InputProducer } from './input-producer.ts';
import { KafkaRound, type Harm } from './kafka-round.ts';
import { runKafkaRounds } from './kafka-rounds.ts';
import { drawKafkaWorld, type KafkaWorld } from './kafka-world.ts';
import { readPartition } from './topic-log.ts';

const kafka = await sharedBroker();
/** Between them: each end of a life, a broker that is killed or held still, and partitions that are added. */
const SEEDS = [57, 11, 35, 127];
const MAIN = join(ROOT, 'dist', 'cli', 'main.js');

describe.skipIf(kafka.missing)('Kafka on both ends, everything killed again and again', { timeout: 900_000 }, () => {
  beforeAll(() => ensureBuilt());

  it('leaves what the oracle expects, each once', async () => {
    const lines: string[] = [];
    const { signal } = new AbortController();
    const print = (line: string): void => void lines.push(line);
    const isWell = await runKafkaRounds({ seeds: SEEDS, jobs: 1, main: MAIN, signal, print });
    expect([isWell, lines.join('\n')]).toEqual([true, expect.stringContaining('No failure in 4 rounds')]);
  });
});

/** A world with some results by the time that somebody tampers with it. */
const TAMPERED: KafkaWorld = { ...drawKafkaWorld(65), lives: [{ end: 'sigterm', moment: 1, brokerFault: null }] };

describe.skipIf(kafka.missing)('what goes wrong between two lives', { timeout: 900_000 }, () => {
  const scratch = mkdtempSync(join(tmpdir(), 'processor-chaos-test-'));
  let broker: Broker | undefined;

  beforeAll(async () => {
    ensureBuilt();
    broker = await Broker.start();
  });

  afterAll(async () => {
    await broker?.remove();
    rmSync(scratch, { recursive: true, force: true });
  });

  /** What becomes of the world if somebody does harm: a verdict, or the message of a failure. */
  async function outcomeOf(name: string, tamper: (harm: Harm) => Promise<void>): Promise<Verdict | string> {
    if (broker === undefined) throw new Error('there is no broker');
    const folder = join(scratch, name);
    mkdirSync(folder);
    const pipeline = `chaos-${name}`;
    const world = {
      ...TAMPERED,
      oracle: { ...TAMPERED.oracle, pipeline },
      settings: { ...TAMPERED.settings, name: pipeline },
    };
    const round = new KafkaRound(world, { main: MAIN, folder, broker, tamper });
    try {
      return await round.run();
    } catch (error) {
      return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    } finally {
      await round.end();
    }
  }

  it('is nothing where nobody tampers', async () => {
    expect(await outcomeOf('untouched', () => Promise.resolve())).toMatchObject({ differences: [] });
  });

  it.for<[string, RegExp, (harm: Harm) => Promise<void>]>([
    ['a result that is there twice', /^duplicate: /, (harm) => rewrite(harm, (text) => [text])],
    [
      'a result that nobody has computed',
      /^wrong: .*should not exist/m,
      (harm) => rewrite(harm, (text) => [text.replace(/"id":"([^/]*\/[a-z]*\/)[^/]*/, '"id":"$1model=nobody')]),
    ],
    ['results that are gone', /^missing: /, (harm) => forget(harm, 'results')],
    [
      'a state that is gone, though its results are not',
      /^ChaosFailure: .*DELIVERY_MISMATCH/s,
      ({ places }) => {
        if (!existsSync(places.statePath)) throw new Error('there is no state');
        // Else the newest checkpoint takes its place, and that may be all there was.
        for (const path of [places.statePath, places.checkpointPath]) rmSync(path, { recursive: true, force: true });
        return Promise.resolve();
      },
    ],
    [
      'an event that nobody was to send',
      /^ChaosFailure: .*nobody was to produce/,
      async ({ cluster, places }) => {
        const producer = new InputProducer(cluster, places.topic('events'), 'none', null);
        await producer.send({
          partition: 0,
          records: [{ key: '0/0', text: '{"timestamp":1700000000000,"model":"nobody"}' }],
        });
      },
    ],
  ])('is noticed: %s', async ([what, told, tamper]) => {
    const outcome = await outcomeOf(what.replaceAll(/\W/g, '-'), tamper);
    expect(typeof outcome === 'string' ? outcome : outcome.differences.join('\n')).toMatch(told);
  });
});

/** Writes the middle one of the results again, changed or not. */
async function rewrite({ cluster, places }: Harm, change: (text: string) => readonly string[]): Promise<void> {
  const { records } = await readPartition(cluster, places.topic('results'), 0);
  const middle = records[Math.floor(records.length / 2)];
  if (middle === undefined) throw new Error('there is no result to tamper with');
  const producer = new InputProducer(cluster, places.topic('results'), 'none', null);
  const changed = change(middle.value?.toString() ?? '');
  await producer.send({ partition: 0, records: changed.map((text) => ({ key: middle.key ?? '', text })) });
}

/** Deletes the older half of what a topic has. */
async function forget({ cluster, places }: Harm, name: 'results'): Promise<void> {
  const { records } = await readPartition(cluster, places.topic(name), 0);
  const middle = records[Math.floor(records.length / 2)];
  if (middle === undefined) throw new Error('there is nothing to forget');
  const partitions = [{ partitionIndex: 0, offset: BigInt(middle.offset + 1) }];
  const args: [{ name: string; partitions: typeof partitions }[], number] = [
    [{ name: places.topic(name), partitions }],
    10_000,
  ];
  await cluster.send('any', { apis: [cluster.library.deleteRecordsV2.api], args });
}
