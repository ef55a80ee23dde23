import { ProcessorError } from '../../src/errors/processor-error.ts';
import type { RecordBlock } from '../../src/event/record-block.ts';
import { objectBlock } from '../../src/sources/memory/object-block.ts';
import type {
  EventSource,
  OpenSource,
  SourceContext,
  SourcePartition,
  SourcePosition,
} from '../../src/sources/event-source.ts';
import type { DrawnPartition, Hazards } from './draw.ts';
import type { Ledger } from './ledger.ts';
import type { SimulatedProcess } from './process.ts';

/** Faults planted in a source, for tests of the simulation itself. */
export interface SourceFaults {
  /** Says that nothing is left to read when there is. */
  readonly alwaysCaughtUp?: boolean;
  /** Lets go of what is committed, though a checkpoint may need it again. */
  readonly releasesCommitted?: boolean;
}

/** What a source is made from. */
export interface SimulatedSourceOptions {
  readonly process: SimulatedProcess;
  readonly partitions: readonly DrawnPartition[];
  readonly maxBlock: number;
  readonly hazards: Hazards;
  readonly ledger: Ledger;
  readonly faults: SourceFaults;
}

/**
 * Partitions whose records become readable in time. Reads are slow, fail and hang; blocks are of any size. What the
 * pipeline has released is gone for good.
 */
export class SimulatedSource implements EventSource<unknown> {
  readonly name = 'simulated';
  readonly #options: SimulatedSourceOptions;

  constructor(options: SimulatedSourceOptions) {
    this.#options = options;
  }

  async open(context: SourceContext): Promise<OpenSource> {
    const { process, partitions, ledger, hazards, faults } = this.#options;
    const { world } = process;
    await process.call('source.open', () => {
      if (!world.fault(hazards.sourceFault / 10)) return;
      world.figures.sourceFaults += 1;
      throw new ProcessorError('source', 'SOURCE_FAILED', 'the source cannot be reached');
    });
    const waiting = new Set(partitions);
    const appeared = (): readonly SourcePartition[] => {
      const now = partitions.filter((partition) => waiting.has(partition) && partition.appearsAt <= world.time);
      return now.map((partition) => {
        waiting.delete(partition);
        return new SimulatedPartition(partition, context, this.#options);
      });
    };
    return {
      partitions: appeared(),
      newPartitions: () => (process.alive ? appeared() : []),
      committed: (positions: ReadonlyMap<string, SourcePosition>) => {
        if (!process.pass('source.committed: before')) return;
        ledger.committedAtSource(positions);
        if (faults.releasesCommitted === true) ledger.releasedAtSource(positions);
      },
      released: (positions: ReadonlyMap<string, SourcePosition>) => {
        if (process.pass('source.released: before')) ledger.releasedAtSource(positions);
      },
      close: () => process.call('source.close', () => undefined),
    };
  }
}

class SimulatedPartition implements SourcePartition {
  readonly id: string;
  readonly #partition: DrawnPartition;
  readonly #context: SourceContext;
  readonly #options: SimulatedSourceOptions;
  #next: number;

  constructor(partition: DrawnPartition, context: SourceContext, options: SimulatedSourceOptions) {
    this.id = partition.id;
    this.#partition = partition;
    this.#context = context;
    this.#options = options;
    this.#next = context.positions.get(partition.id)?.offset ?? 0;
    options.ledger.readFrom(partition.id, this.#next);
  }

  get caughtUp(): boolean {
    const { world } = this.#options.process;
    const { availableAt } = this.#partition;
    if (this.#options.faults.alwaysCaughtUp === true) return true;
    return this.#next >= availableAt.length || (availableAt[this.#next] ?? 0) > world.time;
  }

  async read(): Promise<RecordBlock | null> {
    const { process, hazards } = this.#options;
    const { world } = process;
    await process.reach('source.read: before');
    await process.wait(`read ${this.id}`, world.random.delay(20));
    if (world.fault(hazards.sourceFault)) {
      world.figures.sourceFaults += 1;
      if (world.random.chance(0.5)) throw new Error('the connection was lost');
      await this.#waitUntil(world.time + world.random.next() * 3000);
    }
    const { records, availableAt, endsAt } = this.#partition;
    const from = availableAt[this.#next] ?? endsAt;
    // Adding up fractions may fall short of it by a hair.
    while (world.time < from && !this.#context.signal.aborted) await this.#waitUntil(from);
    if (this.#context.signal.aborted) return null;
    const left = records.slice(this.#next).filter((_, i) => (availableAt[this.#next + i] ?? 0) <= world.time);
    const most = Math.min(this.#options.maxBlock, this.#context.maxBlockRecords);
    const taken = left.slice(0, world.random.int(1, most));
    await process.reach('source.read: after');
    if (taken.length === 0) return null;
    const block = objectBlock(taken, this.#next, this.#context.clock.now());
    this.#next = block.nextOffset;
    this.#options.ledger.handedOut(this.id, block.nextOffset);
    world.note(`read ${this.id} up to ${String(this.#next)}`);
    return block;
  }

  /** Earlier if the run ends. */
  async #waitUntil(at: number): Promise<void> {
    const { process } = this.#options;
    const { signal } = this.#context;
    if (at <= process.world.time || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const aborted = (): void => {
        process.world.cancel(task);
        resolve();
      };
      const task = process.world.schedule(process, `wait ${this.id}`, at - process.world.time + 0.001, () => {
        signal.removeEventListener('abort', aborted);
        resolve();
      });
      signal.addEventListener('abort', aborted, { once: true });
    });
  }
}
