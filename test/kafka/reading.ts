import type { EventSource, OpenSource, SourcePartition } from '../../src/sources/event-source.ts';

/** A source without end, as one that ends for each partition where it has caught up. */
export function upToNow(source: EventSource): EventSource {
  return {
    name: source.name,
    async open(context): Promise<OpenSource> {
      const open = await source.open(context);
      return { partitions: open.partitions.map(ending), close: () => open.close() };
    },
  };
}

function ending(partition: SourcePartition): SourcePartition {
  return {
    id: partition.id,
    get caughtUp() {
      return partition.caughtUp;
    },
    read: () => (partition.caughtUp ? Promise.resolve(null) : partition.read()),
  };
}
