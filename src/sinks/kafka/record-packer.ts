import { partitionOfKey } from '../../kafka/records/murmur2.ts';
import { BATCH_HEADER_BYTES } from '../../kafka/records/record-batch.ts';
import {
  RecordBatchWriter,
  sealBatch,
  type BatchCodec,
  type BatchProducer,
  type PackedBatch,
} from '../../kafka/records/record-batch-writer.ts';
import { ItemsRefused } from '../sink-error.ts';
import type { RecordOf } from './topic-record.ts';
import type { ReadyRecords } from './transaction-requests.ts';

/** Bytes of a batch before it is compressed, at most, where a topic takes more: a longer one saves nothing any more. */
const BATCH_BYTES = 1_000_000;
/** Bytes of a value that a topic is not given though it might take it: for the key, and what is around a record. */
const MARGIN_BYTES = 1024;

/** What is known of the topic that records are packed for. */
export interface PackedTopic {
  readonly name: string;
  readonly partitions: number;
  /** Bytes of a batch that it takes, at most. */
  readonly maxBytes: number;
}

/** What batches are packed with. */
export interface PackingOptions {
  readonly codec: BatchCodec;
  readonly crc32c: (bytes: Uint8Array) => number;
  /** For whom a limit is to be raised. */
  readonly bootstrapServers: string;
}

/** A key's bytes and partition. */
interface KnownKey {
  readonly bytes: Uint8Array;
  readonly partition: number;
}

/**
 * Packs items into batches, each partition's in their order. Keys decide the partition as the Java client has it; items
 * without one go where `turn` says, and on to the next partition with each batch.
 *
 * @throws ItemsRefused for those that are longer than the topic takes, alone in a batch, compressed.
 */
export function packRecords<T>(
  items: readonly T[],
  recordOf: RecordOf<T>,
  topic: PackedTopic,
  options: PackingOptions & { readonly turn: number },
): readonly ReadyRecords[] {
  const packing = new Packing(topic, options);
  const mostBytes = topic.maxBytes - BATCH_HEADER_BYTES - MARGIN_BYTES;
  for (const item of items) {
    const { key, value, timestamp } = recordOf(item, mostBytes);
    packing.add(item, key, value, timestamp);
  }
  return packing.finish();
}

interface OpenBatch {
  readonly writer: RecordBatchWriter;
  /** The first item; of a batch of one the only one. */
  first: unknown;
}

class Packing {
  readonly #topic: PackedTopic;
  readonly #options: PackingOptions;
  readonly #batches: ReadyRecords[] = [];
  readonly #open = new Map<number, OpenBatch>();
  readonly #keys = new Map<string, KnownKey>();
  readonly #refused: { readonly item: unknown; readonly bytes: number }[] = [];
  readonly #batchBytes: number;
  /** Partition of what has no key. */
  #anywhere: number;

  constructor(topic: PackedTopic, options: PackingOptions & { readonly turn: number }) {
    this.#topic = topic;
    this.#options = options;
    this.#batchBytes = Math.min(BATCH_BYTES, topic.maxBytes);
    this.#anywhere = options.turn % topic.partitions;
  }

  add(item: unknown, keyText: string | null, value: string | Uint8Array, timestamp: number): void {
    const key = keyText === null ? null : this.#keyOf(keyText);
    const valueBytes = Buffer.byteLength(value);
    const most = RecordBatchWriter.lengthOf(key?.bytes.length ?? 0, valueBytes);
    if (key === null && !this.#hasRoom(this.#anywhere, most)) {
      this.#anywhere = (this.#anywhere + 1) % this.#topic.partitions;
    }
    const partition = key?.partition ?? this.#anywhere;
    let batch = this.#open.get(partition);
    if (batch === undefined) this.#open.set(partition, (batch = { writer: new RecordBatchWriter(), first: item }));
    if (!this.#hasRoom(partition, most)) this.#close(partition, batch);
    if (batch.writer.count === 0) batch.first = item;
    batch.writer.append(timestamp, key?.bytes ?? null, value, valueBytes);
  }

  finish(): readonly ReadyRecords[] {
    for (const [partition, batch] of this.#open) if (batch.writer.count > 0) this.#close(partition, batch);
    if (this.#refused.length > 0) throw this.#refusal();
    return this.#batches;
  }

  /** Whether so many bytes may join the batch of a partition. An empty one takes any record. */
  #hasRoom(partition: number, bytes: number): boolean {
    const writer = this.#open.get(partition)?.writer;
    return writer === undefined || writer.count === 0 || writer.length + bytes <= this.#batchBytes;
  }

  #keyOf(text: string): KnownKey {
    let known = this.#keys.get(text);
    if (known === undefined) {
      const bytes = Buffer.from(text);
      this.#keys.set(text, (known = { bytes, partition: partitionOfKey(bytes, this.#topic.partitions) }));
    }
    return known;
  }

  #close(partition: number, { writer, first }: OpenBatch): void {
    const { codec, crc32c } = this.#options;
    const { name, maxBytes } = this.#topic;
    const packed = writer.pack(codec);
    // Several records are never longer together than the topic takes, compressed or not.
    if (packed.bytes.length > maxBytes) this.#refused.push({ item: first, bytes: packed.bytes.length });
    else this.#batches.push(new PackedRecords(name, partition, packed, crc32c));
  }

  #refusal(): ItemsRefused {
    const { name, maxBytes } = this.#topic;
    const { bootstrapServers } = this.#options;
    const longest = Math.max(...this.#refused.map(({ bytes }) => bytes));
    const many = this.#refused.length === 1 ? 'an item has' : `${this.#refused.length} items have up to`;
    const message = `${many} ${longest} bytes, compressed, and the topic "${name}" takes ${maxBytes} (max.message.bytes). To raise that: kafka-configs.sh --bootstrap-server ${bootstrapServers} --alter --entity-type topics --entity-name ${name} --add-config max.message.bytes=${2 * longest}`;
    return new ItemsRefused(
      this.#refused.map(({ item }) => item),
      message,
    );
  }
}

class PackedRecords implements ReadyRecords {
  readonly topic: string;
  readonly partition: number;
  readonly #packed: PackedBatch;
  readonly #crc32c: (bytes: Uint8Array) => number;

  constructor(topic: string, partition: number, packed: PackedBatch, crc32c: (bytes: Uint8Array) => number) {
    this.topic = topic;
    this.partition = partition;
    this.#packed = packed;
    this.#crc32c = crc32c;
  }

  get count(): number {
    return this.#packed.count;
  }

  sealed(producer: BatchProducer): Uint8Array {
    return sealBatch(this.#packed, producer, this.#crc32c);
  }
}
