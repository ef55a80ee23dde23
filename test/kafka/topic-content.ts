import type { RecordBlock } from '../../src/event/record-block.ts';
import { KafkaSource } from '../../src/sources/kafka/kafka-source.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { SystemClock } from '../../src/time/clock.ts';
import { upToNow } from './reading.ts';

/** What a reader of a topic sees now: the values of each partition, in their order. */
export async function contentOf(
  bootstrapServers: string,
  topic: string,
  isolationLevel: 'read_committed' | 'read_uncommitted' = 'read_committed',
): Promise<ReadonlyMap<number, readonly string[]>> {
  const source = upToNow(new KafkaSource({ bootstrapServers, topics: [topic], isolationLevel }));
  const open = await source.open({
    pipeline: 'reader',
    clock: new SystemClock(),
    logger: silentLogger,
    positions: new Map(),
    signal: new AbortController().signal,
    maxBlockRecords: 1024,
  });
  const content = new Map<number, readonly string[]>();
  for (const partition of open.partitions) {
    const values: string[] = [];
    for (let block = await partition.read(); block !== null; block = await partition.read())
      values.push(...textsOf(block));
    content.set(Number(partition.id.split('/')[1]), values);
  }
  await open.close();
  return content;
}

/** All values that a reader of a topic sees now, one partition after the other. */
export async function valuesOf(...topic: Parameters<typeof contentOf>): Promise<readonly string[]> {
  return [...(await contentOf(...topic)).values()].flat();
}

function textsOf(block: RecordBlock): readonly string[] {
  if (block.kind !== 'bytes') throw new Error('a block of bytes was expected');
  return Array.from({ length: block.count }, (_, i) =>
    Buffer.from(block.bytes.subarray(block.starts[i], block.ends[i])).toString('utf8'),
  );
}
