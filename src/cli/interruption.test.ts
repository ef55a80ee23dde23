import { describe, expect, it } from 'vitest';
import { ManualClock } from '../time/manual-clock.ts';
import type { StopSignal } from './cli-io.ts';
import { listenForSignals } from './interruption.ts';

type Arrival = readonly [atMs: number, signal: StopSignal];

/** What becomes of signals that arrive at the given times. */
async function outcomeOf(arrivals: readonly Arrival[]) {
  const clock = new ManualClock(0);
  const firsts: StopSignal[] = [];
  const listeners = new Set<(signal: StopSignal) => void>();
  const onSignal = (listener: (signal: StopSignal) => void) => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  };
  const { atOnce, forget } = listenForSignals({ onSignal, clock }, (signal) => firsts.push(signal));
  for (const [atMs, signal] of arrivals) {
    clock.advance(atMs - clock.monotonic());
    for (const listener of listeners) listener(signal);
  }
  const second = await Promise.race([atOnce, new Promise<undefined>((resolve) => setImmediate(resolve, undefined))]);
  forget();
  return { firsts, second, listening: listeners.size };
}

describe('signals to a run', () => {
  it.each<[string, readonly Arrival[], StopSignal | undefined]>([
    ['one asks it to stop', [[0, 'SIGTERM']], undefined],
    [
      'one that arrives again within half a second is one',
      [
        [0, 'SIGTERM'],
        [0, 'SIGTERM'],
        [499, 'SIGTERM'],
      ],
      undefined,
    ],
    [
      'one that is sent again later ends it at once',
      [
        [0, 'SIGINT'],
        [499, 'SIGINT'],
        [500, 'SIGINT'],
      ],
      'SIGINT',
    ],
    [
      'another one ends it at once, however soon',
      [
        [0, 'SIGINT'],
        [1, 'SIGTERM'],
      ],
      'SIGTERM',
    ],
  ])('%s', async (_, arrivals, second) => {
    expect(await outcomeOf(arrivals)).toEqual({ firsts: [arrivals[0]?.[1]], second, listening: 0 });
  });
});
