import { describe, expect, it } from 'vitest';
import { ProcessorError } from '../errors/processor-error.ts';
import { ErrorHandler, ErrorPolicy } from '../plan/error-handler.ts';
import type { EventSink } from '../sinks/event-sink.ts';
import { silentLogger } from '../telemetry/logger.ts';
import { ProcessorMetrics } from '../telemetry/metrics.ts';
import { ManualClock } from '../time/manual-clock.ts';
import { gate, passTime, rememberingLogger, settle } from './run-fixtures.contract.ts';
import { SinkRunner, type SinkRunnerOptions } from './sink-runner.ts';

const context = { pipeline: 'p', clock: new ManualClock(), logger: silentLogger };

interface Bench {
  readonly clock: ManualClock;
  readonly metrics: ProcessorMetrics;
  readonly ending: AbortController;
  readonly runner: SinkRunner<string>;
}

function bench(
  sink: EventSink<string>,
  policy: ErrorPolicy = ErrorPolicy.retry(),
  more: Partial<SinkRunnerOptions<string>> = {},
): Bench {
  const clock = new ManualClock();
  const metrics = new ProcessorMetrics();
  const ending = new AbortController();
  const handler = new ErrorHandler(policy, { deliveryTimeout: '10s' });
  const base = { sink, name: 'out', handler, clock, logger: silentLogger, metrics };
  const signals = { stopping: ending.signal, signal: ending.signal };
  return { clock, metrics, ending, runner: new SinkRunner({ ...base, ...signals, ...more }) };
}

/** Refuses everything until it is healed; then takes it. */
class FailingSink implements EventSink<string> {
  readonly items: string[] = [];
  attempts = 0;
  healed = false;

  async sendBatch(items: readonly string[]): Promise<void> {
    this.attempts += 1;
    if (!this.healed) throw new Error('out of order');
    this.items.push(...items);
  }
}

describe('a sink that hangs', () => {
  it('is given up after its time-out, told so, and asked again', async () => {
    const attempts: AbortSignal[] = [];
    const { clock, runner } = bench({
      sendBatch: (_, { signal }) => {
        attempts.push(signal);
        return attempts.length === 1 ? new Promise(() => undefined) : undefined;
      },
    });
    const delivery = runner.deliver(['a'], 1);
    await settle(clock);
    clock.advance(9999);
    await settle(clock);
    expect(attempts).toHaveLength(1);
    expect(attempts[0]?.aborted).toBe(false);
    clock.advance(1);
    await settle(clock);
    expect(attempts[0]?.aborted).toBe(true);
    expect(runner.status()).toEqual({ status: 'degraded', message: 'no answer within 10s' });
    clock.advance(100);
    await delivery;
    expect(attempts).toHaveLength(2);
    expect(runner.status().status).toBe('ok');
    expect(clock.sleeping).toBe(0);
  });

  it('counts as a fault from the fifth second on', async () => {
    const { clock, runner, ending } = bench({
      sendBatch: () => new Promise(() => undefined),
      deliveryTimeoutMs: Infinity,
    });
    const delivery = runner.deliver(['a'], 1);
    await settle(clock);
    clock.advance(4999);
    expect(runner.status()).toEqual({ status: 'ok', message: null });
    clock.advance(1);
    expect(runner.status()).toEqual({
      status: 'degraded',
      message: 'a delivery has been under way for 5 s; sources pause when the buffer is full',
    });
    ending.abort();
    await expect(delivery).rejects.toThrow('the run is ending');
  });

  it('without a time limit waits for as long as it takes', async () => {
    const taken = gate();
    const { clock, runner } = bench({ deliveryTimeoutMs: Infinity, sendBatch: () => taken.opened });
    let done = false;
    const delivery = runner.deliver(['a'], 1).then(() => (done = true));
    await passTime(clock, 3_600_000, () => done, 48);
    expect(done).toBe(false);
    taken.open();
    await delivery;
  });
});

describe('a sink that fails for a while', () => {
  it('is tried again after delays that double up to the longest, each between a half and the whole', async () => {
    const sink = new FailingSink();
    const logger = rememberingLogger();
    const policy = ErrorPolicy.retry({ maxAttempts: Infinity, initialDelay: 100, maxDelay: 1000 });
    const { clock, runner, metrics } = bench(sink, policy, { logger });
    const delivery = runner.deliver(['a', 'b'], 1);
    await passTime(clock, 25, () => sink.attempts === 8);
    sink.healed = true;
    await passTime(clock, 25, () => sink.items.length > 0);
    await delivery;
    expect(sink.items).toEqual(['a', 'b']);
    const delays = logger.lines.map(({ fields }) => ('delayMs' in fields ? Number(fields.delayMs) : Number.NaN));
    expect(delays).toHaveLength(8);
    for (const [attempt, delay] of delays.entries()) {
      const full = Math.min(1000, 100 * 2 ** attempt);
      expect(delay).toBeGreaterThanOrEqual(full / 2);
      expect(delay).toBeLessThanOrEqual(full);
    }
    expect(runner.status().status).toBe('ok');
    expect(await metrics.export()).toContain('sink_retries_total{sink="out"} 8');
  });

  it('ends the delivery with an error once the attempts are used up', async () => {
    const sink = new FailingSink();
    const { clock, runner } = bench(sink, ErrorPolicy.retry({ maxAttempts: 2 }));
    let failure: unknown;
    const delivery = runner.deliver(['a'], 1).catch((error: unknown) => (failure = error));
    await passTime(clock, 100, () => failure !== undefined);
    await delivery;
    expect(failure).toMatchObject({ kind: 'sink', code: 'SINK_FAILED', cause: new Error('out of order') });
    expect(String(failure)).toContain('sink "out" refused a delivery 3 times: out of order');
    expect(sink.attempts).toBe(3);
  });

  it('is not tried again once the run is ending', async () => {
    const sink = new FailingSink();
    const { clock, runner, ending } = bench(sink, ErrorPolicy.retry({ maxAttempts: Infinity }));
    const delivery = runner.deliver(['a'], 1);
    await settle(clock);
    ending.abort();
    await expect(delivery).rejects.toThrow('out of order');
    expect(sink.attempts).toBe(1);
  });
});

describe('a sink whose disk is full', () => {
  const full = (): ProcessorError =>
    new ProcessorError('sink', 'SINK_FULL', 'out.ndjson cannot be written: the disk is full; free some space (ENOSPC)');

  it.each([
    ['retry', ErrorPolicy.retry({ maxAttempts: 1 }), 5000],
    ['retry with a delay of its own', ErrorPolicy.retry({ maxAttempts: 0, maxDelay: '1m' }), 60_000],
    ['skip', ErrorPolicy.skip(), 5000],
    ['dead_letter', ErrorPolicy.deadLetter(), 5000],
  ])('is waited for, however often it takes, and loses nothing by the policy %s', async (_name, policy, delayMs) => {
    const batches: string[] = [];
    const buried: string[] = [];
    let failures = 7;
    const sink: EventSink<string> = {
      sendBatch: async (items) => {
        if (failures > 0) {
          failures -= 1;
          throw full();
        }
        batches.push(items.join());
      },
    };
    const deadLetter = async (items: readonly string[]): Promise<void> => void buried.push(...items);
    const { clock, runner } = bench(sink, policy, { deadLetter });
    const delivery = runner.deliver(['a', 'b'], 1);
    for (let left = 6; left >= 0; left -= 1) {
      await settle(clock);
      expect(failures).toBe(left);
      expect(runner.status()).toEqual({
        status: 'degraded',
        message: expect.stringMatching(
          /the disk is full; free some space .*sources pause when the buffer is full, and nothing is lost/,
        ),
      });
      clock.advance(delayMs - 1);
      await settle(clock);
      expect(failures).toBe(left);
      clock.advance(1);
    }
    await delivery;
    expect(batches).toEqual(['a,b']);
    expect(buried).toEqual([]);
    expect(runner.skipped).toBe(0);
    expect(runner.status()).toEqual({ status: 'ok', message: null });
  });

  it('is waited for when it is opened too, and says so', async () => {
    let failures = 3;
    const { clock, metrics, runner } = bench({
      open: async () => {
        if (failures === 0) return;
        failures -= 1;
        throw full();
      },
      sendBatch: async () => undefined,
    });
    const opening = runner.open(context);
    for (let left = 2; left >= 0; left -= 1) {
      await settle(clock);
      expect(failures).toBe(left);
      expect(runner.status()).toMatchObject({ status: 'degraded', message: expect.stringMatching(/the disk is full/) });
      clock.advance(5000);
    }
    await opening;
    expect(runner.status()).toEqual({ status: 'ok', message: null });
    expect(await metrics.export()).toContain('sink_retries_total{sink="out"} 3');
  });

  it.each(['stopping', 'failing'] as const)(
    'is not waited for much longer by a run that is %s before it was opened',
    async (how) => {
      const stopping = new AbortController();
      const failing = new AbortController();
      const sink = { open: () => Promise.reject(full()), sendBatch: async () => undefined };
      const signals = { stopping: stopping.signal, signal: failing.signal };
      const { clock, runner } = bench(sink, ErrorPolicy.retry(), signals);
      let error: unknown = null;
      const opening = runner.open(context).catch((cause: unknown) => (error = cause));
      await settle(clock);
      stopping.abort();
      if (how === 'failing') failing.abort();
      await passTime(clock, 1000, () => error !== null, how === 'failing' ? 0 : 10);
      await opening;
      expect(String(error)).toContain('could not be opened: out.ndjson cannot be written: the disk is full');
    },
  );

  it.each([
    ['retry', ErrorPolicy.retry()],
    ['skip', ErrorPolicy.skip()],
  ])('is not waited for once the run is ending, and no item is left out (policy %s)', async (_name, policy) => {
    const { clock, runner, ending } = bench({ sendBatch: () => Promise.reject(full()) }, policy);
    const delivery = runner.deliver(['a'], 1);
    await settle(clock);
    ending.abort();
    await expect(delivery).rejects.toMatchObject({ code: 'SINK_FAILED' });
    expect(runner.skipped).toBe(0);
  });

  it('counts what fails for another reason after that as any failure', async () => {
    const errors = [full(), new Error('poisonous'), full(), new Error('poisonous')];
    const { clock, runner } = bench(
      {
        sendBatch: async () => {
          throw errors.shift() ?? new Error('asked too often');
        },
      },
      ErrorPolicy.skip(),
    );
    const delivery = runner.deliver(['a'], 1);
    await passTime(clock, 5000, () => errors.length === 0);
    await delivery;
    expect(runner.skipped).toBe(1);
  });
});

describe('a sink whose server is down', () => {
  const down = (): ProcessorError => new ProcessorError('sink', 'SINK_UNAVAILABLE', 'db:5432 refuses connections');
  const deadLetterTo =
    (buried: string[]) =>
    async (items: readonly string[]): Promise<void> =>
      void buried.push(items.join());

  it('is waited for beyond the retries of the policy, with delays that grow, and loses nothing', async () => {
    const taken: string[] = [];
    let failures = 9;
    const sink: EventSink<string> = {
      sendBatch: async (items) => {
        if (failures > 0) {
          failures -= 1;
          throw down();
        }
        taken.push(...items);
      },
    };
    const logger = rememberingLogger();
    const { clock, runner } = bench(sink, ErrorPolicy.retry({ maxAttempts: 1, maxDelay: '1s' }), { logger });
    const delivery = runner.deliver(['a', 'b'], 1);
    await settle(clock);
    expect(runner.status()).toEqual({
      status: 'degraded',
      message: 'db:5432 refuses connections; sources pause when the buffer is full, and nothing is lost meanwhile',
    });
    await passTime(clock, 100, () => taken.length === 2);
    await delivery;
    const delays = logger.lines.map(({ fields }) => ('delayMs' in fields ? Number(fields.delayMs) : Number.NaN));
    expect(delays).toHaveLength(9);
    for (const [wait, delay] of delays.entries()) {
      const full = Math.min(1000, 100 * 2 ** wait);
      expect(delay).toBeGreaterThanOrEqual(full / 2);
      expect(delay).toBeLessThanOrEqual(full);
    }
    expect(runner.status()).toEqual({ status: 'ok', message: null });
  });

  it.each([
    ['skip', ErrorPolicy.skip(), []],
    ['dead_letter', ErrorPolicy.deadLetter(), ['a,b']],
  ])('is asked once, for all items, where the policy is %s', async (_name, policy, expected) => {
    const buried: string[] = [];
    let attempts = 0;
    const sink: EventSink<string> = {
      sendBatch: () => {
        attempts += 1;
        return Promise.reject(down());
      },
    };
    const { runner } = bench(sink, policy, { deadLetter: deadLetterTo(buried) });
    await runner.deliver(['a', 'b'], 1);
    expect(attempts).toBe(1);
    expect(runner.skipped).toBe(2);
    expect(buried).toEqual(expected);
  });

  it('at the opening is tried again as often as the policy says, and then ends the run', async () => {
    let attempts = 0;
    const sink: EventSink<string> = {
      open: () => {
        attempts += 1;
        return Promise.reject(down());
      },
    };
    const { clock, runner } = bench(sink, ErrorPolicy.retry({ maxAttempts: 2 }));
    let failure: unknown;
    const opening = runner.open(context).catch((error: unknown) => (failure = error));
    await settle(clock);
    expect(runner.status()).toEqual({ status: 'degraded', message: 'db:5432 refuses connections' });
    await passTime(clock, 100, () => failure !== undefined);
    await opening;
    expect(String(failure)).toContain('sink "out" could not be opened: db:5432 refuses connections');
    expect(attempts).toBe(3);
  });

  it('at the opening is waited for', async () => {
    let attempts = 0;
    const sink: EventSink<string> = {
      open: async () => {
        attempts += 1;
        if (attempts === 1) throw down();
      },
    };
    const { clock, runner } = bench(sink);
    let isOpen = false;
    const opening = runner.open(context).then(() => (isOpen = true));
    await passTime(clock, 100, () => isOpen);
    await opening;
    expect(runner.status()).toEqual({ status: 'ok', message: null });
  });
});

describe('a sink that another process has taken over', () => {
  it.each([
    ['retry', ErrorPolicy.retry()],
    ['skip', ErrorPolicy.skip()],
    ['dead_letter', ErrorPolicy.deadLetter()],
  ])('ends the run at once, whatever the policy: %s', async (_name, policy) => {
    let attempts = 0;
    const sink: EventSink<string> = {
      sendBatch: () => {
        attempts += 1;
        return Promise.reject(new ProcessorError('sink', 'SINK_FENCED', 'run 8 has begun'));
      },
    };
    const { runner } = bench(sink, policy, { deadLetter: async () => expect.fail('buried') });
    await expect(runner.deliver(['a', 'b'], 1)).rejects.toMatchObject({
      code: 'SINK_FENCED',
      message: 'sink "out" may not write any more: run 8 has begun',
    });
    expect(attempts).toBe(1);
    expect(runner.skipped).toBe(0);
  });
});

describe('a sink that fails for good', () => {
  const refusing = (taken: string[]): EventSink<string> => ({
    sendBatch: async (items) => {
      if (items.includes('poison')) throw new Error('poisonous');
      taken.push(...items);
    },
  });

  it('loses only what it refuses where the policy is skip, and that is counted', async () => {
    const taken: string[] = [];
    const { runner, metrics } = bench(refusing(taken), ErrorPolicy.skip());
    await runner.deliver(['a', 'poison', 'b'], 1);
    expect(taken).toEqual(['a', 'b']);
    expect(runner.skipped).toBe(1);
    expect(await metrics.export()).toContain('items_skipped_total{sink="out"} 1');
  });

  it('hands only what it refuses to the dead letters where the policy is that', async () => {
    const [taken, buried]: [string[], [string, string][]] = [[], []];
    const deadLetter = async (items: readonly string[], reason: string): Promise<void> => {
      for (const item of items) buried.push([item, reason]);
    };
    const { runner } = bench(refusing(taken), ErrorPolicy.deadLetter(), { deadLetter });
    await runner.deliver(['a', 'poison', 'b'], 1);
    expect(taken).toEqual(['a', 'b']);
    expect(buried).toEqual([['poison', 'poisonous']]);
  });

  it('fails the delivery where there is nowhere for dead letters to go', async () => {
    const { runner } = bench(refusing([]), ErrorPolicy.deadLetter());
    await expect(runner.deliver(['poison'], 1)).rejects.toThrow('sink "out" refused a delivery once: poisonous');
  });
});

describe('a sink without sendBatch', () => {
  it('is given one item after the other, and only what failed again', async () => {
    const taken: string[] = [];
    let failures = 2;
    const { clock, runner } = bench({
      send: async (item) => {
        if (item === 'b' && failures > 0) {
          failures -= 1;
          throw new Error('not now');
        }
        taken.push(item);
      },
    });
    const delivery = runner.deliver(['a', 'b', 'c'], 1);
    await passTime(clock, 100, () => taken.length === 3);
    await delivery;
    expect(taken).toEqual(['a', 'b', 'c']);
  });
});

describe('deliveries', () => {
  it('wait for each other, also behind one that fails', async () => {
    const first = gate();
    const calls: string[] = [];
    const { clock, runner } = bench(
      {
        sendBatch: (items) => {
          calls.push(items.join());
          return calls.length === 1 ? first.opened : undefined;
        },
      },
      ErrorPolicy.retry({ maxAttempts: 0 }),
    );
    const failing = runner.deliver(['a'], 1).catch(String);
    const second = runner.deliver(['b'], 1);
    await settle(clock);
    expect(calls).toEqual(['a']);
    first.refuse(new Error('broken'));
    expect(await failing).toContain('broken');
    await second;
    expect(calls).toEqual(['a', 'b']);
  });

  it('of nothing are none', async () => {
    const sink = new FailingSink();
    await bench(sink).runner.deliver([], 1);
    expect(sink.attempts).toBe(0);
  });

  it('leave no listener at the signal of the run', async () => {
    const ending = new AbortController();
    let listeners = 0;
    const { signal } = ending;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>): void => {
      listeners += 1;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>): void => {
      listeners -= 1;
      remove(...args);
    };
    const { runner } = bench({ sendBatch: () => undefined }, ErrorPolicy.retry(), { signal });
    for (let epoch = 1; epoch <= 10; epoch += 1) await runner.deliver(['a'], epoch);
    expect(listeners).toBe(0);
  });
});

describe('opening and closing', () => {
  it.each(['open', 'close'] as const)('a failure to %s is a sink error that names the sink', async (step) => {
    const { runner } = bench({ [step]: () => Promise.reject(new Error('no')) });
    const failure: unknown = await (async () => {
      await runner.open(context);
      await runner.close();
    })().catch((error: unknown) => error);
    expect(ProcessorError.is(failure, 'sink')).toBe(true);
    expect(String(failure)).toContain(`sink "out" could not be ${step === 'open' ? 'opened' : 'closed'}: no`);
  });

  it('a sink that was never open is not closed, and none is closed twice', async () => {
    let closed = 0;
    const { runner } = bench({ close: () => void (closed += 1) });
    await runner.close();
    expect(closed).toBe(0);
    await runner.open(context);
    await runner.close();
    await runner.close();
    expect(closed).toBe(1);
  });
});
