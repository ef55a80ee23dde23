import { describe, expect, it } from 'vitest';
import { ManualClock } from './manual-clock.ts';

/** Lets everything that has been resolved run. */
async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await Promise.resolve();
}

describe('ManualClock', () => {
  it('stands still until it is turned', () => {
    const clock = new ManualClock(100);
    expect([clock.now(), clock.monotonic()]).toEqual([100, 0]);
    clock.advance(50);
    expect([clock.now(), clock.monotonic()]).toEqual([150, 50]);
  });

  it('jumps either way without time passing, so that nobody wakes', async () => {
    const clock = new ManualClock(100);
    let awake = false;
    void clock.sleep(10).then(() => (awake = true));
    clock.jumpTo(1_000_000);
    clock.jumpTo(-5);
    await settle();
    expect([clock.now(), clock.monotonic(), awake, clock.sleeping]).toEqual([-5, 0, false, 1]);
  });

  it('wakes sleepers as it passes them, the earliest first, and those of one time in the order they fell asleep', async () => {
    const clock = new ManualClock();
    const woken: string[] = [];
    for (const [name, delay] of Object.entries({ late: 30, first: 10, second: 20, also: 20 })) {
      void clock.sleep(delay).then(() => woken.push(name));
    }
    clock.advance(9);
    await settle();
    expect(woken).toEqual([]);
    clock.advance(11);
    await settle();
    expect(woken).toEqual(['first', 'second', 'also']);
    expect(clock.sleeping).toBe(1);
    clock.advance(1000);
    await settle();
    expect(woken).toEqual(['first', 'second', 'also', 'late']);
  });

  it.each([0, -1])('does not sleep for %d ms', async (delay) => {
    const clock = new ManualClock();
    await clock.sleep(delay);
    expect(clock.sleeping).toBe(0);
  });

  it('wakes a sleeper whose signal aborts, and takes no notice of one that has aborted', async () => {
    const clock = new ManualClock();
    const controller = new AbortController();
    const asleep = clock.sleep(1000, controller.signal);
    expect(clock.sleeping).toBe(1);
    controller.abort();
    await asleep;
    await clock.sleep(1000, controller.signal);
    expect(clock.sleeping).toBe(0);
  });

  it('lets go of the signal of a sleeper that has woken by itself', async () => {
    const clock = new ManualClock();
    let listeners = 0;
    const { signal } = new AbortController();
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...given: Parameters<typeof add>) => {
      listeners += 1;
      add(...given);
    };
    signal.removeEventListener = (...given: Parameters<typeof remove>) => {
      listeners -= 1;
      remove(...given);
    };
    const asleep = clock.sleep(10, signal);
    expect(listeners).toBe(1);
    clock.advance(10);
    await asleep;
    expect(listeners).toBe(0);
  });

  it.each([-1, Number.NaN])('refuses to let %d ms pass', (by) => {
    expect(() => new ManualClock().advance(by)).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
  });
});
