import { ProcessorError } from '../../src/errors/processor-error.ts';
import type { ErrorCode } from '../../src/errors/codes.ts';
import { messageOf } from '../../src/errors/message-of.ts';
import type { RunSummary } from '../../src/pipeline/pipeline.ts';
import type { LateJson, ResultJson } from '../oracle/result-json.ts';
import { Platter } from './disk.ts';
import { drawCase, type DrawnCase } from './draw.ts';
import type { Figures } from './figures.ts';
import { SimulatedKafka } from './kafka.ts';
import { LATE, LETTERS, RESULTS } from './kafka-sinks.ts';
import { Ledger } from './ledger.ts';
import { startPipeline, type Machine, type MachineKafka } from './machine.ts';
import { PLANTED, type Planted, type PlantedBug } from './planted.ts';
import { SimulatedProcess } from './process.ts';
import { KeyedStore, readFileLike } from './sinks.ts';
import { verdict, type KafkaRemains } from './verdict.ts';
import { World } from './world.ts';

/** How a seed ended. */
export interface Outcome {
  readonly seed: number;
  /** Of the trace: the same each time. */
  readonly hash: string;
  readonly figures: Figures;
  /** What was wrong; nothing if all is well. */
  readonly failures: readonly string[];
  readonly trace: readonly string[];
}

/** Steps that a healed world may take until the run has finished. */
const MOST_HEALED_STEPS = 150_000;
const MOST_STARTS = 3000;
/** Steps in which Kafka does what it has still to do when the run is over. */
const LAST_STEPS = 500;

/** Errors that a run may end with as long as there are faults. */
const EXPECTED_ERRORS: ReadonlySet<ErrorCode> = new Set([
  'STATE_FAILED',
  'STATE_FULL',
  'SOURCE_FAILED',
  'SINK_FAILED',
  'SINK_TIMEOUT',
]);

/** Points that a process can be made to die at, at its n-th coming there. */
const TARGETS = [
  'state.open: before',
  'state.open: after',
  'state.getMany: after',
  'state.scan: during',
  'state.batch: before',
  'state.batch: after',
  'state.write: before',
  'state.write: after',
  'state.checkpoint: before',
  'state.checkpoint: after',
  'state.listCheckpoints: after',
  'state.deleteCheckpoint: after',
  'state.close: before',
  'source.open: before',
  'source.open: after',
  'source.read: after',
  'source.committed: before',
  'source.released: before',
  'source.close: before',
  'sink.open: after',
  'sink.send: before',
  'sink.send: after',
  'sink.close: before',
  'kafka.initProducer: before',
  'kafka.initProducer: after',
  'kafka.committedOffsets: after',
  'kafka.addPartitions: after',
  'kafka.produce: before',
  'kafka.produce: after',
  'kafka.addGroup: after',
  'kafka.commitOffsets: before',
  'kafka.commitOffsets: after',
  'kafka.endTransaction: before',
  'kafka.endTransaction: after',
  'sink file append: after',
  'sink file sync: before',
  'state disk append: before',
  'state disk append: after',
  'state disk sync: before',
  'state disk sync: after',
  'state disk rename: before',
  'state disk rename: after',
  'state disk remove: before',
  'clock.sleep: after',
] as const;

type Ending =
  | { readonly type: 'ended'; readonly summary: RunSummary }
  | { readonly type: 'failed'; readonly error: unknown }
  | { readonly type: 'killed' }
  | { readonly type: 'replaced' }
  | { readonly type: 'stuck'; readonly why: string };

/** Runs the processor through all that a seed has in store, and says what was wrong in the end. */
export async function simulate(seed: number, bug?: PlantedBug): Promise<Outcome> {
  return new Simulation(seed, bug).run();
}

/** As {@link simulate}, twice: a trace that is not the same the second time is a failure too. */
export async function simulateTwice(seed: number, bug?: PlantedBug): Promise<Outcome> {
  const outcome = await simulate(seed, bug);
  const again = await simulate(seed, bug);
  if (again.hash === outcome.hash) return outcome;
  const differsAt = outcome.trace.findIndex((line, i) => line !== again.trace[i]);
  const lines = [outcome.trace[differsAt], again.trace[differsAt]].map((line) => JSON.stringify(line));
  return { ...outcome, failures: [...outcome.failures, `does not replay: ${lines.join(', then ')}`] };
}

class Simulation {
  readonly #world: World;
  readonly #drawn: DrawnCase;
  readonly #machine: Machine;
  #kills = 0;
  #startedAgain = false;
  #diskFull = false;
  #brokersAway = false;
  #coordinatorsMoving = false;
  #marksExpired = false;
  /** A process that was replaced has taken over again. */
  #wasTakenBack = false;
  /** A request of a process that is dead has come late, and has taken over for nobody. */
  #wasTakenByNobody = false;
  /** Something is delivered again because the operator has said so. */
  #repeats = false;
  /** Processes that another has taken the place of. */
  readonly #replaced = new Set<SimulatedProcess>();
  /** Those of them that stand still. */
  readonly #asleep = new Set<SimulatedProcess>();
  #healedAt: number | undefined;
  readonly #damagedFiles = new Set<string>();

  constructor(seed: number, bug: PlantedBug | undefined) {
    this.#world = new World(seed);
    this.#drawn = drawCase(seed);
    const planted: Planted = bug === undefined ? {} : PLANTED[bug];
    const ledger = new Ledger(this.#world);
    this.#machine = {
      drawn: this.#drawn,
      ledger,
      kafka: this.#kafkaFor(ledger, planted),
      state: new Platter(),
      file: new Platter(),
      lateFile: new Platter(),
      store: new KeyedStore<ResultJson>(),
      deadLetters: new KeyedStore<null>(),
      isFull: () => this.#diskFull && !this.#world.healed,
      planted,
    };
  }

  async run(): Promise<Outcome> {
    const world = this.#world;
    world.note(JSON.stringify(this.#drawn));
    this.#plan();
    await this.#supervise();
    const { figures } = world;
    figures.seeds = 1;
    figures.events = this.#drawn.inputs.reduce((sum, { events }) => sum + events.length, 0);
    return { seed: world.seed, hash: world.finish(), figures, failures: world.violations, trace: world.trace };
  }

  /** Starts the processor again and again until its input has come to its end, or something is wrong. */
  async #supervise(): Promise<void> {
    const world = this.#world;
    for (let starts = 0; world.violations.length === 0; starts += 1) {
      if (starts > MOST_STARTS) {
        world.violate('it was started again and again, and never came to an end');
        return;
      }
      const ending = await this.#live();
      if (world.violations.length > 0) return;
      if (ending.type === 'stuck') world.violate(ending.why);
      if (ending.type === 'failed' && !this.#mayFail(ending.error)) return;
      if (ending.type !== 'ended') continue;
      world.note(`the run has ended: ${JSON.stringify(ending.summary)}`);
      if (ending.summary.outcome === 'finished') {
        // Who starts it once more, with nothing left to read, must find nothing changed.
        if (!this.#startedAgain && world.random.chance(0.2)) {
          this.#startedAgain = true;
          world.figures.startedAgain += 1;
          continue;
        }
        await this.#settle();
        try {
          this.#judge(ending.summary);
        } catch (error) {
          world.violate(`what the sinks have cannot be read: ${messageOf(error)}`);
        }
        return;
      }
    }
  }

  /** One life of the process. */
  async #live(): Promise<Ending> {
    const world = this.#world;
    const { ledger } = this.#machine;
    world.figures.starts += 1;
    world.note('START');
    const process = new SimulatedProcess(world, this.#killPlan(), () => this.#afterKill());

    // Where nothing was committed there is nothing that other settings could disagree with.
    const changed =
      ledger.acknowledgedEpoch > 0 &&
      this.#damagedFiles.size === 0 &&
      world.fault(this.#drawn.hazards.changedConfiguration);
    ledger.mustNotCommit = changed;
    this.#expireMarks();
    let ending: Ending | undefined;
    const pipeline = startPipeline(process, this.#machine, changed);
    pipeline.run().then(
      (summary) => {
        ending = { type: 'ended', summary };
        if (process.isReplaced) process.end();
      },
      (error: unknown) => {
        ending = { type: 'failed', error };
        if (process.isReplaced) this.#endReplaced(process, error);
      },
    );
    if (this.#machine.kafka !== null) this.#machine.kafka.afterRestore = 'refuse';
    this.#planReplacement(process, () => ending === undefined && pipeline.status().state === 'running');
    if (this.#drawn.hazards.stop && world.fault(0.5)) {
      world.schedule(process, 'SIGTERM', world.random.delay(500), () => {
        world.figures.stops += 1;
        void pipeline.stop();
      });
    }
    for (;;) {
      await world.settle();
      if (!process.alive) return { type: 'killed' };
      if (process.isReplaced) return { type: 'replaced' };
      if (ending !== undefined || world.violations.length > 0) {
        process.end();
        if (changed && ending !== undefined) return this.#afterChange(ending);
        return ending ?? { type: 'killed' };
      }
      this.#heal();
      if (!world.step()) return { type: 'stuck', why: 'nothing will ever happen again' };
      if (world.steps > (this.#healedAt ?? Infinity) + MOST_HEALED_STEPS) {
        return { type: 'stuck', why: 'the world has healed, and the run does not finish' };
      }
    }
  }

  #endReplaced(process: SimulatedProcess, error: unknown): void {
    const isFenced = ProcessorError.is(error) && error.code === 'SINK_FENCED';
    this.#world.note(`the replaced process has ended: ${messageOf(error)}`);
    if (isFenced) this.#world.figures.fencedProcesses += 1;
    process.end();
  }

  /** Lets Kafka end what has been left open, and write the markers of the last transactions. */
  async #settle(): Promise<void> {
    for (const process of this.#replaced) process.end();
    this.#machine.kafka?.cluster.endOverdue();
    for (let step = 0; step < LAST_STEPS; step += 1) {
      await this.#world.settle();
      if (!this.#world.step()) return;
    }
  }

  #kafkaFor(ledger: Ledger, { kafka: faults = {} }: Planted): MachineKafka | null {
    const { kafka } = this.#drawn;
    if (kafka === null) return null;
    const cluster = new SimulatedKafka(this.#world, kafka.partitions, {
      ...kafka,
      faults,
      onOffset: (group, { partition, offset }) => {
        // What a process has delivered that went on beside another is none of the other's state.
        if (group === 'group' && !this.#wasTakenBack) ledger.committedAtKafka(`part-${String(partition)}`, offset);
      },
    });
    return {
      cluster,
      isAway: () => this.#brokersAway && !this.#world.healed,
      isMoving: () => this.#coordinatorsMoving && !this.#world.healed,
      onTakenOver: (process) => this.#noteTakenOver(process),
      afterRestore: 'refuse',
      isTold: true,
    };
  }

  #expireMarks(): void {
    const world = this.#world;
    const { kafka } = this.#machine;
    if (kafka === null || !world.fault(this.#drawn.kafka?.expiry ?? 0)) return;
    world.note('the offsets of all groups have expired');
    world.figures.expiredMarks += 1;
    this.#marksExpired = true;
    kafka.cluster.expireOffsets();
  }

  /**
   * At some time another machine takes over, with the disks as they are; the process stands still, and wakes up later. Not
   * before its start is over: it would then take over itself when it wakes up, as somebody who has been started since.
   */
  #planReplacement(process: SimulatedProcess, isRunning: () => boolean): void {
    const world = this.#world;
    const { random } = world;
    if (!world.fault(this.#drawn.kafka?.stall ?? 0)) return;
    world.schedule(null, 'another machine takes over', random.next() * 500, () => {
      if (!process.alive || !isRunning() || world.healed) return;
      world.figures.replacedProcesses += 1;
      process.isReplaced = true;
      world.park(process);
      this.#replaced.add(process);
      const machine = this.#machine;
      for (const name of ['state', 'file', 'lateFile'] as const) {
        machine[name] = machine[name].clone();
        if (random.chance(this.#drawn.hazards.powerLoss)) machine[name].losePower(random);
      }
      this.#asleep.add(process);
    });
  }

  /**
   * A process has an identity at Kafka. Those that stand still wake up some time after another has taken over. One that was
   * replaced may do so again only where nobody could know of the other: it had died, or was stuck, before it had said anything.
   */
  #noteTakenOver({ alive, isReplaced }: SimulatedProcess): void {
    const world = this.#world;
    if (!alive) {
      world.note('a dead process has taken over');
      this.#wasTakenByNobody = true;
      return;
    }
    if (isReplaced) {
      world.note('the old machine has taken over again');
      world.figures.takenBack += 1;
      this.#wasTakenBack = true;
      return;
    }
    for (const process of this.#asleep) {
      world.schedule(null, 'the old machine wakes up', world.random.delay(3000), () => world.unpark(process));
    }
    this.#asleep.clear();
  }

  /** Other settings than those of the state must have been refused, before anything was done. */
  #afterChange(ending: Ending): Ending {
    const world = this.#world;
    if (ending.type === 'ended') {
      world.violate('a changed configuration went on from the state of another');
    } else if (ending.type === 'failed' && ProcessorError.is(ending.error) && ending.error.code === 'STATE_MISMATCH') {
      world.figures.refusedConfigurations += 1;
      return { type: 'killed' };
    }
    return ending;
  }

  #heal(): void {
    if (this.#healedAt !== undefined || this.#world.steps < this.#drawn.hazards.faultSteps) return;
    this.#healedAt = this.#world.steps;
    this.#world.healed = true;
    this.#world.note('the world has healed');
  }

  #killPlan(): (point: string) => boolean {
    const { random } = this.#world;
    const { kill, mostKills } = this.#drawn.hazards;
    const target = random.chance(0.5) ? random.pick(TARGETS) : undefined;
    let left = random.int(1, 5);
    return (point) => {
      if (this.#world.healed || this.#kills >= mostKills) return false;
      if (point === target) left -= 1;
      return (point === target && left === 0) || random.chance(kill);
    };
  }

  #afterKill(): void {
    const { random, figures } = this.#world;
    const { powerLoss, damage } = this.#drawn.hazards;
    this.#kills += 1;
    if (random.chance(powerLoss)) {
      figures.powerLosses += 1;
      for (const platter of [this.#machine.state, this.#machine.file, this.#machine.lateFile])
        platter.losePower(random);
    }
    if (damage && random.chance(0.8)) this.#damage();
  }

  /** Damages what the state is in, mostly where there is a checkpoint to fall back to, and now and then that one too. */
  #damage(): void {
    const { random, figures } = this.#world;
    const { state, ledger } = this.#machine;
    const names = state.names().filter((name) => !name.endsWith('.new') && (state.read(name)?.length ?? 0) > 0);
    const checkpoints = names.filter((name) => name.startsWith('checkpoint-'));
    if (checkpoints.length === 0 && random.chance(0.95)) return;
    const targets = names.filter((name) => !checkpoints.includes(name));
    const found = [targets[random.int(0, targets.length - 1)]];
    if (random.chance(0.3)) found.push(checkpoints[random.int(0, checkpoints.length - 1)]);
    for (const name of found) {
      if (name === undefined) continue;
      // Nobody can tell a log that was cut from one that was not written on.
      state.damage(name, random, !name.startsWith('log-'));
      this.#damagedFiles.add(name);
      figures.damaged += 1;
      this.#world.note(`DAMAGED ${name}`);
      ledger.excuseLoss();
    }
  }

  /** What happens at times of its own. */
  #plan(): void {
    const world = this.#world;
    const { random, figures } = world;
    const { hazards } = this.#drawn;
    const again = (label: string, most: number, action: () => void): void => {
      this.#world.schedule(null, label, random.next() * most, () => {
        if (this.#world.healed) return;
        action();
        again(label, most, action);
      });
    };
    if (hazards.clockJumps) {
      again('the wall clock jumps', 400, () => {
        figures.clockJumps += 1;
        this.#world.wallOffset += Math.floor((random.next() - 0.5) * random.pick([10, 10_000, 1e9]));
      });
    }
    if (hazards.diskFull) {
      again('the disk fills or empties', 300, () => {
        this.#diskFull = !this.#diskFull;
      });
    }
    const { kafka } = this.#drawn;
    if (kafka === null) return;
    world.schedule(null, 'topics grow', kafka.growsAt, () => {
      const cluster = this.#machine.kafka?.cluster;
      if (cluster !== undefined) cluster.partitionCount = kafka.partitionsLater;
    });
    if (kafka.away) {
      again('brokers go away or come back', 1500, () => {
        this.#brokersAway = !this.#brokersAway;
        if (this.#brokersAway) figures.brokerOutages += 1;
      });
    }
    if (kafka.moves) {
      again('coordinators are moved', 1000, () => {
        this.#coordinatorsMoving = !this.#coordinatorsMoving;
      });
    }
  }

  /** Whether a run may end with an error; it is then started again. */
  #mayFail(error: unknown): boolean {
    const world = this.#world;
    const code = ProcessorError.is(error) ? error.code : undefined;
    world.note(`the run has failed: ${String(code)} ${messageOf(error)}`);
    if (code === 'STATE_CORRUPT' && this.#damagedFiles.size > 0) {
      const sound = this.#machine.state
        .names()
        .filter((name) => name.startsWith('checkpoint-') && !name.endsWith('.new') && !this.#damagedFiles.has(name));
      if (sound.length > 0) world.violate(`refused to start though ${sound.join()} is sound`);
      else world.figures.refusedDamage += 1;
      return false;
    }
    if (code === 'DELIVERY_MISMATCH' && this.#mayMismatch()) return true;
    // Nobody can tell a request of the dead from one of the living. It ends with an error, and another start goes on.
    if (code === 'SINK_FENCED' && (this.#wasTakenBack || this.#wasTakenByNobody)) {
      this.#wasTakenByNobody = false;
      return true;
    }
    if (code !== undefined && EXPECTED_ERRORS.has(code)) return true;
    world.violate(`the run failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return false;
  }

  /** A state that does not fit what was delivered is refused; the operator then says that it may be delivered again. */
  #mayMismatch(): boolean {
    const { kafka, ledger } = this.#machine;
    if (kafka === null || !(ledger.rewound || this.#marksExpired || this.#wasTakenBack)) return false;
    this.#world.figures.refusedDeliveries += 1;
    kafka.afterRestore = 'deliver_again';
    this.#repeats = true;
    return true;
  }

  #kafkaRemains(): KafkaRemains | null {
    const { kafka } = this.#drawn;
    if (this.#machine.kafka === null || kafka === null) return null;
    const { cluster, isTold } = this.#machine.kafka;
    for (const id of cluster.hanging) this.#world.violate(`readers of ${id} wait for a transaction that nobody ends`);
    const offsets = cluster
      .committedOffsets('group')
      .map(({ partition, offset }) => [`part-${String(partition)}`, offset] as const);
    // Repeated only where the operator has said so: results by their ids, which the verdict sees to, the rest as a whole.
    const parsed = (topic: string): readonly unknown[] => {
      const texts = cluster.committedItems(topic);
      const told = this.#repeats && topic !== RESULTS ? new Set(texts) : texts;
      return [...told].map((text) => (JSON.parse(text) as readonly [unknown, number])[0]);
    };
    return {
      results: parsed(RESULTS) as readonly ResultJson[],
      late: kafka.takesLate ? (parsed(LATE) as readonly LateJson[]) : null,
      letters: kafka.takesLetters ? (parsed(LETTERS) as readonly string[]) : null,
      offsets: isTold && !this.#marksExpired ? new Map(offsets) : null,
      repeats: this.#repeats,
    };
  }

  #judge({ counters }: RunSummary): void {
    const { file, lateFile, store, deadLetters, ledger } = this.#machine;
    const { windows, unawaited, differences } = verdict(this.#drawn, {
      file: readFileLike<ResultJson>(file).map(({ json }) => json),
      store: [...store.items.values()].map(({ json }) => json),
      late: readFileLike<LateJson>(lateFile).map(({ json }) => json),
      deadLetters: new Set(deadLetters.items.keys()),
      counters,
      rewound: ledger.rewound,
      kafka: this.#kafkaRemains(),
    });
    const { figures } = this.#world;
    figures.windowsExpected += windows;
    figures.unawaited += unawaited;
    for (const text of differences) {
      if (/never fired|is missing/.test(text)) figures.missing += 1;
      else if (/surplus|id twice/.test(text)) figures.duplicate += 1;
      else figures.wrong += 1;
      this.#world.violate(text);
    }
  }
}
