import type { PipelinePlan } from '../../src/plan/plan.ts';
import type {
  DeliveryMark,
  TakenOver,
  TransactionCommit,
  TransactionContext,
} from '../../src/sinks/delivery-transaction.ts';
import { readOutbox } from '../../src/runtime/outbox-codec.ts';
import type { AggregationResult } from '../../src/results/aggregation-result.ts';
import type { EventSink } from '../../src/sinks/event-sink.ts';
import type { StateBackend, StateOperation } from '../../src/state/state-backend.ts';
import type { DiskFaults } from './disk.ts';
import type { BackendFaults } from './log-backend.ts';
import type { TransactionRequests } from '../../src/sinks/kafka/transaction-requests.ts';
import type { KafkaFaults } from './kafka.ts';
import { SimulatedTransaction, type SimulatedTransactionOptions } from './kafka-sinks.ts';
import type { SinkFaults } from './sinks.ts';
import type { SourceFaults } from './source.ts';
import { isJournal, isMeta } from './stepped-backend.ts';
import { WrappedBackend } from './wrapped-backend.ts';

type ResultSink = EventSink<AggregationResult<unknown>>;

/** A bug that is put into the parts around the processor, for the simulation to show that it would find it. */
export interface Planted {
  readonly disk?: DiskFaults;
  readonly backend?: BackendFaults;
  readonly source?: SourceFaults;
  readonly sink?: SinkFaults;
  /** Puts something between the processor and its state. */
  readonly state?: (backend: StateBackend, sinks: readonly ResultSink[]) => StateBackend;
  readonly plan?: (plan: PipelinePlan) => PipelinePlan;
  readonly kafka?: KafkaFaults;
  /** Puts something between the processor and Kafka. */
  readonly requests?: (requests: TransactionRequests) => TransactionRequests;
  /** Takes the place of the transactions. */
  readonly transaction?: (options: SimulatedTransactionOptions) => SimulatedTransaction;
}

type Operations = readonly StateOperation[];

/** Writes something else than what the processor asks for. */
class AlteredWrites extends WrappedBackend {
  readonly #write: (operations: Operations, inner: StateBackend) => Promise<void>;

  constructor(inner: StateBackend, write: (operations: Operations, inner: StateBackend) => Promise<void>) {
    super(inner);
    this.#write = write;
  }

  override batch(operations: Operations): Promise<void> {
    return this.#write(operations, this.inner);
  }
}

const altered =
  (write: (operations: Operations, inner: StateBackend) => Promise<void>) =>
  (backend: StateBackend): StateBackend =>
    new AlteredWrites(backend, write);

const isOutbox = ({ key }: StateOperation): boolean => Buffer.from(key).toString('latin1').endsWith('/outbox');
const isWindow = ({ key }: StateOperation): boolean => Buffer.from(key).toString('latin1').includes('/w/');

interface Meta {
  readonly epoch: number;
  readonly totals: Readonly<Record<string, number>>;
  readonly progress: {
    readonly watermark: unknown;
    readonly partitions: readonly {
      readonly watermark: unknown;
      readonly generator: { readonly watermark: unknown };
    }[];
  };
}

const metaOf = (value: Uint8Array): Meta => JSON.parse(Buffer.from(value).toString('utf8')) as Meta;
const bytesOf = (meta: Meta): Uint8Array => Buffer.from(JSON.stringify(meta));
const lower = (watermark: unknown): unknown => (typeof watermark === 'number' ? watermark - 7 : watermark);

/** Gives back the progress of an epoch with all watermarks a little lower. */
class ForgetfulReads extends WrappedBackend {
  override async getMany(keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]> {
    const values = await this.inner.getMany(keys);
    return values.map((value, i) => {
      if (value === undefined || !isMeta(keys[i] ?? value)) return value;
      const meta = metaOf(value);
      const partitions = meta.progress.partitions.map((partition) => ({
        ...partition,
        watermark: lower(partition.watermark),
        generator: { watermark: lower(partition.generator.watermark) },
      }));
      return bytesOf({ ...meta, progress: { watermark: lower(meta.progress.watermark), partitions } });
    });
  }
}

/** A commit that is repeated counts its records again. */
function countingAgain(): (operations: Operations, inner: StateBackend) => Promise<void> {
  let before: Meta | undefined;
  let refused: number | undefined;
  return async (operations, inner) => {
    const value = operations.find(({ key }) => isMeta(key))?.value;
    if (value === undefined) {
      await inner.batch(operations);
      return;
    }
    const meta = metaOf(value);
    const earlier = before?.totals ?? {};
    const totals = Object.fromEntries(
      Object.entries(meta.totals).map(([name, total]) => [name, 2 * total - (earlier[name] ?? 0)]),
    );
    const written = meta.epoch === refused ? bytesOf({ ...meta, totals }) : value;
    refused = meta.epoch;
    await inner.batch(operations.map((one) => (isMeta(one.key) ? { key: one.key, value: written } : one)));
    refused = undefined;
    before = meta;
  };
}

async function deliverFirst(operations: Operations, inner: StateBackend, sinks: readonly ResultSink[]): Promise<void> {
  const meta = operations.find(({ key }) => isMeta(key))?.value;
  const outbox = operations.find(isOutbox)?.value;
  if (meta !== undefined && outbox !== undefined) {
    const delivery = { epoch: metaOf(meta).epoch, signal: new AbortController().signal };
    const { results } = readOutbox(outbox);
    for (const sink of sinks) {
      if (results.length > 0) await sink.sendBatch?.(results, delivery);
    }
  }
  await inner.batch(operations);
}

/** Never looks at what Kafka says was delivered: as if all that it knows of is what it has seen itself. */
class MarklessTransaction extends SimulatedTransaction {
  #seen: DeliveryMark | null = null;

  constructor(options: SimulatedTransactionOptions) {
    super({ ...options, afterRestore: 'deliver_again' });
  }

  override async open(context: TransactionContext): Promise<TakenOver> {
    return { ...(await super.open(context)), mark: null };
  }

  override async reopen(signal: AbortSignal): Promise<DeliveryMark | null> {
    await super.reopen(signal);
    return this.#seen;
  }

  override async commit(commit: TransactionCommit): Promise<void> {
    await super.commit(commit);
    this.#seen = commit.mark;
  }
}

/** Requests with the marks of epochs changed. */
function markingLater(inner: TransactionRequests): TransactionRequests {
  return {
    initProducer: (signal) => inner.initProducer(signal),
    currentProducer: (signal) => inner.currentProducer(signal),
    addPartitions: (...args) => inner.addPartitions(...args),
    produce: (...args) => inner.produce(...args),
    addGroup: (...args) => inner.addGroup(...args),
    endTransaction: (...args) => inner.endTransaction(...args),
    committedOffsets: (...args) => inner.committedOffsets(...args),
    commitOffsets: (producer, group, offsets, signal) => {
      const later = offsets.map((each) => (each.topic === 'events' ? { ...each, offset: each.offset + 1 } : each));
      return inner.commitOffsets(producer, group, later, signal);
    },
  };
}

/** The planted bugs by name. */
export const PLANTED = {
  'offset before state': {
    state: altered(async (operations, inner) => {
      const meta = operations.filter(({ key }) => isMeta(key));
      if (meta.length > 0) await inner.batch(meta);
      await inner.batch(operations.filter(({ key }) => !isMeta(key)));
    }),
  },
  'missing sync': { disk: { skipsSync: true } },
  'outbox dropped early': {
    state: altered(async (operations, inner) => {
      await inner.batch(operations);
      await inner.batch(operations.filter(isOutbox).map(({ key }) => ({ key })));
    }),
  },
  'outbox not written': {
    state: altered((operations, inner) => inner.batch(operations.filter((one) => !isOutbox(one)))),
  },
  'late rule off by one': {
    plan: (plan) => ({
      ...plan,
      windows: plan.windows.map((window) => ({
        ...window,
        allowedLatenessMs: Math.max(0, window.allowedLatenessMs - 1),
      })),
    }),
  },
  'watermark falls at a restart': { state: (backend) => new ForgetfulReads(backend) },
  'delivery before commit': {
    state: (backend, sinks) =>
      new AlteredWrites(backend, (operations, inner) => deliverFirst(operations, inner, sinks)),
  },
  'delta forgets removed windows': {
    state: altered((operations, inner) =>
      inner.batch(operations.filter((one) => !isWindow(one) || one.value !== undefined)),
    ),
  },
  'journal not written': {
    state: altered((operations, inner) =>
      inner.batch(operations.filter((one) => !isJournal(one.key) || one.value === undefined)),
    ),
  },
  'journal left behind': {
    state: altered((operations, inner) =>
      inner.batch(operations.filter((one) => !isJournal(one.key) || one.value !== undefined)),
    ),
  },
  'checkpoint without its log': { backend: { checkpointsWithoutLog: true } },
  'checksums not looked at': { backend: { ignoresChecksums: true } },
  'sink position one delivery too new': { sink: { keepsAll: true } },
  'idle before lag 0': { source: { alwaysCaughtUp: true } },
  'released though a checkpoint needs it': { source: { releasesCommitted: true } },
  'delivered without asking for the mark': { transaction: (options) => new MarklessTransaction(options) },
  'mark outside of the transaction': { kafka: { commitsOffsetsAtOnce: true } },
  'fencing not checked': { kafka: { fencesNobody: true } },
  'offsets of a later epoch': { requests: markingLater },
  'batches written twice': { kafka: { ignoresSequences: true } },
  'open transaction gone on with': { kafka: { keepsOpenTransactions: true } },
  'repeated commit counted twice': { state: (backend) => new AlteredWrites(backend, countingAgain()) },
} as const satisfies Readonly<Record<string, Planted>>;

/** Name of a planted bug. */
export type PlantedBug = keyof typeof PLANTED;
