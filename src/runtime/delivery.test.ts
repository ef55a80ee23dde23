import { ProcessorError } from '../errors/processor-error.ts';
import { describe, expect, it } from 'vitest';
import { ErrorHandler, ErrorPolicy } from '../plan/error-handler.ts';
import type { DeadLetter } from '../results/dead-letter.ts';
import type { AggregationResult } from '../results/aggregation-result.ts';
import type { EventSink } from '../sinks/event-sink.ts';
import { MemoryStateBackend } from '../state/memory/memory-state-backend.ts';
import { ManualClock } from '../time/manual-clock.ts';
import {
  blocksOf,
  CollectingSink,
  partitionOf,
  passTime,
  readings,
  readingsPipeline,
  settle,
  sourceOf,
} from './run-fixtures.contract.ts';

function failingSink(
  isRefused: (item: AggregationResult) => boolean,
): EventSink & { readonly taken: AggregationResult[] } {
  const taken: AggregationResult[] = [];
  return {
    name: 'picky',
    taken,
    sendBatch: async (items) => {
      if (items.some(isRefused)) throw new Error('not this one');
      taken.push(...items);
    },
  };
}

const isFirst = ({ window }: AggregationResult): boolean => window.start === 0;

describe('a sink that hangs and is healed', () => {
  it('pauses the sources, shows in the health, and then goes on without loss or repeated ids', async () => {
    const clock = new ManualClock();
    const sink = new CollectingSink();
    let read = 0;
    let hangs = true;
    const source = sourceOf(() => {
      const next = blocksOf(
        ...Array.from({ length: 40 }, (_, i) => readings(5).map((one) => ({ ...one, timestamp: i }))),
      );
      return [
        partitionOf('only', async () => {
          read += 1;
          return next();
        }),
      ];
    });
    const pipeline = readingsPipeline(source)
      .withTumblingWindow(1)
      .withBufferSize(20)
      .withErrorHandler(new ErrorHandler(ErrorPolicy.retry({ maxAttempts: Infinity }), { deliveryTimeout: '1s' }))
      .withSink({
        name: 'moody',
        sendBatch: (items, delivery) => (hangs ? new Promise(() => undefined) : sink.sendBatch(items, delivery)),
      })
      .build({ clock });
    const running = pipeline.run();
    await passTime(clock, 500, () => false, 20);
    const { health, components, counters } = pipeline.status();
    expect(health).toBe('degraded');
    expect(components['sink:moody']).toEqual({ status: 'degraded', message: 'no answer within 1s' });
    expect(counters.read).toBeLessThanOrEqual(40);
    const before = read;
    await passTime(clock, 500, () => false, 20);
    expect(read).toBe(before);
    hangs = false;
    let ended = false;
    const end = running.then(() => (ended = true));
    await passTime(clock, 500, () => ended);
    await end;
    expect(pipeline.status()).toMatchObject({ health: 'ok', counters: { read: 200 } });
    const ids = sink.items.map(({ id }) => id);
    expect(ids).toHaveLength(80);
    expect(new Set(ids).size).toBe(80);
  });
});

describe('of several sinks', () => {
  it('one that fails for good fails the run, when the others have what is theirs', async () => {
    const good = new CollectingSink();
    const closed: string[] = [];
    const pipeline = readingsPipeline(readings(20))
      .withTumblingWindow(10)
      .withErrorHandler(new ErrorHandler(ErrorPolicy.retry({ maxAttempts: 0 })))
      .withSink({ ...failingSink(() => true), close: () => void closed.push('picky') })
      .withSink({ sendBatch: (items, d) => good.sendBatch(items, d), close: () => void closed.push('good') })
      .build();
    await expect(pipeline.run()).rejects.toMatchObject({ code: 'SINK_FAILED', kind: 'sink' });
    expect(good.items).toHaveLength(4);
    expect(closed.toSorted()).toEqual(['good', 'picky']);
  });

  it('each has a name of its own in the health', () => {
    const pipeline = readingsPipeline([])
      .withTumblingWindow(10)
      .withSink(new CollectingSink('a'))
      .withSink(new CollectingSink('a-2'))
      .withSink(new CollectingSink('a'))
      .withDeadLetterSink(new CollectingSink('z'))
      .withSink(new CollectingSink('dead_letters'))
      .build();
    void pipeline.run();
    expect(Object.keys(pipeline.status().components)).toEqual([
      'source',
      'engine',
      'state',
      'sink:a',
      'sink:a-2',
      'sink:a-3',
      'sink:dead_letters-2',
      'sink:dead_letters',
    ]);
    return pipeline.stop();
  });

  it('those that were opened are closed when a later one cannot be', async () => {
    const closed: string[] = [];
    const pipeline = readingsPipeline(readings(1))
      .withTumblingWindow(10)
      .withSink({ name: 'a', send: () => undefined, close: () => void closed.push('a') })
      .withSink({
        name: 'b',
        send: () => undefined,
        open: () => Promise.reject(new Error('no disk')),
        close: () => void closed.push('b'),
      })
      .build();
    await expect(pipeline.run()).rejects.toThrow('sink "b" could not be opened: no disk');
    expect(closed).toEqual(['a']);
    expect(pipeline.status().state).toBe('failed');
  });

  it('one that is set up wrongly is a wrong configuration, and says where', async () => {
    const wrong = new ProcessorError('configuration', 'CONFIG_INVALID', 'no such file', { path: 'ssl.ca' });
    const pipeline = readingsPipeline(readings(1))
      .withTumblingWindow(10)
      .withSink({ name: 'a', send: () => undefined, open: () => Promise.reject(wrong) })
      .build();
    await expect(pipeline.run()).rejects.toMatchObject({
      kind: 'configuration',
      code: 'CONFIG_INVALID',
      path: 'ssl.ca',
      message: 'sink "a" could not be opened: no such file',
    });
  });

  it('one that cannot be closed fails the run, when all the others have been closed', async () => {
    const closed: string[] = [];
    const pipeline = readingsPipeline(readings(1))
      .withTumblingWindow(10)
      .withSink({ name: 'a', send: () => undefined, close: () => Promise.reject(new Error('stuck')) })
      .withSink({ name: 'b', send: () => undefined, close: () => void closed.push('b') })
      .build();
    await expect(pipeline.run()).rejects.toThrow('sink "a" could not be closed: stuck');
    expect(closed).toEqual(['b']);
  });
});

describe('by the error policy', () => {
  it('skip leaves out what is refused, counts it, and goes on', async () => {
    const sink = failingSink(isFirst);
    const pipeline = readingsPipeline(readings(40))
      .withTumblingWindow(10)
      .withErrorHandler(new ErrorHandler(ErrorPolicy.skip()))
      .withSink(sink)
      .build();
    expect(await pipeline.run()).toMatchObject({ outcome: 'finished', counters: { fired: 8, skipped: 2 } });
    expect(sink.taken).toHaveLength(6);
  });

  it('dead_letter writes what is refused to the dead letters, whole, one call at a time', async () => {
    const sink = failingSink(isFirst);
    const letters: DeadLetter[] = [];
    let calls = 0;
    const deadLetters: EventSink<DeadLetter> = {
      sendBatch: async (items) => {
        calls += 1;
        expect(calls).toBe(1);
        await settle(new ManualClock(), 3);
        letters.push(...items);
        calls -= 1;
      },
    };
    const broken = { timestamp: 'never', key: 'a', value: 1 } as unknown as ReturnType<typeof readings>[number];
    const pipeline = readingsPipeline([...readings(40), broken])
      .withTumblingWindow(10)
      .withErrorHandler(new ErrorHandler(ErrorPolicy.deadLetter(), { sink: deadLetters }))
      .withSink(sink)
      .build();
    await pipeline.run();
    expect(sink.taken).toHaveLength(6);
    expect(letters.map(({ code }) => code).toSorted()).toEqual(['invalid_timestamp', 'undeliverable', 'undeliverable']);
    const undeliverable = letters.find(({ code }) => code === 'undeliverable');
    expect(undeliverable).toMatchObject({ message: 'not this one', partition: 'results' });
    expect(JSON.parse(new TextDecoder().decode(undeliverable?.raw))).toMatchObject({ id: 'p/tumbling/key=a/0/10/0' });
  });

  it('dead_letter gives the dead letters the same time as any other delivery, and then fails the run', async () => {
    const clock = new ManualClock();
    const stuck: EventSink<DeadLetter> = { sendBatch: () => new Promise(() => undefined) };
    const handler = new ErrorHandler(ErrorPolicy.deadLetter(), { sink: stuck, deliveryTimeout: '1s' });
    const broken = { timestamp: 'never', key: 'a', value: 1 } as unknown as ReturnType<typeof readings>[number];
    const pipeline = readingsPipeline([broken])
      .withTumblingWindow(10)
      .withErrorHandler(handler)
      .withSink(new CollectingSink())
      .build({ clock });
    let failure: unknown;
    const running = pipeline.run().catch((error: unknown) => (failure = error));
    await passTime(clock, 500, () => failure !== undefined);
    await running;
    expect(failure).toMatchObject({ code: 'SINK_FAILED', cause: { message: 'no answer within 1s' } });
  });

  it('retry stops the run with the error, and the next run delivers what was not', async () => {
    const backend = new MemoryStateBackend();
    const build = (sink: EventSink) =>
      readingsPipeline(readings(20))
        .withTumblingWindow(10)
        .withStateBackend(backend)
        .withErrorHandler(new ErrorHandler(ErrorPolicy.retry({ maxAttempts: 0 })))
        .withSink(sink)
        .build();
    await expect(build(failingSink(() => true)).run()).rejects.toThrow('not this one');
    const healed = new CollectingSink();
    await build(healed).run();
    expect(healed.items).toHaveLength(4);
  });

  it('a source that fails does not take from the sinks what was committed before', async () => {
    const clock = new ManualClock();
    const sink = new CollectingSink();
    const next = blocksOf(readings(20));
    const source = sourceOf(() => [
      partitionOf('only', async () => {
        const block = await next();
        if (block === null) throw new Error('cable cut');
        return block;
      }),
    ]);
    const pipeline = readingsPipeline(source)
      .withTumblingWindow(5)
      .withBufferSize(1)
      .withErrorHandler(new ErrorHandler(ErrorPolicy.retry({ maxAttempts: 1, initialDelay: 10 })))
      .withSink({
        sendBatch: async (items, delivery) => {
          await clock.sleep(2000);
          await sink.sendBatch(items, delivery);
        },
      })
      .build({ clock });
    let failure: unknown;
    const running = pipeline.run().catch((error: unknown) => (failure = error));
    await passTime(clock, 100, () => failure !== undefined);
    await running;
    expect(failure).toMatchObject({ kind: 'source', code: 'SOURCE_FAILED' });
    expect(sink.epochs).toEqual(Array.from({ length: pipeline.status().epoch }, (_, i) => i + 1));
    expect(sink.items.length).toBeGreaterThan(0);
  });
});
