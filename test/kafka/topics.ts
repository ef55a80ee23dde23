import { randomUUID } from 'node:crypto';
import { setTimeout as after } from 'node:timers/promises';
import { Admin } from '@platformatic/kafka';

const LOOK_AGAIN_MS = 20;
/** Its own is to wait for a second. */
const PATIENCE = { retries: 10, retryDelay: 50 };

/** A topic to be made. */
export interface TopicOptions {
  /** Default: 1. */
  readonly partitions?: number;
  /** Such as `cleanup.policy` or `max.message.bytes`. */
  readonly config?: Readonly<Record<string, string>>;
}

/** A name that no other test has: broker and topics are shared by all of a run. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${randomUUID().slice(0, 8)}`;
}

/** Does something with a client for administration, which is closed at the end. */
export async function withAdmin<T>(bootstrapServers: string, action: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = new Admin({ clientId: 'test-admin', bootstrapBrokers: bootstrapServers.split(','), ...PATIENCE });
  try {
    return await action(admin);
  } finally {
    await admin.close();
  }
}

/** True once the leader of each partition serves it, which is a moment after it is named. */
async function areServed(admin: Admin, topics: readonly string[], partitions: number): Promise<boolean> {
  const indexes = Array.from({ length: partitions }, (_, partitionIndex) => ({ partitionIndex, timestamp: -1n }));
  try {
    await admin.metadata({ topics: [...topics], forceUpdate: true });
    await admin.listOffsets({ topics: topics.map((name) => ({ name, partitions: indexes })) });
    return true;
  } catch {
    return false;
  }
}

/** Makes topics, all alike, and waits until they can be written to. */
export async function createTopics(
  bootstrapServers: string,
  topics: readonly string[],
  { partitions = 1, config = {} }: TopicOptions = {},
): Promise<void> {
  const configs = Object.entries(config).map(([name, value]) => ({ name, value }));
  await withAdmin(bootstrapServers, async (admin) => {
    await admin.createTopics({ topics: [...topics], partitions, replicas: 1, configs });
    while (!(await areServed(admin, topics, partitions))) await after(LOOK_AGAIN_MS);
  });
}

/** Makes a topic with a name of its own. @returns that name. */
export async function createTopic(bootstrapServers: string, prefix: string, options?: TopicOptions): Promise<string> {
  const name = uniqueName(prefix);
  await createTopics(bootstrapServers, [name], options);
  return name;
}
