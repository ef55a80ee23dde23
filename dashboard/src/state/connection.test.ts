import { afterEach, describe, expect, it } from 'vitest';
import type { Status } from '../../../src/http/api/types.ts';
import { ApiError } from '../api/api-client.ts';
import { Connection, retryDelayMs } from './connection.ts';

const STATUS = { pipeline: 'p' } as Status;
const ending = new Set<AbortController>();
afterEach(() => {
  for (const end of ending) end.abort();
  ending.clear();
});

/** A connection whose answers are given, and whose time passes, by hand. */
function connectionOf() {
  const waits: { readonly ms: number; readonly over: () => void }[] = [];
  const requests: { readonly answer: () => void; readonly fail: (error: Error) => void }[] = [];
  const connection = new Connection({
    getStatus: () =>
      new Promise((resolve, reject) => {
        requests.push({ answer: () => resolve(STATUS), fail: reject });
      }),
    now: () => 5000,
    wait: (ms, signal) =>
      new Promise((resolve) => {
        waits.push({ ms, over: resolve });
        signal.addEventListener('abort', () => resolve(), { once: true });
        if (signal.aborted) resolve();
      }),
  });
  const end = new AbortController();
  ending.add(end);
  void connection.run(end.signal);
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return {
    connection,
    requests,
    /** Answers the last request. */
    answer: () => (requests.at(-1)?.answer(), settle()),
    fail: (error: Error) => (requests.at(-1)?.fail(error), settle()),
    /** Lets the time pass that is waited for; gives how long it was. */
    pass: async () => {
      const wait = waits.at(-1);
      wait?.over();
      await settle();
      return wait?.ms;
    },
    settle,
  };
}

const unreachable = new ApiError('unreachable', 'it cannot be reached');

describe('the connection', () => {
  it('is live once something was heard, and asks again every second, one request at a time', async () => {
    const { connection, requests, answer, pass } = connectionOf();
    expect(connection.state.phase).toBe('connecting');
    await answer();
    expect(connection.state).toMatchObject({ phase: 'live', status: STATUS, heardAt: 5000 });
    expect(requests).toHaveLength(1);
    expect(await pass()).toBe(1000);
    expect(requests).toHaveLength(2);
  });

  it('is lost when nothing is heard, tries ever less often, and comes back', async () => {
    const { connection, answer, fail, pass } = connectionOf();
    await answer();
    await pass();
    const delays = [];
    for (let attempt = 0; attempt < 6; attempt += 1) {
      await fail(unreachable);
      expect(connection.state).toMatchObject({ phase: 'lost', status: STATUS, error: 'it cannot be reached' });
      delays.push(await pass());
    }
    expect(delays).toEqual([1000, 2000, 4000, 8000, 15_000, 15_000]);
    await answer();
    expect(connection.state).toMatchObject({ phase: 'live', error: null, retryAt: null });
    await pass();
    await fail(unreachable);
    expect(connection.state.retryAt).toBe(6000);
  });

  it('tries at once when it is told to', async () => {
    const { connection, requests, fail, settle } = connectionOf();
    await fail(unreachable);
    connection.retry();
    await settle();
    expect(requests).toHaveLength(2);
  });

  it('asks for nothing while it is paused, and shows nothing that comes in after that', async () => {
    const { connection, requests, answer, settle } = connectionOf();
    connection.pause(true);
    await answer();
    expect(connection.state).toMatchObject({ isPaused: true, status: null });
    expect(requests).toHaveLength(1);
    connection.pause(false);
    await settle();
    expect(requests).toHaveLength(2);
    await answer();
    expect(connection.state).toMatchObject({ isPaused: false, phase: 'live' });
  });

  it('waits for a token, and says when it was the wrong one', async () => {
    const { connection, requests, fail, answer, settle } = connectionOf();
    const locked = new ApiError('locked', 'this takes the token of the server');
    await fail(locked);
    expect(connection.state).toMatchObject({ phase: 'locked', isTokenWrong: false });
    expect(requests).toHaveLength(1);
    connection.unlock();
    await settle();
    await fail(locked);
    expect(connection.state).toMatchObject({ phase: 'locked', isTokenWrong: true });
    connection.unlock();
    await settle();
    await answer();
    expect(connection.state).toMatchObject({ phase: 'live', isTokenWrong: false });
  });

  it('waits 15 s at most', () => {
    expect([1, 4, 5, 100].map(retryDelayMs)).toEqual([1000, 8000, 15_000, 15_000]);
  });
});
