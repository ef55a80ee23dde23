import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runProgram } from '../test/kafka/java.ts';
import { createTopics, withAdmin } from '../test/kafka/topics.ts';
import { javaArguments } from './kafka-streams.ts';
import { sampleFile } from './sample-events.ts';

/** Partitions of the topic. */
export const PARTITIONS = 12;
/** The rate at which other benchmarks' two million events fill their hour. */
const EVENTS_PER_HOUR = 2_000_000;
const HOUR_MS = 3_600_000;

/** A topic with the sample's events, and a late one in each partition so that all windows before it close. */
export interface EventTopic {
  readonly name: string;
  /** Windows of the sample's events: a key and a minute each. */
  readonly windows: number;
}

/** Event that is later than all of the sample; its own window stays open. */
function lastEvent(hours: number): string {
  const timestamp = new Date(Date.UTC(2026, 0, 5, 11) + Math.ceil(hours) * HOUR_MS).toISOString();
  return JSON.stringify({ timestamp, model: 'last', region: 'last', tenant: 'last', latency_ms: 1 });
}

/**
 * A topic with that many events, compressed by lz4 and partitioned by their key; filled unless it is there.
 * @param folder where the broker's data are, and what is known of the topics.
 */
export async function eventTopic(
  broker: { readonly bootstrapServers: string },
  folder: string,
  classPath: string,
  events: number,
): Promise<EventTopic> {
  const name = `events-${String(events)}`;
  const known = join(folder, `${name}.json`);
  if (existsSync(known)) return JSON.parse(readFileSync(known, 'utf8')) as EventTopic;
  const { bootstrapServers } = broker;
  await withAdmin(bootstrapServers, async (admin) => {
    // What was begun and not finished is begun again.
    if ((await admin.listTopics()).includes(name)) await admin.deleteTopics({ topics: [name] });
  });
  await createTopics(bootstrapServers, [name], { partitions: PARTITIONS });
  const hours = events / EVENTS_PER_HOUR;
  const file = await sampleFile(folder, { events, hours });
  const args = javaArguments(classPath, 'LoadTopic', bootstrapServers, name, file, lastEvent(hours));
  const { code, stdout, stderr } = await runProgram('java', args);
  if (code !== 0) throw new Error(`The topic could not be filled: ${stderr}`);
  const topic: EventTopic = { name, windows: Number(stdout) };
  writeFileSync(known, JSON.stringify(topic));
  return topic;
}
