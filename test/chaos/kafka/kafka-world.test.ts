import { describe, expect, it } from 'vitest';
import { oracle } from '../../oracle/oracle.ts';
import { partitionOf } from '../feed.ts';
import type { Send } from './input-producer.ts';
import { drawKafkaWorld, type KafkaWorld } from './kafka-world.ts';
import { keyOf, parseKey, type Step } from './script.ts';

const worlds = Array.from({ length: 40 }, (_, seed) => drawKafkaWorld(seed));

/** What is sent for good and what is not, in the order in which it is sent; null where the topic grows. */
function* sendsOf(steps: readonly Step[]): Generator<{ readonly send: Send; readonly isCommitted: boolean } | null> {
  for (const step of steps) {
    if (step.type === 'grow') yield null;
    else if (step.type === 'send') yield { send: step.send, isCommitted: true };
    else {
      for (const send of step.first) yield { send, isCommitted: step.isCommitted };
      yield* sendsOf(step.meanwhile);
      yield { send: step.last, isCommitted: step.isCommitted };
    }
  }
}

function timesOf({ partitions }: KafkaWorld, { records }: Send): number[] {
  return records.flatMap(({ key }) => {
    const { partition = -1, index = -1 } = parseKey(key) ?? {};
    const time = partitions[partition]?.records[index]?.event?.timestamp;
    return time === undefined ? [] : [time];
  });
}

describe('a world with Kafka', () => {
  it('sends each record once for good, in order, and nothing else', () => {
    for (const { partitions, steps } of worlds) {
      const sent: string[][] = partitions.map(() => []);
      for (const { send, isCommitted } of [...sendsOf(steps)].flatMap((each) => each ?? [])) {
        const named = send.records.filter(({ key }) => parseKey(key) !== undefined);
        if (!isCommitted) expect(named).toEqual([]);
        sent[send.partition]?.push(...send.records.map(({ key, text }) => (isCommitted ? `${key} ${text}` : '')));
      }
      const wanted = partitions.map(({ partition, records }) =>
        records.map(({ text }, index) => `${keyOf(partition, index)} ${text}`),
      );
      expect(sent.map((all) => all.filter((text) => text !== ''))).toEqual(wanted);
    }
  });

  it('has no sessions that depend on the order in which partitions are read', () => {
    const withSessions = worlds.filter(
      ({ oracle: { windows }, partitions }) => partitions.length > 1 && windows.some(({ type }) => type === 'session'),
    );
    expect(withSessions.length).toBeGreaterThan(5);
    for (const { seed, oracle: config, partitions } of withSessions) {
      const inputs = partitions.map(({ partition, records }) => {
        const placed = records.map((record, offset) => ({ ...record, offset }));
        return partitionOf(String(partition), placed, ({ offset }) => offset).partition;
      });
      expect(oracle(config, inputs).sessionsDefined, `seed ${String(seed)}`).toBe(true);
    }
  });

  it('has events in partitions that are added which are newer than all before by more than any window', () => {
    const grown = worlds.filter(({ partitions, firstPartitions }) => partitions.length > firstPartitions);
    expect(grown.length).toBeGreaterThan(3);
    for (const world of grown) {
      const longest = Math.max(
        ...world.oracle.windows.map((window) => (window.type === 'session' ? 2 * window.gap : window.size)),
      );
      let newest = 0;
      let hasGrown = false;
      for (const sent of sendsOf(world.steps)) {
        if (sent === null) hasGrown = true;
        else if (!hasGrown) {
          expect(sent.send.records.length === 0 || sent.send.partition < world.firstPartitions).toBe(true);
          newest = Math.max(newest, ...timesOf(world, sent.send));
        } else if (sent.send.partition >= world.firstPartitions) {
          expect(Math.min(Infinity, ...timesOf(world, sent.send))).toBeGreaterThan(newest + longest);
        }
      }
      expect(hasGrown).toBe(true);
    }
  });

  it('ends each partition with the event that closes all windows', () => {
    for (const { partitions, closingTime } of worlds) {
      for (const { records } of partitions) {
        expect(records.at(-1)?.event?.timestamp).toBe(closingTime);
        expect(records.slice(0, -1).every(({ event }) => (event?.timestamp ?? 0) < closingTime - 60_000)).toBe(true);
      }
    }
  });

  it('is the same for the same seed', () => {
    expect(drawKafkaWorld(7)).toEqual(drawKafkaWorld(7));
  });
});
