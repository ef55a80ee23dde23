import { describe, expect, it } from 'vitest';
import type { EventSink, SinkContext } from '../sinks/event-sink.ts';
import type { StateOperation } from '../state/state-backend.ts';
import { ErrorHandler, ErrorPolicy } from '../plan/error-handler.ts';
import { LateEventHandler } from '../plan/late-event-handler.ts';
import { ManualClock } from '../time/manual-clock.ts';
import {
  CollectingSink,
  gate,
  readings,
  readingsPipeline,
  scriptedSource,
  settle,
  WatchedBackend,
  type Reading,
} from './run-fixtures.contract.ts';

interface StoredMeta {
  readonly epoch: number;
  readonly positions: readonly (readonly [string, { readonly offset: number }])[];
  readonly sinks: readonly (readonly [string, string])[];
}

function metaOf(operations: readonly StateOperation[]): StoredMeta {
  const meta = operations.find(({ key }) => Buffer.from(key).toString() === 'p/meta');
  return JSON.parse(Buffer.from(meta?.value ?? []).toString()) as StoredMeta;
}

const at = (timestamp: number): Reading => ({ timestamp, key: 'a', value: 1 });

describe('while an epoch is being committed', () => {
  it('the next is read, and is closed only when the first is committed and delivered', async () => {
    const clock = new ManualClock();
    const backend = new WatchedBackend();
    const committing = gate();
    const order: string[] = [];
    backend.beforeCommit = (commit, operations) => {
      order.push(`commit ${commit} of ${JSON.stringify(metaOf(operations).positions)}`);
      return commit === 1 ? committing.opened : undefined;
    };
    const { source, give } = scriptedSource({
      committed: (positions) => order.push(`source: committed ${String(positions.get('only')?.offset)}`),
    });
    const pipeline = readingsPipeline(source)
      .withTumblingWindow(1)
      .withStateBackend(backend)
      .withSink({ sendBatch: (_, { epoch }) => void order.push(`delivery ${epoch}`) })
      .build({ clock });
    const running = pipeline.run();
    give(at(1), at(2));
    await settle(clock);
    clock.advance(100);
    await settle(clock);
    expect(order).toEqual(['commit 1 of [["only",{"offset":2}]]']);
    for (let timestamp = 3; timestamp < 10; timestamp += 1) {
      give(at(timestamp));
      clock.advance(100);
      await settle(clock);
    }
    // All is read, but of the first commit nothing has changed, and nothing is delivered.
    expect(pipeline.status()).toMatchObject({ epoch: 0, counters: { read: 9 } });
    expect(order).toHaveLength(1);
    committing.open();
    await settle(clock);
    clock.advance(100);
    await settle(clock);
    expect(order).toEqual([
      'commit 1 of [["only",{"offset":2}]]',
      'source: committed 2',
      'delivery 1',
      'commit 2 of [["only",{"offset":9}]]',
      'source: committed 9',
      'delivery 2',
    ]);
    await pipeline.stop();
    await running;
  });

  it('what is read meanwhile is no part of it, though the write takes long', async () => {
    const clock = new ManualClock();
    const backend = new WatchedBackend();
    const committing = gate();
    backend.beforeCommit = (commit) => (commit === 1 ? committing.opened : undefined);
    backend.afterCommit = () => {
      throw new Error('the process ends');
    };
    const { source, give } = scriptedSource();
    const build = (sink: EventSink, commitInterval = 100) =>
      readingsPipeline(source)
        .withTumblingWindow(10)
        .withCommitInterval(commitInterval)
        .withStateBackend(backend)
        .withSink(sink)
        .build({ clock });
    const running = build(new CollectingSink()).run();
    give(at(1), at(2));
    await settle(clock);
    clock.advance(100);
    await settle(clock);
    give(at(3), at(4), at(12));
    await settle(clock);
    committing.open();
    await expect(running).rejects.toThrow('the process ends');
    backend.afterCommit = () => undefined;
    const sink = new CollectingSink();
    const again = build(sink);
    const second = again.run();
    give(at(3), at(4), at(12));
    await settle(clock);
    await again.stop();
    await second;
    expect(sink.items.map(({ results }) => (results as { readonly count: number }).count)).toEqual([4]);
    expect(again.status().counters.read).toBe(5);
  });
});

/** A sink whose position is the number of items it has taken, and which notes what it was opened with. */
class CountingSink<T> implements EventSink<T> {
  readonly name: string;
  taken = 0;
  readonly opened: (string | undefined)[] = [];

  constructor(name: string) {
    this.name = name;
  }

  open({ position }: SinkContext): void {
    this.opened.push(position);
  }

  sendBatch(items: readonly T[]): void {
    this.taken += items.length;
  }

  position(): string {
    return `${this.name}:${this.taken}`;
  }
}

describe('where the sinks stand', () => {
  it('is kept with the epoch after, and at the end with what takes the last outbox away', async () => {
    const backend = new WatchedBackend();
    const kept: (readonly [epoch: number, sinks: StoredMeta['sinks'], outboxGone: boolean])[] = [];
    const note = (operations: readonly StateOperation[]): void => {
      const { epoch, sinks } = metaOf(operations);
      const gone = operations.some(
        ({ key, value }) => Buffer.from(key).toString() === 'p/outbox' && value === undefined,
      );
      kept.push([epoch, sinks, gone]);
    };
    backend.beforeCommit = (_, operations) => note(operations);
    backend.beforeNote = note;
    const pipeline = readingsPipeline(readings(6))
      .withTumblingWindow(1)
      .withBufferSize(2)
      .withStateBackend(backend)
      .withSink(new CountingSink('a'))
      .withSink(new CollectingSink('mute'))
      .withSink(new CountingSink('a'));
    const { epoch, counters } = await pipeline.build().run();
    expect(counters.fired).toBe(6);
    const [first] = kept;
    expect(first).toEqual([1, [['a', 'a:0'], ['a-2', 'a:0']], false]); // prettier-ignore
    expect(kept.at(-1)).toEqual([epoch, [['a', 'a:6'], ['a-2', 'a:6']], true]); // prettier-ignore
    expect(kept).toHaveLength(epoch + 1);
    const counts = kept.map(([, sinks]) => Number(sinks[0]?.[1].slice(2)));
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
  });

  it('is told to each when it is opened again, also to those of late events and dead letters', async () => {
    const backend = new WatchedBackend();
    const sinks = [
      new CountingSink<unknown>('out'),
      new CountingSink<unknown>('late'),
      new CountingSink<unknown>('dead'),
    ] as const;
    const broken = { timestamp: 'never', key: 'a', value: 1 } as unknown as Reading;
    const build = (events: readonly Reading[]) =>
      readingsPipeline(events)
        .withTumblingWindow(1)
        .withStateBackend(backend)
        .withSink(sinks[0])
        .withLateEventHandler(new LateEventHandler(0, { sideOutput: sinks[1] }))
        .withDeadLetterSink(sinks[2])
        .build();
    await build([...readings(20), at(3), broken]).run();
    await build([...readings(20), at(3), broken]).run();
    expect(sinks.map(({ opened }) => opened)).toEqual([
      [undefined, 'out:20'],
      [undefined, 'late:1'],
      [undefined, 'dead:1'],
    ]);
  });

  it('is that before the outbox which is delivered again after a crash', async () => {
    const backend = new WatchedBackend();
    const sink = new CountingSink('out');
    let isOut = false;
    const unsteady: EventSink = {
      name: 'out',
      open: (context) => sink.open(context),
      position: () => sink.position(),
      sendBatch: (items) => {
        sink.sendBatch(items);
        if (isOut) throw new Error('power failure');
      },
    };
    const build = () =>
      readingsPipeline(readings(40))
        .withTumblingWindow(1)
        .withBufferSize(10)
        .withStateBackend(backend)
        .withErrorHandler(new ErrorHandler(ErrorPolicy.retry({ maxAttempts: 0 })))
        .withSink(unsteady)
        .build();
    backend.afterCommit = (commit) => {
      isOut = commit === 3;
    };
    await expect(build().run()).rejects.toThrow('power failure');
    const [taken, before] = [sink.taken, sink.taken - 10];
    expect(taken).toBeGreaterThan(10);
    backend.afterCommit = () => undefined;
    isOut = false;
    await build().run();
    expect(sink.opened).toEqual([undefined, `out:${before}`]);
  });

  it('that a sink cannot tell ends the run', async () => {
    let isBroken = false;
    const sink: EventSink = {
      name: 'torn',
      sendBatch: () => {
        isBroken = true;
      },
      position: () => {
        if (isBroken) throw new Error('lost it');
        return '0';
      },
    };
    const pipeline = readingsPipeline(readings(4)).withTumblingWindow(1).withSink(sink).build();
    await expect(pipeline.run()).rejects.toMatchObject({
      code: 'SINK_FAILED',
      message: 'sink "torn" cannot tell where it stands: lost it',
    });
    expect(await pipeline.metrics.export()).toContain('errors_total{kind="sink"} 1');
  });
});
