import { partitionId } from '../../../src/kafka/partition-id.ts';
import { ChaosFailure } from '../command-line.ts';
import type { Given } from '../feed.ts';
import { partitionOf } from '../feed.ts';
import type { InputRecord } from '../input.ts';
import { parseKey, type PartitionScript } from './script.ts';
import type { PartitionLog } from './topic-log.ts';

/** What the processor has been given: what the log of the input has for good, whoever was told what about it. */
export function givenOf(topic: string, scripts: readonly PartitionScript[], logs: readonly PartitionLog[]): Given {
  const ends = new Map<string, readonly [least: number, most: number]>();
  const partitions = logs.map((log) => {
    const id = partitionId({ topic, partition: log.partition });
    const placed = log.records
      .filter(({ outcome }) => outcome === 'committed')
      .map((record) => ({ offset: record.offset, ...recordOf(record, log.partition, scripts) }));
    const last = placed.at(-1)?.offset ?? -1;
    // Markers and what was aborted may be passed over, or not yet.
    ends.set(id, [last + 1, log.end]);
    return partitionOf(id, placed, ({ offset }) => offset);
  });
  for (const { partition, records } of logs) {
    const open = records.find(({ outcome }) => outcome === 'open');
    if (open !== undefined) throw new ChaosFailure(`partition ${String(partition)} has a transaction that never ended`);
  }
  return {
    partitions: partitions.map(({ partition }) => partition),
    deadLetters: partitions.flatMap(({ deadLetters }) => deadLetters),
    ends,
    unanswered: { sent: 0, taken: 0 },
  };
}

function recordOf(
  { key, value }: PartitionLog['records'][number],
  partition: number,
  scripts: readonly PartitionScript[],
): InputRecord {
  const place = parseKey(key ?? '');
  const record = place === undefined ? undefined : scripts[place.partition]?.records[place.index];
  if (record === undefined || place?.partition !== partition || value?.toString() !== record.text) {
    throw new ChaosFailure(`the log of the input has a record that nobody was to produce: ${String(key)}`);
  }
  return record;
}
