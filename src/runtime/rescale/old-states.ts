import { ProcessorError } from '../../errors/processor-error.ts';
import type { SourcePosition } from '../../sources/event-source.ts';
import { partitionNumber, type PartitionShare } from '../../sources/partition-share.ts';
import type { Instant } from '../../time/instant.ts';
import { readProgressSnapshot, type PartitionSnapshot } from '../../time/progress-snapshot.ts';
import {
  afterPipeline,
  EpochStore,
  epochReaderOf,
  placeOfEntry,
  type EpochMeta,
  type StateReader,
} from '../epoch-store.ts';
import type { StoredPlan } from '../plan-fingerprint.ts';

/** The state of one instance that is to be dealt out, to be read. */
export interface RescaleSource {
  /** What a person knows it by: its folder. */
  readonly name: string;
  readonly reader: StateReader;
}

/** A partition, as the state of its instance has it. */
export interface OldPartition {
  readonly id: string;
  readonly number: number;
  readonly progress: PartitionSnapshot;
  /** Undefined where nothing has been read of it. */
  readonly position: SourcePosition | undefined;
}

/** What the state of an instance says of itself. */
export interface OldState {
  readonly source: RescaleSource;
  readonly pipeline: string;
  readonly share: PartitionShare;
  readonly meta: EpochMeta;
  readonly plan: StoredPlan;
  readonly watermark: Instant;
  readonly partitions: readonly OldPartition[];
  /** Names of other pipelines that have something there. */
  readonly otherPipelines: readonly string[];
  /** Entries that belong to no pipeline. */
  readonly otherEntries: number;
}

/** The error by which states are refused. */
export function refused(message: string): ProcessorError<'state'> {
  return new ProcessorError('state', 'RESCALE_REFUSED', message);
}

/**
 * Reads what a state says of itself, of the pipeline of this name, or the only one that there is.
 * @throws ProcessorError RESCALE_REFUSED where it is of no instance that has come to its end, or what reading throws.
 */
export async function readOldState(source: RescaleSource, pipeline: string | undefined): Promise<OldState> {
  const { name, reader } = source;
  const { pipelines, otherEntries } = await whatIsIn(reader);
  const chosen = choose(name, pipelines, pipeline);
  const stored = await new EpochStore(epochReaderOf(reader), chosen).read();
  if (stored === undefined) throw nothingIn(name);
  const { meta, plan, outbox, isAcknowledged } = stored;
  if (plan?.share?.partitionedByKey !== true) {
    throw refused(
      `the state in ${name} is not kept by partition, so nothing tells what of it belongs to which. Only what ran with ` +
        'partitioned_by_key: true from its first epoch on can be dealt out',
    );
  }
  if (!isAcknowledged) {
    const left = outbox.results.length + outbox.lateEvents.length + outbox.deadLetters.length;
    throw refused(
      `the instance of the state in ${name} was not stopped in order: ${String(left)} results, late events and dead ` +
        `letters of epoch ${String(meta.epoch)} may not have been delivered, or this is a checkpoint that was made while it ran. ` +
        'Start the instance once more as it was, stop it, and take its state folder or a checkpoint made then',
    );
  }
  const { watermark, partitions } = readProgressSnapshot(meta.progress);
  return {
    source,
    pipeline: chosen,
    share: plan.share,
    meta,
    plan,
    watermark,
    partitions: partitions.map((progress) => partitionOf(progress, meta, name)),
    otherPipelines: pipelines.filter((each) => each !== chosen),
    otherEntries,
  };
}

function partitionOf(progress: PartitionSnapshot, { positions }: EpochMeta, name: string): OldPartition {
  const { id } = progress;
  const number = partitionNumber(id);
  if (number !== undefined) return { id, number, progress, position: positions.get(id) };
  throw refused(`the state in ${name} has a partition "${id}", whose name does not end in a number`);
}

/** The names of the pipelines in a state, and how many entries there are besides. Passes over what pipelines have. */
async function whatIsIn(reader: StateReader): Promise<{ pipelines: readonly string[]; otherEntries: number }> {
  const pipelines: string[] = [];
  let otherEntries = 0;
  let after: Uint8Array | undefined;
  for (let isAtEnd = false; !isAtEnd;) {
    isAtEnd = true;
    for await (const { key } of reader.scan(new Uint8Array(), after === undefined ? {} : { after })) {
      const pipeline = placeOfEntry(key)?.pipeline;
      if (pipeline === undefined) {
        otherEntries += 1;
        continue;
      }
      pipelines.push(pipeline);
      after = afterPipeline(pipeline);
      isAtEnd = false;
      break;
    }
  }
  return { pipelines, otherEntries };
}

function choose(name: string, found: readonly string[], wanted: string | undefined): string {
  const [first, ...more] = found;
  if (first === undefined) throw nothingIn(name);
  const list = found.map((each) => JSON.stringify(each)).join(', ');
  if (wanted === undefined && more.length === 0) return first;
  if (wanted === undefined) throw refused(`${name} holds the state of several pipelines, ${list}; say which is meant`);
  if (found.includes(wanted)) return wanted;
  throw refused(`${name} holds no state of pipeline ${JSON.stringify(wanted)}, but of ${list}`);
}

function nothingIn(name: string): ProcessorError<'state'> {
  return refused(
    `no instance has committed anything to ${name}. If it is the folder of one that was never started, start that once, and stop it`,
  );
}
