import { messageOf } from '../../errors/message-of.ts';
import { ProcessorError } from '../../errors/processor-error.ts';
import type { ByteBlock, RecordBlock, RecordFormat } from '../../event/record-block.ts';
import type { SourcePosition } from '../../event/source-position.ts';
import { partitionId } from '../../kafka/partition-id.ts';
import { CorruptRecordsError } from '../../kafka/records/corrupt-records-error.ts';
import { recordedTraces } from '../../kafka/records/record-traces.ts';
import { isTracing } from '../../telemetry/tracing.ts';
import type { SourcePartition } from '../event-source.ts';
import type { FetchedRecords } from './fetched-records.ts';
import { tokenText } from './position-token.ts';
import { RecordBuffer } from './record-buffer.ts';

const JSON_FORMAT: RecordFormat = { type: 'json' };

/** Where a partition begins, and within what bounds it keeps. */
export interface KafkaPartitionOptions {
  readonly topic: string;
  readonly topicId: string;
  readonly index: number;
  /** Offset to begin at, and the leader's epoch of the record before it; −1 where none is known. */
  readonly offset: number;
  readonly leaderEpoch: number;
  /** Newest offset known of: that behind the last record, of open transactions too. */
  readonly end: number;
  /** True where the beginning is to be committed before anything is read. */
  readonly isPinned: boolean;
  /** Records of a block, at most. */
  readonly maxRecords: number;
  /** Bytes that may wait before no more is fetched. */
  readonly maxBytes: number;
  readonly checksum: (bytes: Uint8Array) => number;
  readonly signal: AbortSignal;
}

/**
 * A partition of a topic. A fetcher fills it, the runtime takes blocks out of it, and neither waits for the other: it says
 * whether it wants more, and rings when it does again.
 */
export class KafkaPartition implements SourcePartition {
  readonly id: string;
  readonly topic: string;
  readonly topicId: string;
  readonly index: number;
  readonly start?: SourcePosition;
  /** Offset to fetch next. */
  fetchOffset: number;
  /** Epoch of the leader that wrote the record before {@link fetchOffset}; −1 where it is not known. */
  fetchedEpoch: number;
  /** Leader's epoch by the newest metadata; −1 where it is not known. */
  currentLeaderEpoch = -1;
  /** False while its leader cannot be asked, so that nobody can say what there is to read. */
  isReachable = true;
  /** Called when it wants more after it did not. */
  onWanting: () => void = () => undefined;
  readonly #options: KafkaPartitionOptions;
  readonly #buffer: RecordBuffer;
  /** Offset behind the last block that was handed on. */
  #handedOn: number;
  #end: number;
  #recordsTaken = 0;
  #token: string;
  #tokenEpoch: number;
  #failure: ProcessorError | undefined;
  #arrived: (() => void) | undefined;

  constructor(options: KafkaPartitionOptions) {
    const { topic, topicId, index, offset, leaderEpoch, end, isPinned, checksum } = options;
    this.id = partitionId({ topic, partition: index });
    this.topic = topic;
    this.topicId = topicId;
    this.index = index;
    this.fetchOffset = offset;
    this.fetchedEpoch = leaderEpoch;
    this.#options = options;
    this.#buffer = new RecordBuffer(offset, leaderEpoch, checksum);
    this.#handedOn = offset;
    this.#end = end;
    this.#tokenEpoch = leaderEpoch;
    this.#token = tokenText({ topicId, leaderEpoch });
    if (isPinned) this.start = { offset, token: this.#token };
  }

  /** True while there is room for more. */
  get wantsMore(): boolean {
    return this.#failure === undefined && this.#buffer.bytes < this.#options.maxBytes;
  }

  /** True once it cannot be read any more. */
  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  get maxBytes(): number {
    return this.#options.maxBytes;
  }

  /** Records that are yet to be handed on, by the newest offset known of; those of open transactions are among them. */
  lag(): number {
    return Math.max(0, this.#end - this.#buffer.next);
  }

  get caughtUp(): boolean {
    return this.isReachable && this.#failure === undefined && this.#buffer.isEmpty && this.lag() === 0;
  }

  /** Records handed on since this was last asked. */
  takeRecordCount(): number {
    const count = this.#recordsTaken;
    this.#recordsTaken = 0;
    return count;
  }

  /** Markers and aborted transactions have no records: behind the last block, they are passed over. */
  beyond(position: SourcePosition): SourcePosition {
    if (position.offset !== this.#handedOn || this.#buffer.next <= position.offset) return position;
    return { offset: this.#buffer.next, token: this.#tokenNow() };
  }

  /** Takes what was fetched at {@link fetchOffset}. */
  add(records: FetchedRecords): void {
    if (records.nextOffset === undefined) return;
    this.fetchOffset = records.nextOffset;
    this.fetchedEpoch = records.leaderEpoch;
    this.#buffer.add(records);
    this.#wake();
  }

  /** Takes note of the newest offset. It falls only where a leader that lacked records has taken over. */
  noteEnd(end: number): void {
    this.#end = end;
  }

  /** What each read is to fail with from now on, once what has been fetched is handed on. */
  fail(error: ProcessorError): void {
    this.#failure ??= error;
    this.#wake();
  }

  /** Lets a read that waits see that the run has ended. */
  wake(): void {
    this.#wake();
  }

  async read(): Promise<RecordBlock | null> {
    for (;;) {
      if (this.#options.signal.aborted) return null;
      const block = this.#take();
      if (block !== null) return block;
      if (this.#failure !== undefined) throw this.#failure;
      await new Promise<void>((resolve) => {
        this.#arrived = resolve;
      });
    }
  }

  #take(): ByteBlock | null {
    const buffer = this.#buffer;
    const wanted = this.wantsMore;
    let taken;
    try {
      taken = buffer.take(this.#options.maxRecords);
    } catch (error) {
      if (!(error instanceof CorruptRecordsError)) throw error;
      throw this.#corrupt(error);
    }
    if (!wanted && this.wantsMore) this.onWanting();
    if (taken === null) return null;
    const { columns, bytes, receivedAt } = taken;
    this.#handedOn = buffer.next;
    this.#recordsTaken += columns.count;
    // Headers are looked at only where somebody takes spans.
    const traces = isTracing() ? recordedTraces(columns, bytes) : undefined;
    return {
      kind: 'bytes',
      format: JSON_FORMAT,
      count: columns.count,
      offsets: columns.offsets,
      nextOffset: buffer.next,
      receivedAt,
      token: this.#tokenNow(),
      bytes,
      starts: columns.starts,
      ends: columns.ends,
      ...(columns.faults === undefined ? {} : { faults: columns.faults }),
      ...(traces === undefined ? {} : { traces }),
    };
  }

  /** Another read fetches the same again: what was broken on its way is whole then. */
  #corrupt(error: CorruptRecordsError): ProcessorError {
    this.#buffer.clear();
    this.fetchOffset = this.#buffer.next;
    this.fetchedEpoch = this.#buffer.leaderEpoch;
    this.onWanting();
    const message = `${this.id}, from offset ${this.#buffer.next} on: ${messageOf(error)}`;
    return new ProcessorError('source', 'SOURCE_FAILED', message, { cause: error });
  }

  #tokenNow(): string {
    const { leaderEpoch } = this.#buffer;
    if (leaderEpoch !== this.#tokenEpoch) {
      this.#tokenEpoch = leaderEpoch;
      this.#token = tokenText({ topicId: this.topicId, leaderEpoch });
    }
    return this.#token;
  }

  #wake(): void {
    this.#arrived?.();
    this.#arrived = undefined;
  }
}
