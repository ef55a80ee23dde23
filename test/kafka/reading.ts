import { setTimeout as after } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import type { RecordBlock } from '../../src/event/record-block.ts';
import type { KafkaConfig } from '../../src/kafka/kafka-settings.ts';
import type { EventSource, OpenSource, SourceContext, SourcePartition } from '../../src/sources/event-source.ts';
import { contextWith, textsOf } from '../../src/sources/event-source.contract.ts';
import { KafkaSource } from '../../src/sources/kafka/kafka-source.ts';
import { SystemClock } from '../../src/time/clock.ts';

/** A source without end, as one that ends for each partition where it has caught up. */
export function upToNow(source: EventSource): EventSource {
  return {
    name: source.name,
    async open(context): Promise<OpenSource> {
      const open = await source.open(context);
      return { partitions: open.partitions.map(endingNow), close: () => open.close() };
    },
  };
}

function endingNow(partition: SourcePartition): SourcePartition {
  return {
    id: partition.id,
    get caughtUp() {
      return partition.caughtUp;
    },
    read: () => readUpToNow(partition),
  };
}

/** The next block, or null once the partition has caught up: also where only markers and aborted records were left. */
async function readUpToNow(partition: SourcePartition): Promise<RecordBlock | null> {
  if (partition.caughtUp) return null;
  const read = partition.read();
  for (;;) {
    const first = await Promise.race([read, after(5)]);
    if (first !== undefined) return first;
    if (partition.caughtUp) return null;
  }
}

/** Opens a source of Kafka, by the machine's clock and with large blocks unless told otherwise; closed with the test. */
export async function openKafka(config: KafkaConfig, context: Partial<SourceContext> = {}): Promise<OpenSource> {
  const ending = new AbortController();
  const open = await new KafkaSource(config).open(
    contextWith({ clock: new SystemClock(), maxBlockRecords: 1024, signal: ending.signal, ...context }),
  );
  onTestFinished(async () => {
    ending.abort();
    await open.close();
  });
  return open;
}

/** Blocks of a partition until it has caught up. */
export async function blocksUpToNow(partition: SourcePartition): Promise<RecordBlock[]> {
  const blocks: RecordBlock[] = [];
  for (;;) {
    const block = await readUpToNow(partition);
    if (block === null) return blocks;
    blocks.push(block);
  }
}

/** Values of a partition as text, until it has caught up. */
export async function valuesUpToNow(partition: SourcePartition): Promise<string[]> {
  return (await blocksUpToNow(partition)).flatMap(textsOf);
}

/** The first so many values of a partition: waits for them. */
export async function firstValues(partition: SourcePartition, count: number): Promise<string[]> {
  const values: string[] = [];
  while (values.length < count) {
    const block = await partition.read();
    if (block === null) break;
    values.push(...textsOf(block));
  }
  return values;
}

/** The partition of a number. */
export function partitionAt(open: OpenSource, index = 0): SourcePartition {
  const found = open.partitions.find(({ id }) => id.endsWith(`/${index}`));
  if (found === undefined) throw new Error(`no partition ${index}`);
  return found;
}
