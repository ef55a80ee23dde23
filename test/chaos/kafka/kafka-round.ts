import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KafkaCluster } from '../../../src/kafka/cluster.ts';
import type { Broker } from '../../kafka/broker.ts';
import { Children } from '../children.ts';
import { ChaosFailure, type CommandLine } from '../command-line.ts';
import { NO_FIGURES, type Figures } from '../report.ts';
import { judge, type Verdict } from '../verdict.ts';
import { givenOf } from './given.ts';
import { KafkaFeed } from './kafka-feed.ts';
import type { BrokerFault, KafkaLife, KafkaWorld } from './kafka-world.ts';
import { committedLines, RoundPlaces, TOPICS } from './round-places.ts';
import { readPartition, readTopic } from './topic-log.ts';
import { createTopics, deleteTopics, growTopic, openCluster } from './topics.ts';

const STARTED_MS = 120_000;
const ENDED_MS = 120_000;
const DRAINED_MS = 180_000;
/** How long after its start a process is killed, at most, if for no better reason. */
const RANDOM_KILL_MS = 1500;
/** How long a recovery is given from the first sign of life. */
const RECOVERY_MS = 80;
/** How long a process whose place was taken may take to notice. */
const FENCED_MS = 120_000;
const POLL_MS = 30;

type Count = { -readonly [Name in keyof Figures]: Figures[Name] };

/** What a round needs besides its world. */
export interface KafkaRoundOptions {
  /** The entry of the command line. */
  readonly main: string;
  /** An empty one, for everything that the round writes. */
  readonly folder: string;
  /** Nobody else's: it is killed, too. */
  readonly broker: Broker;
  /** Is called before the last life, to do harm that must be noticed; there are results by then. */
  readonly tamper?: (harm: Harm) => Promise<void>;
}

/** What somebody needs who wants to do harm. */
export interface Harm {
  readonly cluster: KafkaCluster;
  readonly places: RoundPlaces;
}

/** A process that had just begun could not reach the broker, and said so: its life is over. */
class StartGivenUp extends Error {}

/** One world with Kafka on both ends, from its first process to the verdict. */
export class KafkaRound {
  readonly #world: KafkaWorld;
  readonly #options: KafkaRoundOptions;
  readonly #places: RoundPlaces;
  readonly #children: Children;
  readonly #count: Count = { ...NO_FIGURES };
  #cluster: KafkaCluster | undefined;
  #feed: KafkaFeed | undefined;
  #running: CommandLine | undefined;
  /** The process that had just begun when something happened to the broker. */
  #beginner: CommandLine | undefined;

  constructor(world: KafkaWorld, options: KafkaRoundOptions) {
    this.#world = world;
    this.#options = options;
    this.#places = new RoundPlaces(world, options.folder, options.broker.bootstrapServers);
    this.#children = new Children(options.main, this.#places.config);
  }

  /** What has happened so far. */
  get figures(): Figures {
    const { transactions = 0, aborted = 0, unknown = 0 } = this.#feed?.figures ?? {};
    return { ...this.#count, transactions, abortedTransactions: aborted, unknownOutcomes: unknown };
  }

  /** Kills and starts everything again and again, lets it come to the end, and compares. @throws ChaosFailure. */
  async run(): Promise<Verdict> {
    const { lives, steps, codecs, firstPartitions, resultPartitions } = this.#world;
    const cluster = await openCluster(this.#options.broker.bootstrapServers);
    this.#cluster = cluster;
    await createTopics(cluster, {
      [this.#places.topic('events')]: firstPartitions,
      [this.#places.topic('results')]: resultPartitions,
      [this.#places.topic('late-events')]: 1,
      [this.#places.topic('dead-letters')]: 1,
    });
    const plan = { topic: this.#places.topic('events'), steps, codecs };
    const feed = new KafkaFeed(cluster, plan, (partitions) => this.#grow(cluster, partitions));
    this.#feed = feed;
    for (const [index, life] of lives.entries()) {
      feed.allow((index + 1) / (lives.length + 1));
      await this.#live(life, feed).catch((error: unknown) => {
        if (!(error instanceof StartGivenUp)) throw error;
        this.#count.startsGivenUp += 1;
      });
      this.#count.restarts += 1;
    }
    await this.#options.tamper?.({ cluster, places: this.#places });
    feed.allow(1);
    await this.#lastLife(feed);
    return this.#judge(cluster);
  }

  /** Ends every process that is left, and the feed, and takes the topics away. */
  async end(): Promise<void> {
    this.#children.endAll();
    await this.#feed?.stop();
    if (this.#cluster !== undefined) {
      await deleteTopics(
        this.#cluster,
        TOPICS.map((name) => this.#places.topic(name)),
      ).catch(() => undefined);
      this.#cluster.close();
    }
  }

  /** Writes down what the processes have said. */
  writeLogs(): void {
    this.#children.writeLogs(this.#options.folder);
    writeFileSync(join(this.#options.folder, 'broker.log'), this.#options.broker.log());
  }

  async #judge(cluster: KafkaCluster): Promise<Verdict> {
    const inspection = await this.#children.command(['state', 'inspect', '--json'], this.#places.config);
    const given = givenOf(
      this.#places.topic('events'),
      this.#world.partitions,
      await readTopic(cluster, this.#places.topic('events')),
    );
    const outputs = {
      results: await committedLines(cluster, this.#places.topic('results')),
      lateEvents: await committedLines(cluster, this.#places.topic('late-events')),
      deadLetters: await committedLines(cluster, this.#places.topic('dead-letters')),
      inspection,
    };
    const verdict = judge(this.#world.oracle, given, outputs, this.#lastWatermark);
    const { events, windows, missing, duplicate, wrong } = verdict;
    Object.assign(this.#count, { events, windows, missing, duplicate, wrong });
    return verdict;
  }

  get #lastWatermark(): number {
    return this.#world.closingTime - (this.#world.oracle.outOfOrderness ?? 0);
  }

  #start(): CommandLine {
    const child = this.#children.start(['run'], this.#places.config);
    this.#running = child;
    return child;
  }

  /** Adds partitions, and waits until some process knows them: then none of their windows is closed before they are read. */
  async #grow(cluster: KafkaCluster, partitions: number): Promise<void> {
    await growTopic(cluster, this.#places.topic('events'), partitions);
    this.#count.partitionsAdded += partitions - this.#world.firstPartitions;
    const last = new RegExp(`^kafka_consumer_lag\\{.*partition="${String(partitions - 1)}"`, 'm');
    while (!last.test((await this.#running?.metrics()) ?? '')) await sleep(POLL_MS);
  }

  /** One life, to the end that is planned for it. */
  async #live(plan: KafkaLife, feed: KafkaFeed): Promise<void> {
    const child = this.#start();
    if (plan.brokerFault !== null) await this.#outliveBroker(child, plan.brokerFault);
    if (plan.end === 'takeover') {
      await this.#takeOver(child, plan, feed);
      return;
    }
    if (plan.end === 'recovery') await child.until('it starts', STARTED_MS, () => child.url !== undefined);
    if (plan.end === 'sigterm') await child.until('it is ready', STARTED_MS, () => child.isReady());
    this.#mustLive(child);
    await sleep(plan.moment * (plan.end === 'recovery' ? RECOVERY_MS : RANDOM_KILL_MS));
    this.#mustLive(child);
    if (this.#options.tamper !== undefined) {
      await child.until('there is something to tamper with', STARTED_MS, () => this.#hasResults());
    }
    await this.#endLife(child, plan);
  }

  async #hasResults(): Promise<boolean> {
    if (this.#cluster === undefined) return false;
    const { records } = await readPartition(this.#cluster, this.#places.topic('results'), 0);
    return records.filter(({ outcome }) => outcome === 'committed').length > 1;
  }

  async #endLife(child: CommandLine, { end }: KafkaLife): Promise<void> {
    if (end === 'sigterm') {
      child.signal('SIGTERM');
      await this.#children.endedWell(child);
      this.#count.sigterms += 1;
      return;
    }
    child.signal('SIGKILL');
    if (end === 'both') await this.#killBroker(0);
    await child.ended(ENDED_MS);
    if (end === 'both') this.#count.killsOfBoth += 1;
    else if (end === 'recovery' && !child.stderr.includes('going on from epoch')) this.#count.killsInRecovery += 1;
    else this.#count.killsRandom += 1;
  }

  /**
   * Kills the broker and brings it back, or holds it still for a while. The process must go on by itself; only one that had
   * just begun may give up, and say why: then its life is over.
   */
  async #outliveBroker(child: CommandLine, { type, moment, awayMs }: BrokerFault): Promise<void> {
    // Now and then while it begins.
    if (moment > 0.2) await child.until('it is ready', STARTED_MS, () => child.isReady());
    if (!(await child.isReady())) this.#beginner = child;
    await sleep(moment * 800);
    if (type === 'kill') await this.#killBroker(awayMs);
    else await this.#freezeBroker(awayMs);
  }

  async #killBroker(awayMs: number): Promise<void> {
    const { broker } = this.#options;
    await broker.kill();
    await sleep(awayMs);
    await broker.restart();
    this.#count.brokerKills += 1;
  }

  async #freezeBroker(forMs: number): Promise<void> {
    const { broker } = this.#options;
    broker.freeze();
    try {
      await sleep(forMs);
    } finally {
      broker.thaw();
    }
    this.#count.brokerFreezes += 1;
  }

  /**
   * Input from Kafka has no end, and whatever happens to the broker is waited for.
   * @throws StartGivenUp where the process had just begun: it may give up even after the broker has come back.
   */
  #mustLive(child: CommandLine): void {
    if (child.ending === undefined) return;
    if (child === this.#beginner && child.ending === 1 && child.stderr.includes('KAFKA_UNREACHABLE')) {
      throw new StartGivenUp();
    }
    throw new ChaosFailure(`the process ended with ${String(child.ending)} by itself: ${child.stderr.slice(-2000)}`);
  }

  /** Holds the process still, lets another one take its place, and wakes it up: it must see that, and end. */
  async #takeOver(first: CommandLine, { moment }: KafkaLife, feed: KafkaFeed): Promise<void> {
    await first.until('it is ready', STARTED_MS, () => first.isReady());
    await sleep(moment * 800);
    this.#mustLive(first);
    first.signal('SIGSTOP');
    this.#places.copyState();
    const second = this.#start();
    await second.until('another takes its place', STARTED_MS, () => second.isReady());
    this.#mustLive(second);
    first.signal('SIGCONT');
    // Who has nothing to do has no reason to notice.
    feed.allowMore();
    const ending = await first.ended(FENCED_MS);
    if (ending !== 1 || !first.stderr.includes('SINK_FENCED')) {
      throw new ChaosFailure(
        `a process whose place was taken ended with ${String(ending)}: ${first.stderr.slice(-2000)}`,
      );
    }
    this.#count.takeovers += 1;
    this.#mustLive(second);
    await this.#endLife(second, { end: moment < 0.5 ? 'random' : 'sigterm', moment, brokerFault: null });
  }

  /** The life that is left alone, until everything is given and processed. */
  async #lastLife(feed: KafkaFeed): Promise<void> {
    const child = this.#start();
    await Promise.race([feed.done, this.#noEnd(child)]);
    const isDrained = (): Promise<boolean> => child.hasFired(this.#lastWatermark);
    if (!(await child.until('everything is processed', DRAINED_MS, isDrained))) this.#mustLive(child);
    child.signal('SIGTERM');
    await this.#children.endedWell(child);
  }

  async #noEnd(child: CommandLine): Promise<never> {
    await child.ended(2 * DRAINED_MS);
    this.#mustLive(child);
    throw new ChaosFailure('the process has ended');
  }
}
