import type { EventSource, SourcePartition } from '../../src/sources/event-source.ts';
import { objectBlock } from '../../src/sources/memory/object-block.ts';
import { instanceOf, type PartitionShare } from '../../src/sources/partition-share.ts';

/** What a {@link sharedSource} is made from. */
export interface SharedSourceOptions {
  /** The events of each partition, by its number. */
  readonly partitions: readonly (readonly unknown[])[];
  readonly share: PartitionShare;
  /** By partition: how many of its events are there so far. Absent: all, and then it ends. */
  readonly upTo?: readonly number[];
  /** Most records of a block. */
  readonly blockRecords: number;
  /** Called when all that there is so far has been read. */
  readonly onExhausted?: () => void;
}

/** A topic in memory: partitions `t/0`, `t/1` and so on, of which an instance reads its own. It grows; nobody waits for time. */
export function sharedSource(options: SharedSourceOptions): EventSource<unknown> {
  const { partitions, share } = options;
  return {
    name: 'kafka',
    share,
    open: async ({ positions, signal }) => {
      const aborted = new Promise<null>((resolve) => signal.addEventListener('abort', () => resolve(null)));
      const own = [...partitions.keys()].filter((number) => instanceOf(number, share.instances) === share.instance);
      const exhausted = new Set<number>();
      const opened = own.map((number): SourcePartition => {
        const id = `t/${String(number)}`;
        let offset = positions.get(id)?.offset ?? 0;
        const events = partitions[number] ?? [];
        const end = options.upTo?.[number] ?? events.length;
        return {
          id,
          caughtUp: false,
          read: async () => {
            if (signal.aborted) return null;
            const objects = events.slice(offset, Math.min(end, offset + options.blockRecords));
            if (objects.length > 0) {
              const block = objectBlock(objects, offset, 0);
              offset = block.nextOffset;
              return block;
            }
            if (options.upTo === undefined) return null;
            exhausted.add(number);
            if (exhausted.size === own.length) options.onExhausted?.();
            return aborted;
          },
        };
      });
      if (own.length === 0) options.onExhausted?.();
      return { partitions: opened, newPartitions: () => [], close: async () => undefined };
    },
  };
}
