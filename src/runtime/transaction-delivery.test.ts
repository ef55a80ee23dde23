import { describe, expect, it } from 'vitest';
import { ProcessorError } from '../errors/processor-error.ts';
import { ErrorHandler, ErrorPolicy } from '../plan/error-handler.ts';
import { DeadLetter } from '../results/dead-letter.ts';
import { ItemsRefused } from '../sinks/sink-error.ts';
import { ProcessorMetrics } from '../telemetry/metrics.ts';
import { ManualClock } from '../time/manual-clock.ts';
import { MemoryBroker, MemoryTransaction } from './memory-transaction.contract.ts';
import type { Outbox } from './outbox.ts';
import { passTime, rememberingLogger, settle, type LogLine } from './run-fixtures.contract.ts';
import { TransactionRunner, type TransactionRunnerOptions } from './transaction-runner.ts';

interface Bench {
  readonly clock: ManualClock;
  readonly metrics: ProcessorMetrics;
  readonly broker: MemoryBroker;
  readonly transaction: MemoryTransaction;
  readonly runner: TransactionRunner;
  readonly stopping: AbortController;
  readonly failing: AbortController;
  readonly lines: readonly LogLine[];
}

type Check = (items: readonly unknown[]) => void;

interface BenchOptions {
  readonly policy?: ErrorPolicy;
  /** What each sink makes of its items. */
  readonly results?: Check;
  readonly letters?: Check;
  readonly more?: Partial<TransactionRunnerOptions>;
}

async function bench({ policy, results, letters, more }: BenchOptions = {}): Promise<Bench> {
  const [clock, metrics, broker, logger] = [
    new ManualClock(),
    new ProcessorMetrics(),
    new MemoryBroker(),
    rememberingLogger(),
  ];
  const transaction = new MemoryTransaction(broker);
  const [stopping, failing] = [new AbortController(), new AbortController()];
  const runner = new TransactionRunner({
    transaction,
    parts: [
      { name: 'kafka', sink: transaction.sink<never>('results', results), of: 'results' },
      { name: 'dead_letters', sink: transaction.sink<never>('letters', letters), of: 'deadLetters' },
    ],
    handler: new ErrorHandler(policy, { deliveryTimeout: '10s' }),
    clock,
    logger,
    metrics,
    stopping: stopping.signal,
    signal: failing.signal,
    keepsState: true,
    lettersOf: (items, reason) => items.map((item) => letterOf(item, reason)),
    ...more,
  });
  await runner.open({ pipeline: 'p', clock, logger, instruments: metrics, ordinal: 0 }, undefined);
  await runner.recover(undefined);
  return { clock, metrics, broker, transaction, runner, stopping, failing, lines: logger.lines };
}

function letterOf(item: unknown, reason: string): DeadLetter {
  const raw = Buffer.from(String(item));
  return new DeadLetter({
    code: 'undeliverable',
    message: reason,
    path: null,
    partition: 'results',
    offset: 0,
    raw,
    timestamp: 0,
  });
}

/** An outbox of results that are only text: to a runner an item is an item. */
function outboxOf(...results: readonly string[]): Outbox {
  return { results: results as unknown as Outbox['results'], lateEvents: [], deadLetters: [] };
}

async function ended(clock: ManualClock, delivery: Promise<void>): Promise<unknown> {
  let outcome: unknown;
  const end = delivery.then(
    () => (outcome = 'delivered'),
    (error: unknown) => (outcome = error),
  );
  await passTime(clock, 500, () => outcome !== undefined, 200);
  await end;
  return outcome;
}

const lettersIn = (broker: MemoryBroker): readonly string[] =>
  (broker.itemsOf('letters') as readonly DeadLetter[]).map(
    ({ raw, message }) => `${Buffer.from(raw).toString()}: ${message}`,
  );

const POLICIES = [
  ['retry', ErrorPolicy.retry({ maxAttempts: 1 })],
  ['skip', ErrorPolicy.skip()],
  ['dead_letter', ErrorPolicy.deadLetter()],
] as const;

describe('a broker that is away', () => {
  const away = (): ProcessorError => new ProcessorError('sink', 'SINK_UNAVAILABLE', 'no broker answers');

  it.each(POLICIES)('is waited for, however long it takes, by the policy %s', async (_name, policy) => {
    const { clock, runner, transaction, broker, metrics } = await bench({ policy });
    transaction.before = (step, count) => {
      if (step === 'send' || (step === 'reopen' && count < 12)) throw away();
    };
    const delivery = runner.deliver(outboxOf('a', 'b'), 1, new Map());
    await settle(clock);
    expect(runner.status()).toEqual({
      status: 'degraded',
      message: 'no broker answers; sources pause when the buffer is full, and nothing is lost meanwhile',
    });
    await passTime(clock, 500, () => transaction.steps.filter((step) => step === 'reopen').length >= 11, 200);
    transaction.before = () => undefined;
    expect(await ended(clock, delivery)).toBe('delivered');
    expect(broker.itemsOf('results')).toEqual(['a', 'b']);
    expect(runner.skipped).toBe(0);
    expect(runner.status()).toEqual({ status: 'ok', message: null });
    expect(await metrics.export()).toMatch(/sink_retries_total\{sink="kafka"\} 1\d/);
  });

  it('is waited for when it does not answer in time, too', async () => {
    const { clock, runner, transaction, broker } = await bench({ policy: ErrorPolicy.skip() });
    transaction.before = (step, count) => (step === 'send' && count <= 3 ? new Promise(() => undefined) : undefined);
    expect(await ended(clock, runner.deliver(outboxOf('a'), 1, new Map()))).toBe('delivered');
    expect(broker.itemsOf('results')).toEqual(['a']);
    expect(runner.skipped).toBe(0);
  });

  it.each(POLICIES)(
    'is waited for five seconds more once the run is to end, by the policy %s',
    async (_name, policy) => {
      const { clock, runner, transaction, stopping } = await bench({ policy });
      transaction.before = () => {
        throw away();
      };
      let failure: unknown;
      const delivery = runner.deliver(outboxOf('a'), 1, new Map()).catch((error: unknown) => (failure = error));
      await passTime(clock, 500, () => false, 20);
      stopping.abort();
      await passTime(clock, 100, () => failure !== undefined, 45);
      expect(failure).toBeUndefined();
      await passTime(clock, 100, () => failure !== undefined, 15);
      await delivery;
      expect(failure).toMatchObject({
        code: 'SINK_FAILED',
        message: 'sink "kafka" could not deliver: no broker answers',
      });
      expect(runner.skipped).toBe(0);
    },
  );

  it('is not waited for when the run must end at once', async () => {
    const { clock, runner, transaction, stopping, failing } = await bench();
    transaction.before = () => {
      throw away();
    };
    const delivery = runner.deliver(outboxOf('a'), 1, new Map());
    await settle(clock);
    stopping.abort();
    failing.abort();
    await expect(delivery).rejects.toMatchObject({ code: 'SINK_FAILED' });
  });
});

describe('an item that a sink refuses', () => {
  const check: Check = (items) => {
    const refused = items.filter((item) => String(item).startsWith('large'));
    if (refused.length > 0) throw new ItemsRefused(refused, 'larger than max.message.bytes');
  };

  it('ends the run where the policy is retry, without being tried again', async () => {
    const { clock, runner, transaction, broker } = await bench({ results: check });
    const outcome = await ended(clock, runner.deliver(outboxOf('a', 'large', 'b'), 1, new Map()));
    expect(outcome).toMatchObject({ code: 'SINK_REFUSED', message: 'larger than max.message.bytes' });
    expect(transaction.steps.filter((step) => step === 'send')).toHaveLength(1);
    expect(broker.itemsOf('results')).toEqual([]);
  });

  it('is left out and counted where the policy is skip; the others are delivered', async () => {
    const { clock, runner, broker, metrics } = await bench({ results: check, policy: ErrorPolicy.skip() });
    expect(await ended(clock, runner.deliver(outboxOf('a', 'large', 'b', 'large too'), 1, new Map()))).toBe(
      'delivered',
    );
    expect(broker.itemsOf('results')).toEqual(['a', 'b']);
    expect(runner.skipped).toBe(2);
    expect(await metrics.export()).toContain('items_skipped_total{sink="kafka"} 2');
  });

  it('is a dead letter of the same transaction where the policy is that', async () => {
    const { clock, runner, broker } = await bench({ results: check, policy: ErrorPolicy.deadLetter() });
    expect(await ended(clock, runner.deliver(outboxOf('a', 'large', 'b'), 1, new Map()))).toBe('delivered');
    expect(lettersIn(broker)).toEqual(['large: larger than max.message.bytes']);
    expect(broker.deliveries).toHaveLength(1);
    expect(broker.itemsOf('results')).toEqual(['a', 'b']);
  });

  it('goes to the dead letters elsewhere where no sink of the transaction takes them', async () => {
    const buried: DeadLetter[] = [];
    const transaction = new MemoryTransaction(new MemoryBroker());
    const { clock, runner } = await bench({
      policy: ErrorPolicy.deadLetter(),
      more: {
        transaction,
        parts: [{ name: 'kafka', sink: transaction.sink<never>('results', check), of: 'results' }],
        bury: async (letters) => void buried.push(...letters),
      },
    });
    expect(await ended(clock, runner.deliver(outboxOf('large'), 1, new Map()))).toBe('delivered');
    expect(buried.map(({ message }) => message)).toEqual(['larger than max.message.bytes']);
  });

  it('ends the run where it is a dead letter itself', async () => {
    const refuse: Check = (items) => {
      throw new ItemsRefused(items, 'larger than max.message.bytes');
    };
    const { clock, runner } = await bench({ results: check, letters: refuse, policy: ErrorPolicy.deadLetter() });
    const outcome = await ended(clock, runner.deliver(outboxOf('large'), 1, new Map()));
    expect(outcome).toMatchObject({ code: 'SINK_REFUSED' });
  });
});

describe('a sink that fails for good', () => {
  const denied: Check = () => {
    throw new Error('no permission');
  };

  it('is tried again as often as the policy says, and then ends the run', async () => {
    const { clock, runner, transaction, lines } = await bench({
      results: denied,
      policy: ErrorPolicy.retry({ maxAttempts: 2 }),
    });
    const outcome = await ended(clock, runner.deliver(outboxOf('a'), 1, new Map()));
    expect(outcome).toMatchObject({
      code: 'SINK_FAILED',
      message: 'sink "kafka" refused a delivery 3 times: no permission',
    });
    expect(transaction.steps.filter((step) => step === 'send')).toHaveLength(3);
    expect(lines.map(({ message }) => message)).toEqual(['sink failed; will retry', 'sink failed; will retry']);
  });

  it('loses its own items only, where the policy is skip', async () => {
    const { clock, runner, broker } = await bench({ results: denied, policy: ErrorPolicy.skip() });
    const outbox = { ...outboxOf('a', 'b'), deadLetters: [letterOf('c', 'bad')] };
    expect(await ended(clock, runner.deliver(outbox, 1, new Map()))).toBe('delivered');
    expect(lettersIn(broker)).toEqual(['c: bad']);
    expect(runner.skipped).toBe(2);
  });

  it('has them as dead letters, where the policy is that', async () => {
    const { clock, runner, broker } = await bench({ results: denied, policy: ErrorPolicy.deadLetter() });
    expect(await ended(clock, runner.deliver(outboxOf('a', 'b'), 1, new Map()))).toBe('delivered');
    expect(lettersIn(broker)).toEqual(
      ['a', 'b'].map((item) => `${item}: sink "kafka" refused a delivery once: no permission`),
    );
  });
});

describe('a transaction that fails for good', () => {
  it.each(POLICIES)('is tried again, and then ends the run: no item is to blame (policy %s)', async (_name, policy) => {
    const { clock, runner, transaction } = await bench({ policy });
    transaction.before = (step) => {
      if (step === 'commit') throw new Error('no permission on the group');
    };
    const outcome = await ended(clock, runner.deliver(outboxOf('a'), 1, new Map()));
    expect(outcome).toMatchObject({ message: 'sink "kafka" refused a delivery 4 times: no permission on the group' });
    expect(runner.skipped).toBe(0);
  });

  it('that cannot be opened says so, with the reason', async () => {
    const transaction = new MemoryTransaction(new MemoryBroker());
    transaction.before = () => {
      throw new ProcessorError('sink', 'KAFKA_UNREACHABLE', 'nobody listens on localhost:9092');
    };
    const parts = [{ name: 'kafka', sink: transaction.sink<never>('results'), of: 'results' }] as const;
    await expect(bench({ more: { transaction, parts } })).rejects.toMatchObject({
      code: 'KAFKA_UNREACHABLE',
      message: 'sink "kafka" could not be opened: nobody listens on localhost:9092',
    });
  });
});
