import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Window } from '../../event/window.ts';
import { DeadLetter } from '../../results/dead-letter.ts';
import { LateEvent } from '../../results/late-event.ts';
import { CallbackSink } from '../callback/callback-sink.ts';
import { delivery, describeEventSink, testContext } from '../event-sink.contract.ts';
import { DeadLetterSink, type Undelivered } from './dead-letter-sink.ts';

let folder: string;
let count = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dead-letter-sink-'));
});
afterAll(() => rm(folder, { recursive: true }));

function newPath(): string {
  count += 1;
  return join(folder, `${String(count)}.ndjson`);
}

function deadLetter(offset: number): DeadLetter {
  const raw = Buffer.from('{"a":');
  return new DeadLetter({
    code: 'not_json',
    message: 'cut short',
    path: null,
    partition: 'p0',
    offset,
    raw,
    timestamp: 0,
  });
}

const late = new LateEvent({
  window: new Window(0, 1000),
  eventTime: 500,
  watermark: 61_000,
  partition: 'p0',
  offset: 9,
  raw: Buffer.from('{}'),
  data: undefined,
  timestamp: 0,
});

describeEventSink<Undelivered>('DeadLetterSink to a file', () => {
  const path = newPath();
  return {
    sink: new DeadLetterSink({ path }),
    item: deadLetter,
    arrived: async () => {
      const lines = (await readFile(path, 'utf8').catch(() => '')).split('\n').slice(0, -1);
      return lines.map((line) => (JSON.parse(line) as { source: { offset: number } }).source.offset);
    },
  };
});

describeEventSink<Undelivered>('DeadLetterSink to a sink that takes one item at a time', () => {
  const offsets: number[] = [];
  const inner = new CallbackSink<Undelivered>(({ offset }) => void offsets.push(offset));
  return { sink: new DeadLetterSink(inner), item: deadLetter, arrived: () => offsets };
});

describe('DeadLetterSink', () => {
  it('writes the documented forms of a dead letter and of a late event', async () => {
    const path = newPath();
    const sink = new DeadLetterSink({ path });
    await sink.open(testContext);
    await sink.sendBatch([deadLetter(3), late], delivery());
    await sink.close();
    const [first, second] = (await readFile(path, 'utf8')).split('\n');
    expect(JSON.parse(first ?? '')).toEqual({
      error: { code: 'not_json', message: 'cut short', path: null },
      source: { partition: 'p0', offset: 3 },
      raw: Buffer.from('{"a":').toString('base64'),
      timestamp: '1970-01-01T00:00:00.000Z',
    });
    expect(JSON.parse(second ?? '')).toMatchObject({ error: { code: 'late' }, lateness_ms: 60_500 });
  });

  it('refuses what is neither topic, path nor sink', () => {
    expect(() => new DeadLetterSink({} as never)).toThrow(/another sink$/);
    expect(() => new DeadLetterSink('no topic')).toThrow(/letters, digits/);
  });

  it('knows no way to a topic by itself, unless it was told', async () => {
    const sink = new DeadLetterSink('errors-topic');
    expect(sink.topic).toBe('errors-topic');
    await expect(sink.open(testContext)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    const told = new DeadLetterSink('errors-topic', { bootstrapServers: 'localhost:9092' });
    expect(told.topic).toBeUndefined();
    expect(told.transaction).toBeDefined();
    expect(
      new DeadLetterSink('errors-topic', { bootstrapServers: 'localhost:9092', acks: 1 }).transaction,
    ).toBeUndefined();
  });
});
