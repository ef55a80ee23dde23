import { describe, expect, it } from 'vitest';
import { ErrorHandler, ErrorPolicy } from '../plan/error-handler.ts';
import { LateEventHandler } from '../plan/late-event-handler.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { AggregationResult } from '../results/aggregation-result.ts';
import { MemoryStateBackend } from '../state/memory/memory-state-backend.ts';
import type { StateBackend } from '../state/state-backend.ts';
import { ManualClock } from '../time/manual-clock.ts';
import { MemoryBroker, MemoryTransaction, type TransactionStep } from './memory-transaction.contract.ts';
import {
  CollectingSink,
  DurableBackend,
  gate,
  passTime,
  readings,
  readingsPipeline,
  scriptedSource,
  settle,
  shown,
} from './run-fixtures.contract.ts';

interface World {
  readonly clock?: ManualClock;
  readonly backend?: StateBackend;
  readonly policy?: ErrorPolicy;
  readonly source?: Parameters<typeof readingsPipeline>[0];
}

/** Every eighth event is out of order, and the last of them too late. */
const EVENTS = readings(60).map((event, i) => (i % 8 === 7 ? { ...event, timestamp: event.timestamp - 25 } : event));

/** A pipeline whose results, late events and dead letters are delivered in the transaction. */
function pipelineOf(transaction: MemoryTransaction, world: World = {}): Pipeline<unknown> {
  const { clock = new ManualClock(), backend = new DurableBackend(), policy, source = EVENTS } = world;
  return readingsPipeline(source)
    .withTumblingWindow(10)
    .withLateEventHandler(new LateEventHandler(0, { sideOutput: transaction.sink('late') }))
    .withSink(transaction.sink<AggregationResult<never>>('results'))
    .withDeadLetterSink(transaction.sink('letters'))
    .withErrorHandler(new ErrorHandler(policy, { deliveryTimeout: '10s' }))
    .withStateBackend(backend)
    .withBufferSize(10)
    .build({ clock });
}

/** What is delivered where nothing goes wrong. */
async function undisturbed(): Promise<MemoryBroker> {
  const broker = new MemoryBroker();
  await pipelineOf(new MemoryTransaction(broker)).run();
  return broker;
}

const resultsIn = (broker: MemoryBroker): readonly AggregationResult[] =>
  broker.itemsOf('results') as readonly AggregationResult[];

function contentOf(broker: MemoryBroker): readonly string[] {
  return [...resultsIn(broker).map(shown), ...broker.itemsOf('late').map((late) => canonical(late))];
}

function canonical(item: unknown): string {
  return JSON.stringify({ ...(JSON.parse(JSON.stringify(item)) as object), timestamp: null });
}

/** Runs until a step, which never ends, as far as anybody else can see: the process is gone. */
async function crashAt(
  transaction: MemoryTransaction,
  step: TransactionStep,
  count: number,
  when: 'before' | 'after',
  world: World,
): Promise<boolean> {
  const clock = world.clock ?? new ManualClock();
  const happened = { crash: false, end: false };
  transaction[when] = (each, number) => {
    if (each !== step || number !== count) return;
    happened.crash = true;
    return new Promise(() => undefined);
  };
  const end = (): void => {
    happened.end = true;
  };
  pipelineOf(transaction, { ...world, clock })
    .run()
    .then(end, end);
  for (let turn = 0; turn < 2000 && !happened.crash && !happened.end; turn += 1) await clock.nextTurn();
  return happened.crash;
}

describe('sinks that share a transaction', () => {
  it('are given their items of an epoch between its begin and its commit, with the mark of the epoch and the positions', async () => {
    const broker = new MemoryBroker();
    const transaction = new MemoryTransaction(broker);
    const summary = await pipelineOf(transaction).run();
    expect(broker.itemsOf('results')).toHaveLength(12);
    expect(broker.itemsOf('late').length).toBeGreaterThan(0);
    const epochs = broker.committed.map(({ mark }) => mark.epoch);
    expect(epochs).toEqual(epochs.toSorted((a, b) => a - b));
    expect(new Set(broker.deliveries.map(({ mark }) => mark.epoch)).size).toBe(broker.deliveries.length);
    expect(broker.committed[0]).toMatchObject({ mark: { epoch: 0, run: 'run-1' }, items: [] });
    expect(broker.committed.at(-1)).toMatchObject({ mark: { epoch: summary.epoch, run: 'run-1' } });
    expect([...(broker.committed.at(-1)?.positions.values() ?? [])]).toEqual([{ offset: 60 }]);
    expect(transaction.steps.join(' ')).toMatch(/^open (begin (send )*commit )+close$/);
    expect(broker.deliveries.some(({ items }) => new Set(items.map(([sink]) => sink)).size > 1)).toBe(true);
  });

  it('are one component each in the health, and are told what the pipeline is', async () => {
    const transaction = new MemoryTransaction(new MemoryBroker());
    const pipeline = pipelineOf(transaction);
    await pipeline.run();
    const { components } = pipeline.status();
    expect(Object.keys(components).slice(3)).toEqual(['sink:results', 'sink:late_events', 'sink:dead_letters']);
    expect(transaction.context).toMatchObject({ pipeline: 'p', ordinal: 0, deliveryTimeoutMs: 10_000 });
  });

  it('have their turn after those that deliver by themselves, whose refused items are dead letters of the same transaction', async () => {
    const broker = new MemoryBroker();
    const transaction = new MemoryTransaction(broker);
    const pipeline = readingsPipeline(readings(30))
      .withTumblingWindow(10)
      .withSink(transaction.sink<AggregationResult<never>>('results'))
      .withSink({
        name: 'picky',
        sendBatch: (items) => {
          if (items.some(({ window }) => window.start === 10)) throw new Error('not this one');
        },
      })
      .withErrorHandler(new ErrorHandler(ErrorPolicy.deadLetter(), { sink: transaction.sink('letters') }))
      .withStateBackend(new DurableBackend())
      .build();
    const { counters } = await pipeline.run();
    expect(counters.skipped).toBe(2);
    const withLetters = broker.committed.filter(({ items }) => items.some(([sink]) => sink === 'letters'));
    expect(withLetters).toHaveLength(1);
    expect(withLetters[0]?.items.filter(([sink]) => sink === 'results').length).toBeGreaterThanOrEqual(2);
    expect(new Set(broker.deliveries.map(({ mark }) => mark.epoch)).size).toBe(broker.deliveries.length);
  });

  it('are two units where there are two transactions, and the source is told of in the first only', async () => {
    const brokers = [new MemoryBroker(), new MemoryBroker()] as const;
    const [one, two] = [new MemoryTransaction(brokers[0]), new MemoryTransaction(brokers[1])];
    const pipeline = readingsPipeline(readings(30))
      .withTumblingWindow(10)
      .withSink(one.sink<AggregationResult<never>>('results'))
      .withSink(two.sink<AggregationResult<never>>('results'))
      .withStateBackend(new DurableBackend())
      .build();
    await pipeline.run();
    expect(contentOf(brokers[0])).toEqual(contentOf(brokers[1]));
    expect([one.context?.ordinal, two.context?.ordinal]).toEqual([0, 1]);
  });
});

describe('a crash', () => {
  const steps = (['open', 'send', 'commit', 'close'] as const).flatMap((step) =>
    [1, 2, 3].flatMap((count) => (['before', 'after'] as const).map((when) => ({ step, count, when }))),
  );

  it.each(steps)('$when $step number $count loses nothing and repeats nothing', async ({ step, count, when }) => {
    const [broker, backend] = [new MemoryBroker(), new DurableBackend()];
    const crashed = await crashAt(new MemoryTransaction(broker), step, count, when, { backend });
    if (!crashed) expect(step).toMatch(/open|close/);
    await pipelineOf(new MemoryTransaction(broker), { backend }).run();
    expect(contentOf(broker)).toEqual(contentOf(await undisturbed()));
  });

  it('of each of several processes in a row, in its first delivery and in the one after a start, does neither', async () => {
    const [broker, backend] = [new MemoryBroker(), new DurableBackend()];
    for (let life = 0; life < 12; life += 1) {
      const when = life % 2 === 0 ? 'after' : 'before';
      await crashAt(new MemoryTransaction(broker), 'commit', 1 + (life % 3), when, { backend });
    }
    await pipelineOf(new MemoryTransaction(broker), { backend }).run();
    expect(contentOf(broker)).toEqual(contentOf(await undisturbed()));
  });

  it.each([1, 2, 3])('in commit %i of the state does neither', async (number) => {
    const [broker, backend] = [new MemoryBroker(), new DurableBackend()];
    for (const when of ['beforeCommit', 'afterCommit'] as const) {
      const crash = gate();
      backend.commits = 0;
      backend[when] = () => {
        if (backend.commits !== number) return;
        crash.open();
        return new Promise(() => undefined);
      };
      void pipelineOf(new MemoryTransaction(broker), { backend }).run();
      await crash.opened;
      backend.beforeCommit = () => undefined;
    }
    backend.afterCommit = () => undefined;
    await pipelineOf(new MemoryTransaction(broker), { backend }).run();
    expect(contentOf(broker)).toEqual(contentOf(await undisturbed()));
  });
});

describe('a transaction whose outcome is unknown', () => {
  it.each(['before', 'after'] as const)(
    'is found out about, and then repeated or not: %s it was committed',
    async (when) => {
      const [broker, clock] = [new MemoryBroker(), new ManualClock()];
      const transaction = new MemoryTransaction(broker);
      transaction[when] = (step, count) => {
        if (step === 'commit' && count % 3 === 2) throw new Error('the connection was lost');
      };
      let ended = false;
      const run = pipelineOf(transaction, { clock })
        .run()
        .then(() => (ended = true));
      await passTime(clock, 100, () => ended);
      await run;
      expect(transaction.steps).toContain('reopen');
      expect(contentOf(broker)).toEqual(contentOf(await undisturbed()));
    },
  );

  it.each(['before', 'after'] as const)('because it took too long is too: %s it was committed', async (when) => {
    const [broker, clock] = [new MemoryBroker(), new ManualClock()];
    const transaction = new MemoryTransaction(broker);
    const late = gate();
    transaction[when] = (step, count) => (step === 'commit' && count === 3 ? late.opened : undefined);
    let ended = false;
    const run = pipelineOf(transaction, { clock, policy: ErrorPolicy.skip() })
      .run()
      .then(() => (ended = true));
    await passTime(clock, 1000, () => transaction.steps.includes('reopen'));
    // The answer comes when nobody waits for it any more.
    late.refuse(new Error('too late'));
    await passTime(clock, 1000, () => ended);
    await run;
    expect(contentOf(broker)).toEqual(contentOf(await undisturbed()));
  });
});

describe('a process that another has taken over from', () => {
  it('ends with an error at its next delivery, and has written nothing since', async () => {
    const [broker, backend] = [new MemoryBroker(), new DurableBackend()];
    const transaction = new MemoryTransaction(broker);
    const stalled = gate();
    transaction.before = (step, count) => (step === 'send' && count === 2 ? stalled.opened : undefined);
    const first = pipelineOf(transaction, { backend }).run();
    await settle(new ManualClock(), 200);
    await pipelineOf(new MemoryTransaction(broker), { backend }).run();
    const before = broker.committed.length;
    stalled.open();
    await expect(first).rejects.toMatchObject({ kind: 'sink', code: 'SINK_FENCED' });
    expect(broker.committed).toHaveLength(before);
    expect(contentOf(broker)).toEqual(contentOf(await undisturbed()));
  });

  it('ends within seconds though there is nothing to deliver', async () => {
    const [broker, clock] = [new MemoryBroker(), new ManualClock()];
    const { source } = scriptedSource();
    let failure: unknown;
    const run = pipelineOf(new MemoryTransaction(broker), { clock, source })
      .run()
      .catch((error: unknown) => (failure = error));
    await passTime(clock, 100, () => false, 5);
    broker.owner += 1;
    await passTime(clock, 100, () => failure !== undefined, 40);
    await run;
    expect(failure).toMatchObject({ code: 'SINK_FENCED' });
  });

  it('whatever the broker says of who owns the transaction, is noticed by what was delivered meanwhile', async () => {
    const [broker, clock] = [new MemoryBroker(), new ManualClock()];
    const transaction = new MemoryTransaction(broker);
    transaction.before = (step, count) => {
      if (step !== 'commit' || count !== 2) return;
      broker.mark = { epoch: 7, run: 'somebody' };
      throw new Error('the connection was lost');
    };
    let failure: unknown;
    const run = pipelineOf(transaction, { clock })
      .run()
      .catch((error: unknown) => (failure = error));
    await passTime(clock, 100, () => failure !== undefined);
    await run;
    expect(failure).toMatchObject({ code: 'SINK_FENCED', message: /another process has delivered epoch 7 meanwhile/ });
  });
});

describe('a state that does not fit what was delivered', () => {
  async function deliveredThenRestored(
    afterRestore: 'refuse' | 'deliver_again',
  ): Promise<{ broker: MemoryBroker; pipeline: Pipeline<unknown>; before: number }> {
    const [broker, backend] = [new MemoryBroker(), new DurableBackend()];
    await crashAt(new MemoryTransaction(broker), 'commit', 4, 'after', { backend });
    const pipeline = pipelineOf(new MemoryTransaction(broker, afterRestore), { backend });
    await pipeline.checkpoint('before');
    await pipelineOf(new MemoryTransaction(broker), { backend }).run();
    await pipeline.restore('before');
    return { broker, pipeline, before: broker.committed.length };
  }

  it('is refused where it was restored from a checkpoint, before anything is delivered', async () => {
    const { broker, pipeline, before } = await deliveredThenRestored('refuse');
    await expect(pipeline.run()).rejects.toMatchObject({ kind: 'state', code: 'DELIVERY_MISMATCH' });
    expect(broker.committed).toHaveLength(before);
  });

  it('is gone on from where that is asked for, and from there on fits', async () => {
    const { broker, pipeline, before } = await deliveredThenRestored('deliver_again');
    await pipeline.run();
    expect(broker.committed.slice(before).flatMap(({ items }) => items).length).toBeGreaterThan(0);
    const ids = resultsIn(broker).map(({ id }) => id);
    expect(new Set(ids).size).toBe(12);
    expect(ids.length).toBeGreaterThan(12);
    await pipeline.run();
    expect(broker.itemsOf('results')).toHaveLength(ids.length);
  });

  it('is refused where the state was lost', async () => {
    const broker = await undisturbed();
    await expect(pipelineOf(new MemoryTransaction(broker)).run()).rejects.toThrow(
      /has been delivered, and the state is empty/,
    );
  });

  it('is refused where the marks are gone and there may be something undelivered', async () => {
    const [broker, backend] = [new MemoryBroker(), new DurableBackend()];
    await crashAt(new MemoryTransaction(broker), 'commit', 3, 'after', { backend });
    broker.mark = null;
    await expect(pipelineOf(new MemoryTransaction(broker), { backend }).run()).rejects.toThrow(
      /marks of deliveries have expired/,
    );
  });

  it('is refused where the marks are gone though the state knows that everything was delivered: it may be that of a checkpoint', async () => {
    const [broker, backend] = [new MemoryBroker(), new DurableBackend()];
    await pipelineOf(new MemoryTransaction(broker), { backend }).run();
    broker.mark = null;
    const before = contentOf(broker);
    await expect(pipelineOf(new MemoryTransaction(broker), { backend }).run()).rejects.toThrow(
      /nothing says what has been delivered/,
    );
    const again = new MemoryTransaction(broker, 'deliver_again');
    await pipelineOf(again, { backend }).run();
    expect(contentOf(broker)).toEqual(before);
  });

  it('is not looked for where the state goes with the process: deliveries may then be repeated', async () => {
    const broker = await undisturbed();
    const backend = new MemoryStateBackend({ recoverable: false });
    await pipelineOf(new MemoryTransaction(broker), { backend }).run();
    expect(broker.itemsOf('results')).toHaveLength(24);
    expect(new Set(resultsIn(broker).map(({ id }) => id)).size).toBe(12);
  });
});

describe('an epoch without anything to deliver', () => {
  it('is told of at most once a second, and always at the end; what stands is said again every three seconds', async () => {
    const [broker, clock] = [new MemoryBroker(), new ManualClock()];
    const { source, give } = scriptedSource();
    const pipeline = pipelineOf(new MemoryTransaction(broker), { clock, source });
    let ended = false;
    const run = pipeline.run().then(() => (ended = true));
    for (let i = 0; i < 25; i += 1) {
      give({ timestamp: i % 10, key: 'a', value: 1 });
      await passTime(clock, 100, () => false, 1);
    }
    await settle(clock, 50);
    expect(broker.deliveries).toHaveLength(0);
    const told = broker.committed.length;
    expect(told).toBeGreaterThanOrEqual(2);
    expect(told).toBeLessThanOrEqual(5);
    await passTime(clock, 100, () => false, 70);
    expect(broker.committed.length).toBeGreaterThanOrEqual(told + 2);
    expect(broker.committed.length).toBeLessThanOrEqual(told + 4);
    give({ timestamp: 9, key: 'a', value: 1 });
    void pipeline.stop();
    await passTime(clock, 100, () => ended);
    await run;
    const last = broker.committed.at(-1);
    expect(last?.mark.epoch).toBe(pipeline.status().epoch);
    expect(last?.positions.get('only')).toEqual({ offset: pipeline.status().counters.read });
  });

  it('goes on without being told of while that cannot be', async () => {
    const [broker, clock] = [new MemoryBroker(), new ManualClock()];
    const { source, give } = scriptedSource();
    const transaction = new MemoryTransaction(broker);
    const pipeline = pipelineOf(transaction, { clock, source });
    let ended = false;
    const run = pipeline.run().then(() => (ended = true));
    await passTime(clock, 100, () => false, 5);
    transaction.before = (step) => {
      if (step === 'commit' || step === 'reopen') throw new Error('the broker is away');
    };
    for (let i = 0; i < 30; i += 1) {
      give({ timestamp: 1, key: 'a', value: 1 });
      await passTime(clock, 100, () => false, 1);
    }
    await settle(clock, 50);
    expect(pipeline.status()).toMatchObject({ health: 'degraded', counters: { read: 30 } });
    expect(pipeline.status().epoch).toBeGreaterThan(10);
    transaction.before = () => undefined;
    await passTime(clock, 100, () => false, 40);
    expect(pipeline.status().health).toBe('ok');
    void pipeline.stop();
    await passTime(clock, 100, () => ended);
    await run;
    expect(broker.committed.at(-1)?.positions.get('only')).toEqual({ offset: 30 });
  });

  it('that may have been told of does not put a later start in doubt', async () => {
    const [broker, clock, backend] = [new MemoryBroker(), new ManualClock(), new DurableBackend()];
    const transaction = new MemoryTransaction(broker);
    const { source, give } = scriptedSource();
    void pipelineOf(transaction, { clock, source, backend }).run();
    await passTime(clock, 100, () => false, 5);
    // What it says of an epoch arrives, and nobody knows: from then on the broker is away, until the process dies.
    transaction.after = (step) => {
      if (step === 'commit') throw new Error('the connection was lost');
    };
    transaction.before = (step) => {
      if (step === 'reopen') throw new Error('the broker is away');
    };
    for (let i = 0; i < 15; i += 1) {
      give({ timestamp: 1, key: 'a', value: 1 });
      await passTime(clock, 100, () => false, 1);
    }
    give({ timestamp: 30, key: 'a', value: 1 });
    await passTime(clock, 100, () => false, 5);
    const [told] = broker.committed.slice(-1);
    expect(told?.mark.epoch).toBeGreaterThan(0);
    expect(broker.deliveries).toHaveLength(0);
    await pipelineOf(new MemoryTransaction(broker), { backend, source: scriptedSourceThatEnds() }).run();
    expect(resultsIn(broker).map(shown)).toContain('[0,10) key=a 15 on_time#0');
  });
});

function scriptedSourceThatEnds(): ReturnType<typeof scriptedSource>['source'] {
  return { name: 'memory', open: async () => ({ partitions: [], close: async () => undefined }) };
}

describe('sinks beside', () => {
  it('are delivered again after a crash, as ever', async () => {
    const [broker, backend] = [new MemoryBroker(), new DurableBackend()];
    const plain = new CollectingSink();
    const build = (transaction: MemoryTransaction): Pipeline<unknown> =>
      readingsPipeline(readings(30))
        .withTumblingWindow(10)
        .withSink(plain)
        .withSink(transaction.sink<AggregationResult<never>>('results'))
        .withStateBackend(backend)
        .build({ clock: new ManualClock() });
    const transaction = new MemoryTransaction(broker);
    const crash = gate();
    transaction.after = (step, count) => {
      if (step !== 'commit' || count !== 2) return;
      crash.open();
      return new Promise(() => undefined);
    };
    void build(transaction).run();
    await crash.opened;
    const before = plain.items.length;
    await build(new MemoryTransaction(broker)).run();
    expect(plain.items.length).toBe(6 + before);
    expect(broker.itemsOf('results')).toHaveLength(6);
  });
});
