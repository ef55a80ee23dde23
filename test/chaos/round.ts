import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Children } from './children.ts';
import { ChaosFailure, type CommandLine } from './command-line.ts';
import type { Feed } from './feed.ts';
import { FileFeed } from './file-feed.ts';
import { HttpFeed } from './http-feed.ts';
import { NO_FIGURES, type Figures } from './report.ts';
import { SmallDisk } from './small-disk.ts';
import { judge, keysOf, type Inspection, type Outputs, type Verdict } from './verdict.ts';
import type { LifePlan, World } from './world.ts';

const STARTED_MS = 120_000;
const ENDED_MS = 120_000;
const COMMAND_MS = 120_000;
const FULL_MS = 120_000;
const DRAINED_MS = 180_000;
/** How long after its start a process is killed, at most, if for no better reason. */
const RANDOM_KILL_MS = 1500;
/** How long a recovery is given from the first sign of life. */
const RECOVERY_MS = 40;
const CHECKPOINT_MS = 3000;

/** What a process finds free that is to run out of room. */
const LEFT_BYTES = 5_000_000;

type Count = { -readonly [Name in keyof Figures]: Figures[Name] };

/** Where the processor writes what is compared. */
type OutputName = 'results' | 'late-events' | 'dead-letters';

/** Harm that somebody does before the last life, and that must be noticed. */
export interface Tampering {
  /** True once there is enough to be tampered with; each life before lasts until then. */
  readonly isEnough: () => boolean;
  readonly tamper: () => void;
}

/** One world, from its first process to the verdict. */
export class Round {
  readonly #world: World;
  readonly #folder: string;
  readonly #tampering: Tampering | undefined;
  readonly #disk: SmallDisk | null;
  readonly #feed: Feed;
  readonly #count: Count = { ...NO_FIGURES };
  readonly #children: Children;

  /**
   * @param main the entry of the command line.
   * @param folder an empty one, for everything that the round writes.
   */
  constructor(world: World, main: string, folder: string, tampering?: Tampering) {
    this.#world = world;
    this.#tampering = tampering;
    this.#folder = folder;
    this.#children = new Children(main, this.#config);
    this.#disk = world.disk === 'large' ? null : new SmallDisk(join(folder, 'disk'));
    const inputFolder = join(folder, 'input');
    mkdirSync(inputFolder);
    this.#feed =
      world.source === 'http'
        ? new HttpFeed(world.input, `seed-${String(world.seed)}`)
        : new FileFeed(inputFolder, world.input, world.source === 'follow');
    // Who waits for it comes later, and perhaps never.
    this.#feed.done.catch(() => undefined);
    writeFileSync(this.#config, JSON.stringify({ processor: this.#settings() }, null, 2));
  }

  /** What has happened so far. */
  get figures(): Figures {
    return this.#count;
  }

  /** Kills and starts the process again and again, lets it come to the end, and compares. @throws ChaosFailure. */
  async run(): Promise<Verdict> {
    const { lives } = this.#world;
    for (const [index, life] of lives.entries()) {
      this.#feed.allow((index + 1) / (lives.length + 1));
      await this.#live(life);
      if (life.restored) await this.#restoreNewest(life);
      this.#count.restarts += 1;
    }
    this.#tampering?.tamper();
    this.#feed.allow(1);
    await this.#lastLife();
    const inspection = await this.#children.command(['state', 'inspect', '--json']);
    return this.#judge({ ...this.outputs(), inspection });
  }

  /** Ends every process that is left, and the feed. */
  async end(): Promise<void> {
    this.#children.endAll();
    await this.#feed.stop();
  }

  /** Keeps what lies on a small disk, which ends here. */
  close(isKept: boolean): void {
    if (this.#disk === null) return;
    if (isKept) cpSync(this.#disk.path, join(this.#folder, 'disk-copy'), { recursive: true });
    this.#disk.unmount();
  }

  /** Writes down what the processes have said. */
  writeLogs(): void {
    this.#children.writeLogs(this.#folder);
  }

  /** What the processor has written. */
  outputs(): Omit<Outputs, 'inspection'> {
    const read = (name: OutputName): string => {
      const path = this.#output(name);
      return existsSync(path) ? readFileSync(path, 'utf8') : '';
    };
    return { results: read('results'), lateEvents: read('late-events'), deadLetters: read('dead-letters') };
  }

  #judge(outputs: Outputs): Verdict {
    const given = this.#feed.given(keysOf(outputs.results));
    this.#count.unansweredRequests = given.unanswered.sent;
    this.#count.unansweredTaken = given.unanswered.taken;
    const verdict = judge(this.#world.oracle, given, outputs, this.#lastWatermark);
    const { events, windows, missing, duplicate, wrong } = verdict;
    Object.assign(this.#count, { events, windows, missing, duplicate, wrong });
    return verdict;
  }

  /** Files that end close all windows. */
  get #lastWatermark(): number {
    const { source, input, oracle } = this.#world;
    return source === 'bounded' ? Infinity : input.closingTime - (oracle.outOfOrderness ?? 0);
  }

  get #config(): string {
    return join(this.#folder, 'processor.yaml');
  }

  get #checkpoints(): string {
    return join(this.#disk?.path ?? this.#folder, 'checkpoints');
  }

  #output(name: OutputName): string {
    const isOnDisk = this.#world.disk === 'small with sinks';
    return join(isOnDisk ? join(this.#folder, 'disk') : this.#folder, `${name}.ndjson`);
  }

  #settings(): object {
    const { settings } = this.#world;
    const state = settings['state'] as object;
    return {
      ...settings,
      source: this.#feed.source,
      state: { ...state, path: join(this.#disk?.path ?? this.#folder, 'state'), checkpoint_path: this.#checkpoints },
      sinks: [{ type: 'file', path: this.#output('results') }],
      late_events: { path: this.#output('late-events') },
      error_handling: { dead_letter_path: this.#output('dead-letters'), max_retry_delay_ms: 200 },
    };
  }

  #startRun(): CommandLine {
    const child = this.#children.start(['run']);
    if (this.#world.input.files.some(({ rotatedAt }) => rotatedAt !== -1) && !this.#feed.knowsFiles) {
      void this.#watchKnown(child);
    }
    return child;
  }

  /** One life, to the end that is planned for it. */
  async #live(plan: LifePlan): Promise<void> {
    if (plan.filled) this.#disk?.leave(LEFT_BYTES);
    const child = this.#startRun();
    try {
      if (!(await this.#meanwhile(child, plan))) {
        // Only files come to an end, and whoever is asked to end must end well.
        if (child.ending !== 'SIGKILL') await this.#children.endedWell(child);
        return;
      }
      if (plan.end === 'checkpoint') await this.#untilCheckpoint(child);
      else await this.#untilMoment(child, plan);
      if (this.#tampering !== undefined) {
        await child.until('there is enough to tamper with', STARTED_MS, this.#tampering.isEnough);
      }
      await this.#endLife(child, plan);
    } finally {
      this.#feed.connect(undefined);
    }
  }

  /** What else happens in a life. False if it is over. */
  async #meanwhile(child: CommandLine, plan: LifePlan): Promise<boolean> {
    if (plan.end === 'recovery' && !plan.filled) return true;
    const isQuick = plan.end === 'random' && !plan.filled && !plan.inspected && !plan.intruder;
    if (isQuick && this.#world.source === 'http') {
      // The feed finds it as soon as it is there.
      void child.until('it listens', STARTED_MS, () => this.#connected(child)).catch(() => undefined);
      return true;
    }
    if (isQuick) return true;
    if (!(await child.until('it listens', STARTED_MS, () => this.#connected(child)))) return false;
    // The copy that is looked into takes room, too.
    if (plan.inspected && !plan.filled) await this.#inspectLive(child);
    if (plan.intruder) await this.#intrude(child);
    if (plan.filled) await this.#fillDisk(child, plan);
    return child.ending === undefined;
  }

  #connected(child: CommandLine): boolean {
    if (child.url === undefined || child.ending !== undefined) return false;
    this.#feed.connect(child.url);
    return true;
  }

  /**
   * Lets files be renamed once a checkpoint knows of all of them. A file that is renamed before anything of it was
   * committed is one that nobody can find again after a crash.
   */
  async #watchKnown(child: CommandLine): Promise<void> {
    while (child.ending === undefined && !(await this.#knowsAll(child))) await sleep(100);
    while (child.ending === undefined) {
      const options = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' };
      const response = await fetch(`${child.url ?? ''}/v1/checkpoints`, options).catch(() => null);
      if (response?.status === 201) {
        this.#feed.filesAreKnown();
        return;
      }
      await sleep(100);
    }
  }

  /** True if what is committed has a position in each file. */
  async #knowsAll(child: CommandLine): Promise<boolean> {
    if (!(await this.#hasEpoch(child))) return false;
    const inspecting = this.#children.start(['state', 'inspect', '--json']);
    // It may come too late, or find no room.
    if ((await inspecting.ended(COMMAND_MS).catch(() => null)) !== 0) return false;
    const partitions = (JSON.parse(inspecting.stdout) as Inspection).pipelines[0]?.partitions ?? [];
    return partitions.filter(({ offset }) => offset !== null).length === this.#world.input.files.length;
  }

  async #untilMoment(child: CommandLine, { end, moment }: LifePlan): Promise<void> {
    const started = (): boolean => child.url !== undefined;
    if (end === 'recovery') {
      await child.until('it starts', STARTED_MS, started);
      await sleep(moment * RECOVERY_MS);
    } else if (end === 'sigterm') {
      await child.until('it starts', STARTED_MS, started);
      await sleep(moment * RANDOM_KILL_MS);
    } else {
      await sleep(Math.max(0, moment * RANDOM_KILL_MS - (performance.now() - child.startedAt)));
    }
  }

  /** Resolves as soon as a checkpoint is under way. */
  async #untilCheckpoint(child: CommandLine): Promise<void> {
    mkdirSync(this.#checkpoints, { recursive: true });
    const over = new AbortController();
    try {
      await new Promise<void>((resolve) => {
        const watcher = watch(this.#checkpoints, { signal: over.signal }, (_, name) => {
          if (name?.includes('.partial') === true) resolve();
        });
        watcher.on('error', () => resolve());
        void Promise.race([child.ended(ENDED_MS).catch(() => undefined), sleep(CHECKPOINT_MS)]).then(() => resolve());
      });
    } finally {
      over.abort();
    }
  }

  async #endLife(child: CommandLine, { end, moment }: LifePlan): Promise<void> {
    if (end === 'sigterm') {
      child.signal('SIGTERM');
      await this.#children.endedWell(child);
      this.#count.sigterms += 1;
      return;
    }
    if (end === 'checkpoint') await sleep(moment < 0.5 ? 0 : (moment - 0.5) * 30);
    child.signal('SIGKILL');
    const ending = await child.ended(ENDED_MS);
    if (ending !== 'SIGKILL') {
      await this.#children.endedWell(child);
      return;
    }
    const tookUp = child.stderr.includes('going on from epoch');
    if (end === 'recovery' && !tookUp) this.#count.killsInRecovery += 1;
    else if (end === 'checkpoint' && this.#hasUnfinishedCheckpoint()) this.#count.killsInCheckpoint += 1;
    else this.#count.killsRandom += 1;
  }

  #hasUnfinishedCheckpoint(): boolean {
    return readdirSync(this.#checkpoints).some((name) => name.includes('.partial'));
  }

  async #inspectLive(child: CommandLine): Promise<void> {
    await child.until('it takes up its state', STARTED_MS, () => this.#hasEpoch(child));
    if (child.ending !== undefined) return;
    JSON.parse(await this.#children.command(['state', 'inspect', '--json']));
    this.#count.inspections += 1;
  }

  async #hasEpoch(child: CommandLine): Promise<boolean> {
    const health = await child.health();
    return health?.components?.['state']?.status !== undefined && (health.watermark ?? null) !== null;
  }

  /** Another process on the same state must end at once with code 3. */
  async #intrude(child: CommandLine): Promise<void> {
    await child.until('it takes up its state', STARTED_MS, () => this.#hasEpoch(child));
    const intruder = this.#children.start(['run']);
    const ending = await intruder.ended(COMMAND_MS);
    // Of two processes one has the state, unless the first has come to its end meanwhile.
    if (child.ending !== undefined) return;
    const names = `process ${String(child.pid)} on `;
    if (ending !== 3 || !intruder.stderr.includes(names)) {
      throw new ChaosFailure(`a second process ended with ${String(ending)}, not 3: ${intruder.stderr}`);
    }
    this.#count.intruders += 1;
  }

  /**
   * Takes the room away until the process says so; then gives it back, before or after a kill. Where little was left to
   * write, that may have found its place.
   */
  async #fillDisk(child: CommandLine, { moment }: LifePlan): Promise<void> {
    const disk = this.#disk;
    if (disk === null) return;
    try {
      await child.until('it takes up its state', STARTED_MS, () => this.#hasEpoch(child));
      this.#feed.allow(1);
      const isTold = async (): Promise<boolean> => {
        // Old checkpoints go, and leave room.
        disk.fill();
        return this.#feed.wasToldFull || isFull(await child.health());
      };
      let wasTold = false;
      const isSeen = async (): Promise<boolean> =>
        (wasTold = await isTold()) || (await child.hasFired(this.#lastWatermark));
      await child.until('it says that the disk is full', FULL_MS, isSeen);
      if (!wasTold) return;
      this.#count.fullDisks += 1;
      await sleep(moment * 800);
      if (moment < 0.3) {
        child.signal('SIGKILL');
        if ((await child.ended(ENDED_MS)) === 'SIGKILL') this.#count.killsOnFullDisk += 1;
      }
    } finally {
      disk.release();
    }
    await child.until('it goes on', FULL_MS, async () => !isFull(await child.health()));
  }

  async #restoreNewest({ restoreKilled, moment }: LifePlan): Promise<void> {
    const list = JSON.parse(await this.#children.command(['checkpoint', 'list', '--json'])) as readonly {
      readonly id: string;
    }[];
    const newest = list.at(-1);
    if (newest === undefined) return;
    const restore = ['checkpoint', 'restore', newest.id, '--yes'];
    if (restoreKilled) {
      const child = this.#children.start(restore);
      await sleep(200 + moment * 300);
      child.signal('SIGKILL');
      if ((await child.ended(COMMAND_MS)) === 'SIGKILL') this.#count.killedRestores += 1;
      // Half of the time it stays at that: the state is the old one or the new one.
      if (moment < 0.5) return;
    }
    await this.#children.command(restore);
    this.#count.restores += 1;
  }

  /** The life that is left alone, until everything is given and processed. */
  async #lastLife(): Promise<void> {
    const child = this.#startRun();
    if (this.#world.source === 'bounded') {
      await this.#children.endedWell(child);
      return;
    }
    await child.until('it listens', STARTED_MS, () => this.#connected(child));
    await Promise.race([this.#feed.done, this.#noEnd(child)]);
    const isDrained = await child.until('everything is processed', DRAINED_MS, () =>
      child.hasFired(this.#lastWatermark),
    );
    if (!isDrained) await this.#noEnd(child);
    child.signal('SIGTERM');
    await this.#children.endedWell(child);
  }

  async #noEnd(child: CommandLine): Promise<never> {
    const ending = await child.ended(2 * DRAINED_MS);
    throw new ChaosFailure(
      `the process ended with ${String(ending)}, though its input had not: ${child.stderr.slice(-2000)}`,
    );
  }
}

function isFull(health: Awaited<ReturnType<CommandLine['health']>>): boolean {
  const faults = Object.values(health?.components ?? {}).filter(({ status }) => status === 'degraded');
  return health?.state?.full === true || faults.some(({ message }) => /full|no room/.test(message ?? ''));
}
