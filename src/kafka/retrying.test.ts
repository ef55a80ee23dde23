import { describe, expect, it } from 'vitest';
import { ManualClock } from '../time/manual-clock.ts';
import { KafkaFault } from './kafka-fault.ts';
import { retrying } from './retrying.ts';
import { withinLimit } from './time-limit.ts';

const LOST = new KafkaFault('lost', 'gone');

describe('trying again', () => {
  /** Tries what fails so often, and lets time pass until that is over. */
  async function tried(
    failures: number,
    fault: Error,
    limitMs = Infinity,
    signal?: AbortSignal,
  ): Promise<{ outcome: unknown; attempts: number; passedMs: number }> {
    const clock = new ManualClock();
    let attempts = 0;
    const ended: unknown[] = [];
    const work = (): Promise<string> => {
      attempts += 1;
      return attempts > failures ? Promise.resolve('done') : Promise.reject(fault);
    };
    const promise = retrying(work, { clock, limitMs, ...(signal === undefined ? {} : { signal }) });
    promise.then(
      (value) => ended.push(value),
      (error: unknown) => ended.push(error),
    );
    for (let step = 0; step < 10_000 && ended.length === 0; step += 1) {
      await clock.nextTurn();
      if (ended.length === 0) clock.advance(10);
    }
    return { outcome: ended[0], attempts, passedMs: clock.monotonic() };
  }

  it('goes on until it succeeds', async () => {
    expect(await tried(4, LOST)).toMatchObject({ outcome: 'done', attempts: 5 });
  });

  it('ends with what cannot pass by itself', async () => {
    const denied = new KafkaFault('answered', 'no', { code: 'TOPIC_AUTHORIZATION_FAILED' });
    expect(await tried(4, denied)).toMatchObject({ outcome: denied, attempts: 1 });
    expect(await tried(4, new Error('odd'))).toMatchObject({ attempts: 1 });
  });

  it('ends when the time is up', async () => {
    const { outcome, passedMs } = await tried(Infinity, LOST, 3000);
    expect(outcome).toBe(LOST);
    expect(passedMs).toBeGreaterThanOrEqual(3000);
    expect(passedMs).toBeLessThan(4100);
  });

  it('ends when nobody wants it any more', async () => {
    expect(await tried(4, LOST, Infinity, AbortSignal.abort())).toMatchObject({ outcome: LOST, attempts: 1 });
  });
});

describe('a wait with a limit', () => {
  const limit = (clock: ManualClock, signal?: AbortSignal): Parameters<typeof withinLimit>[1] => ({
    clock,
    ms: 100,
    message: 'no answer',
    ...(signal === undefined ? {} : { signal }),
  });

  it('gives what comes in time, and leaves nothing behind', async () => {
    const clock = new ManualClock();
    const { signal } = new AbortController();
    expect(await withinLimit(Promise.resolve(1), limit(clock, signal))).toBe(1);
    await expect(withinLimit(Promise.reject(new Error('own')), limit(clock))).rejects.toThrow('own');
  });

  it('is lost when the time is up, and closed when it is given up', async () => {
    const clock = new ManualClock();
    const never = new Promise<never>(() => undefined);
    const late = withinLimit(never, limit(clock)).catch((error: unknown) => error);
    clock.advance(100);
    expect(await late).toMatchObject({ kind: 'lost', message: 'no answer within 100 ms' });
    const run = new AbortController();
    const ended = withinLimit(never, limit(clock, run.signal)).catch((error: unknown) => error);
    run.abort();
    expect(await ended).toMatchObject({ kind: 'closed' });
    await expect(withinLimit(never, limit(clock, run.signal))).rejects.toMatchObject({ kind: 'closed' });
  });
});
