import { describe, expect, expectTypeOf, it } from 'vitest';
import { ProcessorError } from '../../errors/processor-error.ts';
import { contextWith, describeResumableSource, readAll, textsOf } from '../event-source.contract.ts';
import type { EventSource } from '../event-source.ts';
import { fromEvents, MemorySource } from './memory-source.ts';

const EVENTS = Array.from({ length: 8 }, (_, n) => ({ n }));
const TEXTS = EVENTS.map((event) => JSON.stringify(event));

async function* asynchronously<T>(events: Iterable<T>): AsyncGenerator<T> {
  for (const event of events) {
    await Promise.resolve();
    yield event;
  }
}

describeResumableSource('a memory source of an array', () =>
  Promise.resolve({
    source: () => fromEvents(EVENTS),
    expected: { memory: TEXTS },
  }),
);

describeResumableSource('a memory source of several partitions', () =>
  Promise.resolve({
    source: () => fromEvents({ b: EVENTS, a: new Set(EVENTS), ['__proto__']: asynchronously(EVENTS) }),
    expected: { b: TEXTS, a: TEXTS, ['__proto__']: TEXTS },
  }),
);

describe('a memory source', () => {
  it('can be opened again and again, for readers that know nothing of each other', async () => {
    const source = fromEvents(EVENTS);
    const [one, other] = [await source.open(contextWith()), await source.open(contextWith())];
    expect((await readAll(one.partitions[0]!)).flatMap(textsOf)).toEqual(TEXTS); // one partition, as asked for
    expect((await readAll(other.partitions[0]!)).flatMap(textsOf)).toEqual(TEXTS);
  });

  it('hands over what an async iterable has, without waiting for more', async () => {
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    async function* events(): AsyncGenerator<number> {
      yield 1;
      yield 2;
      await gate;
      yield 3;
    }
    const open = await fromEvents(events()).open(contextWith({ maxBlockRecords: 100 }));
    const partition = open.partitions[0]!; // one partition, as asked for
    expect(await partition.read()).toMatchObject({ objects: [1, 2], nextOffset: 2 });
    const waiting = partition.read();
    expect(partition.caughtUp).toBe(true);
    release();
    expect(await waiting).toMatchObject({ objects: [3], nextOffset: 3 });
    expect(await partition.read()).toBeNull();
  });

  it('asks an async iterable for no more than one event ahead of those handed over', async () => {
    let asked = 0;
    async function* events(): AsyncGenerator<number> {
      for (;;) {
        asked += 1;
        yield asked;
      }
    }
    const open = await fromEvents(events()).open(contextWith({ maxBlockRecords: 5 }));
    await open.partitions[0]?.read();
    await new Promise((resolve) => setImmediate(resolve));
    expect(asked).toBeLessThanOrEqual(6);
    await open.close();
  });

  it('lets a read go that waits for an event when the run ends, and closes although none comes', async () => {
    async function* never(): AsyncGenerator<number> {
      await new Promise(() => undefined);
      yield 1;
    }
    const run = new AbortController();
    const open = await fromEvents(never()).open(contextWith({ signal: run.signal }));
    const reading = open.partitions[0]?.read();
    run.abort();
    expect(await reading).toBeNull();
    await open.close();
  });

  it('lets a generator clean up when it is closed early', async () => {
    let cleaned = false;
    function* events(): Generator<number> {
      try {
        for (;;) yield 1;
      } finally {
        cleaned = true;
      }
    }
    const open = await fromEvents(events()).open(contextWith());
    await open.partitions[0]?.read();
    await open.close();
    expect(cleaned).toBe(true);
  });

  it('hands over the events before a failure, then reports it', async () => {
    async function* events(): AsyncGenerator<number> {
      yield 1;
      throw new Error('the line went dead');
    }
    const open = await fromEvents({ calls: events() }).open(contextWith());
    const partition = open.partitions[0]!; // one partition, as asked for
    expect(await partition.read()).toMatchObject({ objects: [1] });
    const failure = await partition.read().catch((error: unknown) => error);
    expect(ProcessorError.is(failure, 'source')).toBe(true);
    expect(failure).toMatchObject({ code: 'SOURCE_FAILED', message: expect.stringContaining('the line went dead') });
  });

  it.each([
    ['a generator function', function* () {}],
    ['text', 'abc'],
    ['null', null],
    ['a partition that is no list', { a: 5 }],
  ])('refuses %s', (_, events) => {
    // As a caller without types may call it.
    expect(() => new MemorySource(events as never)).toThrow(/must be an array or another iterable/);
  });

  it('has the type of its events', () => {
    expectTypeOf(fromEvents([{ a: 1 }])).toExtend<EventSource<{ a: number }>>();
    expectTypeOf(fromEvents({ p: [{ a: 1 }] })).toExtend<EventSource<{ a: number }>>();
  });
});
