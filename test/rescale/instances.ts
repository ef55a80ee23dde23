import { Pipeline } from '../../src/pipeline/pipeline.ts';
import type { PipelinePlan } from '../../src/plan/plan.ts';
import { rescale, type RescaleReport, type RescaleTarget } from '../../src/runtime/rescale/rescale.ts';
import { MemoryBroker, MemoryTransaction } from '../../src/runtime/memory-transaction.contract.ts';
import { DurableBackend } from '../../src/runtime/run-fixtures.contract.ts';
import type { AggregationResult } from '../../src/results/aggregation-result.ts';
import type { StatusSnapshot } from '../../src/runtime/status.ts';
import type { MemoryStateBackend } from '../../src/state/memory/memory-state-backend.ts';
import { ManualClock } from '../../src/time/manual-clock.ts';
import type { LateJson, ResultJson } from '../oracle/result-json.ts';
import type { Observed } from '../properties/subject.ts';
import { sharedSource } from './shared-source.ts';

/** How long instances run before they are stopped. */
export interface Stretch {
  /** By partition: how many of its events are there so far. Absent: all of them, and then they end. */
  readonly upTo?: readonly number[];
  /** Commits after which an instance is stopped, wherever it is. Default: none. */
  readonly commits?: number;
}

/** What instances are made from. */
export interface InstancesOptions {
  readonly plan: PipelinePlan;
  readonly partitions: readonly (readonly unknown[])[];
  readonly blockRecords: number;
}

type Counters = StatusSnapshot['counters'];

/** A target of a rescale in memory. */
export function targetOf(name: string, backend: MemoryStateBackend): RescaleTarget {
  return {
    name,
    write: (operations) => backend.batch(operations),
    readBack: () => backend.scan(new Uint8Array()),
  };
}

/** All instances of a pipeline over a topic in memory, whose number changes: what they have given over their whole life. */
export class Instances {
  readonly #options: InstancesOptions;
  #states: DurableBackend[];
  /** Where the instance of each number delivers to, whoever has it. */
  readonly #brokers: MemoryBroker[] = [];
  /** Results as they were delivered. */
  readonly items: AggregationResult[] = [];
  readonly late: LateJson[] = [];
  /** Of each instance, since the first start, after the last stretch. */
  counters: readonly Counters[] = [];
  /** The last epoch of each instance, stretch by stretch. */
  readonly epochs: number[][] = [];

  constructor(options: InstancesOptions, count: number) {
    this.#options = options;
    this.#states = Array.from({ length: count }, () => new DurableBackend());
  }

  get states(): readonly DurableBackend[] {
    return this.#states;
  }

  /** Runs each instance until it has read what there is, or has been stopped. */
  async run(stretch: Stretch): Promise<void> {
    const counters: Counters[] = [];
    this.epochs.push([]);
    for (const instance of this.#states.keys()) counters.push(await this.#runOne(instance, stretch));
    this.counters = counters;
  }

  /** Deals the states out to `count` new ones, with which it goes on from here. */
  async rescale(count: number): Promise<RescaleReport> {
    const into = Array.from({ length: count }, () => new DurableBackend());
    for (const backend of [...this.#states, ...into]) await backend.open();
    const report = await rescale({
      from: this.#states.map((reader, i) => ({ name: `old-${String(i)}`, reader })),
      into: into.map((backend, i) => targetOf(`new-${String(i)}`, backend)),
    });
    for (const backend of [...this.#states, ...into]) await backend.close();
    this.#states = into;
    return report;
  }

  /** Takes up other states, as if their instances had never been stopped. */
  goOnWith(states: readonly DurableBackend[]): void {
    this.#states = [...states];
  }

  observed(): Observed {
    const sum = (name: keyof Counters): number => this.counters.reduce((total, one) => total + one[name], 0);
    const results = this.items.map((item) => withoutTimestamp(JSON.parse(JSON.stringify(item)) as TimedJson));
    const { late } = this;
    const [first] = this.counters;
    const names = Object.keys(first ?? {}) as (keyof Counters)[]; // Those of a counters object.
    // Every name of the counters that an observation has is among them.
    const counters = Object.fromEntries(names.map((name) => [name, sum(name)])) as unknown as Observed['counters'];
    return { results, late, counters };
  }

  async #runOne(instance: number, { upTo, commits }: Stretch): Promise<Counters> {
    const { plan, partitions, blockRecords } = this.#options;
    const state = this.#states[instance] ?? new DurableBackend();
    const broker = (this.#brokers[instance] ??= new MemoryBroker());
    const delivered = broker.committed.length;
    const transaction = new MemoryTransaction(broker);
    const source = sharedSource({
      partitions,
      blockRecords,
      share: { instances: this.#states.length, instance, partitionedByKey: true },
      ...(upTo === undefined ? {} : { upTo }),
      onExhausted: () => void pipeline.stop(),
    });
    const pipeline: Pipeline = new Pipeline(
      { ...plan, source, state, sinks: [transaction.sink('results')], lateSink: transaction.sink('late') },
      { clock: new ManualClock() },
    );
    state.commits = 0;
    state.afterCommit = (commit) => {
      if (commit === commits) void pipeline.stop();
    };
    const { counters, epoch } = await pipeline.run();
    this.epochs.at(-1)?.push(epoch);
    for (const { mark, items } of broker.committed.slice(delivered)) {
      // No epoch with anything to deliver has been before, of whatever instance.
      const reached = Math.max(0, ...(this.epochs.at(-2) ?? []));
      if (items.length > 0 && mark.epoch <= reached) throw new Error(`epoch ${String(mark.epoch)} was there before`);
      for (const [sink, item] of items) {
        if (sink === 'results')
          this.items.push(item as AggregationResult); // What the plan gives that sink.
        else this.late.push(identityOf(JSON.parse(JSON.stringify(item)) as LateJson));
      }
    }
    return counters;
  }
}

type TimedJson = ResultJson & { readonly timestamp?: string };

function withoutTimestamp({ timestamp: _timestamp, ...result }: TimedJson): ResultJson {
  return result;
}

function identityOf({ source, window, watermark, lateness_ms }: LateJson): LateJson {
  return { source, window, watermark, lateness_ms };
}
