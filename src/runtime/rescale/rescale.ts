import { StateDealer, type Deal } from '../../engine/state-dealer.ts';
import { present } from '../../errors/assert.ts';
import { ProcessorError } from '../../errors/processor-error.ts';
import type { StateEntry, StateOperation } from '../../state/state-backend.ts';
import type { Instant } from '../../time/instant.ts';
import { recordsOf, windowStatePrefix } from '../epoch-store.ts';
import { checkOldStates } from './check-old-states.ts';
import { dealEpochs, type NewEpoch } from './deal-epochs.ts';
import { EntryTally } from './entry-tally.ts';
import { mergedScan, type EntryFrom } from './merged-scan.ts';
import { readOldState, refused, type OldState, type RescaleSource } from './old-states.ts';

export type { RescaleSource };

/** Bytes that are written to a state at a time, about. */
const BATCH_BYTES = 1 << 20;

/** Where the state of a new instance is to be: empty so far. */
export interface RescaleTarget {
  /** What a person knows it by: its folder. */
  readonly name: string;
  /** Writes all or nothing. */
  write(operations: readonly StateOperation[]): Promise<void>;
  /** All that has been written, read anew from where it is kept. */
  readBack(): AsyncIterable<StateEntry>;
}

/** What {@link rescale} is given. */
export interface RescaleOptions {
  /** The states of all old instances, in any order. */
  readonly from: readonly RescaleSource[];
  /** Those of the new ones, by their numbers. */
  readonly into: readonly RescaleTarget[];
  /** Which pipeline, where a state holds several. */
  readonly pipeline?: string;
}

/** What is known of an instance, old or new. */
export interface RescaledInstance {
  readonly name: string;
  readonly instance: number;
  readonly epoch: number;
  readonly watermark: Instant;
  /** Ids of its partitions. */
  readonly partitions: readonly string[];
}

/** What a new instance has got. */
export interface NewInstanceReport extends RescaledInstance {
  /** Windows, each of one key, that hold state. */
  readonly windows: number;
  readonly entries: number;
  readonly bytes: number;
  /** Events that its old ones had read: the first of its totals. */
  readonly read: number;
}

/** What went where. */
export interface RescaleReport {
  readonly pipeline: string;
  /** By the numbers of the instances. */
  readonly from: readonly RescaledInstance[];
  readonly into: readonly NewInstanceReport[];
  /** What was left behind, for a person: a line each. */
  readonly leftBehind: readonly string[];
}

/**
 * Deals the states of all instances of a pipeline, which keep it by partition and have been stopped, out to another number
 * of instances. Every new state is whole, and has been read back, when this resolves; the old ones are only read. Holds a
 * bounded part of them at a time, in memory.
 *
 * @throws ProcessorError RESCALE_REFUSED with the reason and what to do, STATE_CORRUPT, or what the backends throw. What has been
 * written by then is no state, for the record that makes it one comes last.
 */
export async function rescale({ from, into, pipeline }: RescaleOptions): Promise<RescaleReport> {
  const read: OldState[] = [];
  for (const source of from) read.push(await readOldState(source, pipeline));
  const states = checkOldStates(read);
  const epochs = dealEpochs(states, into.length);
  const writers = into.map((target) => new StateOutput(target));
  const dealer = dealerOf(states, epochs);
  await dealEntries(states, dealer, writers);
  for (const [i, writer] of writers.entries()) await writer.addHeads(dealer.heads(i));
  const { pipeline: name } = present(states[0], 'state that is dealt out');
  for (const [i, epoch] of epochs.entries()) await writers[i]?.finish(name, epoch);
  for (const writer of writers) await writer.verify();
  return {
    pipeline: name,
    from: states.map(oldReportOf),
    into: epochs.map((epoch, i) => reportOf(present(writers[i], 'new state'), i, epoch)),
    leftBehind: leftBehind(states, dealer),
  };
}

function dealerOf(states: readonly OldState[], epochs: readonly NewEpoch[]): StateDealer {
  const [first] = states;
  return new StateDealer({
    entryPrefix: windowStatePrefix(first?.pipeline ?? ''),
    triggers: new Map(first?.plan.windows.map(({ name, trigger }) => [name, trigger !== 'none'])),
    watermarks: epochs.map(({ watermark }) => watermark),
  });
}

async function dealEntries(
  states: readonly OldState[],
  dealer: StateDealer,
  writers: readonly StateOutput[],
): Promise<void> {
  const scans = states.map(({ pipeline, source }) => source.reader.scan(windowStatePrefix(pipeline)));
  let last: { readonly entry: EntryFrom; readonly deal: Deal } | undefined;
  for await (const entry of mergedScan(scans)) {
    const deal = dealer.deal(entry.from, entry);
    if (deal === undefined) continue;
    // The same entry of two states can go to two instances, where each reports a part as before; but not to one.
    if (last?.deal.into === deal.into && Buffer.compare(last.entry.key, entry.key) === 0) {
      throw inTwoStates(states[last.entry.from], states[entry.from]);
    }
    last = { entry, deal };
    await writers[deal.into]?.add(deal);
  }
}

function inTwoStates(one: OldState | undefined, other: OldState | undefined): Error {
  return refused(
    `a key has the same window in ${one?.source.name ?? ''} and in ${other?.source.name ?? ''}, and both would go to one instance. ` +
      'A key is to have its events in one partition; where it has moved because partitions were added, go on with the old ' +
      'number of instances until its windows are gone',
  );
}

/** The state of a new instance, as it is written. */
class StateOutput {
  readonly target: RescaleTarget;
  readonly tally = new EntryTally();
  windows = 0;
  #heads = 0;
  #waiting: StateEntry[] = [];
  #waitingBytes = 0;

  constructor(target: RescaleTarget) {
    this.target = target;
  }

  async add({ entries, windows }: Deal): Promise<void> {
    this.windows += windows;
    for (const entry of entries) await this.#put(entry);
  }

  async addHeads(heads: readonly StateEntry[]): Promise<void> {
    this.#heads = heads.length;
    for (const head of heads) await this.#put(head);
    await this.#flush();
  }

  /** Writes what makes it a state. */
  async finish(pipeline: string, epoch: NewEpoch): Promise<void> {
    const hasTriggers = epoch.plan.windows.some(({ trigger }) => trigger !== 'none');
    const meta = { ...epoch.meta, restartEntries: this.#heads + (hasTriggers ? this.windows : 0) };
    for (const record of recordsOf(pipeline, meta, epoch.plan)) await this.#put(record);
    await this.#flush();
  }

  /** @throws ProcessorError STATE_CORRUPT where what reads back is not what was written. */
  async verify(): Promise<void> {
    const found = new EntryTally();
    for await (const entry of this.target.readBack()) found.add(entry);
    if (found.equals(this.tally)) return;
    const message =
      `what was written to ${this.target.name} does not read back as it was: ${String(this.tally.entries)} entries were ` +
      `written, ${String(found.entries)} are there. Check the disk`;
    throw new ProcessorError('state', 'STATE_CORRUPT', message);
  }

  async #put(entry: StateEntry): Promise<void> {
    this.tally.add(entry);
    this.#waiting.push(entry);
    this.#waitingBytes += entry.key.length + entry.value.length;
    if (this.#waitingBytes >= BATCH_BYTES) await this.#flush();
  }

  async #flush(): Promise<void> {
    const operations = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    if (operations.length > 0) await this.target.write(operations);
  }
}

function oldReportOf({ source, share, meta, watermark, partitions }: OldState): RescaledInstance {
  return {
    name: source.name,
    instance: share.instance,
    epoch: meta.epoch,
    watermark,
    partitions: partitions.map(({ id }) => id),
  };
}

function reportOf({ target, tally, windows }: StateOutput, instance: number, epoch: NewEpoch): NewInstanceReport {
  return {
    name: target.name,
    instance,
    epoch: epoch.meta.epoch,
    watermark: epoch.watermark,
    partitions: epoch.partitions.map(({ id }) => id),
    windows,
    entries: tally.entries,
    bytes: tally.bytes,
    read: epoch.meta.totals['read'] ?? 0,
  };
}

function leftBehind(states: readonly OldState[], { leftBehind: gone }: StateDealer): readonly string[] {
  const lines = states.flatMap(({ source, otherPipelines, otherEntries }) => [
    ...otherPipelines.map((name) => `the state of pipeline "${name}" in ${source.name}`),
    ...(otherEntries === 0 ? [] : [`${String(otherEntries)} entries of no pipeline in ${source.name}`]),
  ]);
  return gone === 0 ? lines : [...lines, `${String(gone)} entries of windows that were gone and not yet deleted`];
}
