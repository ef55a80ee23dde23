import { describe, expect, it } from 'vitest';
import { ProcessorError } from '../errors/processor-error.ts';
import { GroupingKey } from '../event/grouping-key.ts';
import { Window } from '../event/window.ts';
import { AggregationResult, type Results } from '../results/aggregation-result.ts';
import { DeadLetter } from '../results/dead-letter.ts';
import { LateEvent } from '../results/late-event.ts';
import { MemoryStateBackend } from '../state/memory/memory-state-backend.ts';
import { EpochStore } from './epoch-store.ts';
import { readOutbox, writeOutbox } from './outbox-codec.ts';
import type { Outbox } from './outbox.ts';

const key = GroupingKey.fromFields([
  ['__proto__', 'ß"\n'],
  ['b', null],
]);
const raw = new Uint8Array([0, 255, 128, 10]);
const source = { partition: 'p/0', offset: 7, raw, timestamp: 5 };

function outboxOf(watermark: number): Outbox {
  const results = JSON.parse('{"__proto__":{"count":1,"sum":null,"overflow":true}}') as Results;
  return {
    results: [
      new AggregationResult({
        pipeline: 'p',
        windowName: 'w',
        windowType: 'session',
        window: new Window(-10, 10, key),
        results,
        pane: { index: 2, timing: 'late', final: true },
        timestamp: 5,
      }),
    ],
    lateEvents: [new LateEvent({ ...source, window: new Window(0, 10), eventTime: 3, watermark, data: undefined })],
    deadLetters: [new DeadLetter({ ...source, code: 'not_json', message: 'no', path: null })],
  };
}

describe('an outbox', () => {
  it.each([12, Infinity])('is the same when it has been stored: watermark %d', (watermark) => {
    const outbox = outboxOf(watermark);
    const read = readOutbox(writeOutbox(outbox));
    expect(JSON.stringify(read)).toBe(JSON.stringify(outbox));
    expect(read.results[0]?.id).toBe(outbox.results[0]?.id);
    expect(read.lateEvents[0]?.watermark).toBe(watermark);
    expect([...(read.deadLetters[0]?.raw ?? [])]).toEqual([...raw]);
  });

  it.each(['meta', 'outbox'])('or an epoch that cannot be read is a state error: %s', async (damaged) => {
    const backend = new MemoryStateBackend();
    await backend.open();
    const store = new EpochStore(backend, 'p');
    const meta = { epoch: 1, positions: new Map(), progress: null, totals: {}, sinks: new Map(), restartEntries: 0 };
    await backend.batch(store.operationsOf({ meta, delta: [], journal: null, journaled: 0, outbox: outboxOf(1) }));
    expect((await store.read())?.meta).toEqual(meta);
    for (const text of ['null', '{', '7']) {
      await backend.put(Buffer.from(`p/${damaged}`), Buffer.from(text));
      const failure: unknown = await store.read().catch((error: unknown) => error);
      expect(ProcessorError.is(failure, 'state') && failure.code).toBe('STATE_CORRUPT');
    }
  });
});
