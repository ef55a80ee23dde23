import type { API } from '@platformatic/kafka';
import type { KafkaLibrary } from '../../kafka/client-library.ts';

const PRODUCE = 0;
/** Newest first. From 12 on a broker adds partitions to a transaction by itself, and asks for other answers to its errors. */
const VERSIONS = [11, 9] as const;

/** The bytes of a batch, and where they go. */
export interface PartitionBytes {
  readonly topic: string;
  readonly partition: number;
  readonly bytes: Uint8Array;
}

/** A request to write (https://kafka.apache.org/protocol.html#The_Messages_Produce). */
export interface ProduceRequest {
  /** Null: in no transaction. */
  readonly transactionalId: string | null;
  /** −1: all replicas that are in sync; 1: the leader; 0: nobody, and nothing is answered. */
  readonly acks: -1 | 0 | 1;
  /** How long the leader waits for the replicas. */
  readonly timeoutMs: number;
  /** One batch of a partition at most. */
  readonly batches: readonly PartitionBytes[];
}

/** What is answered for one partition. */
export interface ProducedPartition {
  readonly topic: string;
  readonly partition: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

/** Calls for Produce whose batches are bytes already; of the library's own are only the answers. */
export function produceApis(library: KafkaLibrary): API<[ProduceRequest], unknown>[] {
  const parsers = { 11: library.produceV11.parseResponse, 9: library.produceV9.parseResponse };
  return VERSIONS.map((version) =>
    library.createAPI<[ProduceRequest], unknown>(
      PRODUCE,
      version,
      (request: ProduceRequest) => {
        const writer = library.Writer.create();
        for (const bytes of encodeProduce(request)) writer.append(bytes);
        if (request.acks === 0) writer.context['noResponse'] = true;
        return writer;
      },
      parsers[version],
    ),
  );
}

/** The parts of an answer, by partition. Undefined where there is none: nobody was asked to answer. */
export function producedPartitions(answer: unknown): readonly ProducedPartition[] | undefined {
  if (typeof answer !== 'object' || answer === null || !('responses' in answer)) return undefined;
  const { responses } = answer as Answer;
  return responses.flatMap(({ name, partitionResponses }) =>
    partitionResponses.map(({ index, errorCode, errorMessage }) => ({
      topic: name,
      partition: index,
      errorCode,
      errorMessage,
    })),
  );
}

interface Answer {
  readonly responses: readonly {
    readonly name: string;
    readonly partitionResponses: readonly {
      readonly index: number;
      readonly errorCode: number;
      readonly errorMessage: string | null;
    }[];
  }[];
}

/** The body of a request, the batches between what is around them. */
function encodeProduce({ transactionalId, acks, timeoutMs, batches }: ProduceRequest): Buffer[] {
  const topics = new Map<string, PartitionBytes[]>();
  for (const batch of batches) topics.set(batch.topic, [...(topics.get(batch.topic) ?? []), batch]);
  const head = Buffer.alloc(6);
  head.writeInt16BE(acks, 0);
  head.writeInt32BE(timeoutMs, 2);
  const parts: Buffer[] = [compactText(transactionalId), head, varint(topics.size + 1)];
  for (const [topic, own] of topics) {
    parts.push(compactText(topic), varint(own.length + 1));
    for (const { partition, bytes } of own) {
      const index = Buffer.alloc(4);
      index.writeInt32BE(partition);
      const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
      parts.push(index, varint(bytes.length + 1), content, NO_TAGS);
    }
    parts.push(NO_TAGS);
  }
  parts.push(NO_TAGS);
  return parts;
}

const NO_TAGS = Buffer.alloc(1);

function compactText(text: string | null): Buffer {
  if (text === null) return varint(0);
  const bytes = Buffer.from(text);
  return Buffer.concat([varint(bytes.length + 1), bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  bytes.push(rest);
  return Buffer.from(bytes);
}
