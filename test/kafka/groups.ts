import { withAdmin } from './topics.ts';

/** The offsets that stand under a consumer group, by topic and partition, as a client for administration sees them. */
export async function groupOffsetsOf(bootstrapServers: string, groupId: string): Promise<Record<string, number>> {
  return withAdmin(bootstrapServers, async (admin) => {
    const groups = await admin.listConsumerGroupOffsets({ groups: [groupId], requireStable: true });
    const entries = groups.flatMap(({ topics }) =>
      topics.flatMap(({ name, partitions }) =>
        partitions.map(
          ({ partitionIndex, committedOffset }) => [`${name}/${partitionIndex}`, Number(committedOffset)] as const,
        ),
      ),
    );
    return Object.fromEntries(entries);
  });
}
