import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CountTrigger } from '../windows/count-trigger.ts';
import { EventTimeTrigger } from '../windows/event-time-trigger.ts';
import { ProcessingTimeTrigger } from '../windows/processing-time-trigger.ts';
import { batches, lateness, session, sliding, tumbling } from './engine-cases.contract.ts';
import { brief, EngineBench, type EngineFactory } from './engine-bench.contract.ts';
import { partitioned } from './window-engine-partitions.contract.ts';
import { restarting } from './window-engine-state.contract.ts';
import type { WindowDefinition } from './engine-options.ts';

/** What every engine must do: the rules of windows, lateness and firing, as far as they can be seen through the port. */
export function windowEngineContract(name: string, make: EngineFactory): void {
  describe(`the contract of engines: ${name}`, () => {
    const bench = (...windows: readonly WindowDefinition[]): EngineBench => new EngineBench(make, { windows });

    firing(bench);
    lateFiring(bench);
    early(bench);
    accounting(bench);
    restarting(make);
    partitioned(make);
  });
}

type Make = (...windows: readonly WindowDefinition[]) => EngineBench;

function firing(bench: Make): void {
  describe('firing', () => {
    it('comes once the watermark has reached the end, by end, then start, then key', () => {
      const engine = bench(sliding(10, 5), tumbling(10));
      const events = [12, 3, 7].flatMap((at) => ['b', 'a'].map((key) => ({ at, key })));
      expect(engine.feed(events, 9)).toHaveLength(2);
      expect(engine.advance(14)).toHaveLength(4);
      expect(engine.advance(14)).toEqual([]);
      expect(engine.advance(Infinity).map(brief)).toEqual([
        's [5,15) a 2 on_time#0.',
        's [5,15) b 2 on_time#0.',
        's [10,20) a 1 on_time#0.',
        't [10,20) a 1 on_time#0.',
        's [10,20) b 1 on_time#0.',
        't [10,20) b 1 on_time#0.',
      ]);
    });

    it('is handed over in pieces, and begins no batch before the last', () => {
      const engine = bench(tumbling(1));
      engine.add([{ at: 1 }, { at: 2 }, { at: 3 }]);
      engine.engine.advance(10);
      expect(engine.engine.takeFired(2).map(brief)).toEqual(['t [1,2) 1 on_time#0.', 't [2,3) 1 on_time#0.']);
      expect(() => engine.add([{ at: 20 }])).toThrow('all due panes are taken before the next batch');
      expect(engine.take(2).map(brief)).toEqual(['t [3,4) 1 on_time#0.']);
      expect(engine.feed([{ at: 20 }], 21)).toHaveLength(1);
    });

    it('never moves back with the watermark', () => {
      const engine = bench(tumbling(10));
      engine.feed([{ at: 5 }], 10);
      expect(engine.feed([{ at: 15 }], 3)).toEqual([]);
      expect(engine.add([{ at: 5 }])).toHaveLength(1);
    });
  });
}

function lateFiring(bench: Make): void {
  describe('late events', () => {
    it('let their window fire again with all that it holds, once for a batch', () => {
      const engine = bench(tumbling(10, 20));
      engine.feed([{ at: 5 }], 12);
      const late = { at: 6, watermark: 12 };
      expect(engine.feed([late, late], 12).map(brief)).toEqual(['t [0,10) 3 late#1']);
      expect(engine.advance(29)).toEqual([]);
      expect(engine.feed([{ at: 9, watermark: 29 }], 30).map(brief)).toEqual(['t [0,10) 4 late#2']);
    });

    it('that come too late are handed back with window and watermark', () => {
      const engine = bench(tumbling(10, 3));
      engine.feed([{ at: 5 }], 12);
      const [dropped] = engine.add([{ at: 5, watermark: 12 }]);
      expect(dropped).toMatchObject({ index: 0, window: { start: 0, end: 10 }, watermark: 12 });
    });

    it('join sessions that had fired, which are retracted with what they said, before the joined one fires', () => {
      const engine = bench(session(5, 100));
      expect(
        engine.feed(
          [
            { at: 0, value: 1 },
            { at: 8, value: 2 },
          ],
          20,
        ),
      ).toHaveLength(2);
      const panes = engine.feed([{ at: 4, value: 3, watermark: 20 }], 20);
      expect(panes.map(brief)).toEqual(['g [0,5) 1 retraction#1.', 'g [8,13) 1 retraction#1.', 'g [0,13) 3 on_time#0']);
      expect(panes[0]?.results).toMatchObject({ sum: 1 });
      expect(panes[2]?.results).toMatchObject({ sum: 6 });
    });

    it('may be taken for as long as a trigger keeps the state', () => {
      const keeps = {
        shouldFire: () => false,
        shouldPurge: (_: unknown, { timestamp }: { timestamp: number }) => timestamp >= 50,
      };
      const engine = bench(tumbling(10, 100, keeps));
      expect(engine.feed([{ at: 5 }], 40).map(brief)).toEqual(['t [0,10) 1 on_time#0']);
      expect(engine.feed([{ at: 5, watermark: 40 }], 40).map(brief)).toEqual(['t [0,10) 2 late#1']);
      engine.advance(50);
      expect(engine.engine.activeWindows).toBe(0);
      expect(engine.add([{ at: 5, watermark: 40 }])).toHaveLength(1);
    });
  });
}

function early(bench: Make): void {
  describe('triggers', () => {
    it.each([
      ['tumbling windows', tumbling(10, 0, new CountTrigger(2)), 't [0,10)'],
      ['sliding windows', sliding(10, 20, 0, new CountTrigger(2)), 's [0,10)'],
    ])('count the elements since the last firing: %s', (_, window, label) => {
      const engine = bench(window);
      const events = [1, 2, 3, 4, 5].map((at) => ({ at }));
      expect(engine.feed(events, 5).map(brief)).toEqual([`${label} 2 early#0`, `${label} 4 early#1`]);
      expect(engine.advance(10).map(brief)).toEqual([`${label} 5 on_time#2.`]);
    });

    it('see the clock at every tick, and fire nothing twice', () => {
      const engine = bench(tumbling(10, 0, new ProcessingTimeTrigger(100)));
      engine.feed([{ at: 1 }]);
      engine.engine.tick(99);
      expect(engine.take()).toEqual([]);
      engine.engine.tick(100);
      engine.engine.tick(300);
      expect(engine.take().map(brief)).toEqual(['t [0,10) 1 early#0']);
    });

    it('that throw end in an error that says where', () => {
      const engine = bench(
        tumbling(10, 0, {
          shouldFire: () => {
            throw new Error('oops');
          },
        }),
      );
      expect(() => engine.add([{ at: 1 }])).toThrow(/trigger of window "t" threw in shouldFire: Error: oops/);
    });

    it('that never fire early change nothing: sliding windows with shared slices give what those without give', () => {
      fc.assert(
        fc.property(
          batches,
          fc.integer({ min: 2, max: 12 }),
          fc.integer({ min: 1, max: 12 }),
          lateness,
          (drawn, size, slide, late) => {
            const [shared, alone] = [
              bench(sliding(size, slide, late)),
              bench(sliding(size, slide, late, new EventTimeTrigger())),
            ];
            for (const { events, watermark } of [...drawn, { events: [], watermark: Infinity }]) {
              const expected = alone.feed(events, watermark);
              expect(shared.feed(events, watermark)).toEqual(expected);
              expect(shared.engine.counters).toEqual(alone.engine.counters);
            }
          },
        ),
        { numRuns: 300 },
      );
    });
  });
}

function accounting(bench: Make): void {
  describe('what it holds', () => {
    it('is counted: every event and window has one outcome', () => {
      const engine = bench(tumbling(10, 3), sliding(2, 10));
      engine.feed([{ at: 5 }, { at: 11, watermark: 5 }, { at: 8, watermark: 11 }], 11);
      engine.feed(
        [
          { at: 1, watermark: 11 },
          { at: 9, watermark: 11 },
        ],
        11,
      );
      // 1, 11 and 21 are in sliding windows too; nothing is in no window at all.
      expect(engine.engine.counters).toEqual({
        assigned: 7,
        onTime: 3,
        outOfOrder: 0,
        acceptedLate: 2,
        droppedLate: 2,
        unassigned: 0,
        fired: 2,
      });
      const gaps = bench(sliding(2, 10));
      gaps.feed([{ at: 5 }, { at: 1 }]);
      expect(gaps.engine.counters).toMatchObject({ assigned: 1, unassigned: 1 });
    });

    it.each([
      ['tumbling windows', tumbling(10)],
      ['shared slices', sliding(10, 5)],
      ['sessions', session(10)],
    ])('goes with its last window: %s', (_, window) => {
      const engine = bench(window);
      engine.feed([
        { at: 1, key: 'a' },
        { at: 30, key: 'b' },
      ]);
      const [a, b] = [0, 1];
      expect([a, b].map((id) => engine.engine.isLive(id))).toEqual([true, true]);
      const full = engine.engine.sizeBytes();
      expect(full).toBeGreaterThan(0);
      expect(engine.engine.openWindows(1)).toMatchObject([{ windowName: window.name, fired: false }]);
      engine.advance(20);
      expect([a, b].map((id) => engine.engine.isLive(id))).toEqual([false, true]);
      expect(engine.engine.sizeBytes()).toBeLessThan(full);
      engine.advance(Infinity);
      engine.commit();
      expect(engine.engine.activeWindows).toBe(0);
      expect(engine.engine.sizeBytes()).toBe(0);
      expect(engine.stored.size).toBe(0);
    });

    it('has fired up to a watermark when it has come there, and all that is due is taken', () => {
      const engine = bench(tumbling(10));
      engine.feed([
        { at: 5, key: 'a' },
        { at: 5, key: 'b' },
      ]);
      expect(engine.engine.hasFired(12)).toBe(false);
      engine.engine.advance(12);
      engine.takeSome(1);
      expect(engine.engine.hasFired(12)).toBe(false);
      engine.takeSome(1);
      expect([engine.engine.hasFired(12), engine.engine.hasFired(13)]).toEqual([true, false]);
    });

    it('is shown earliest first, no more than asked for', () => {
      const engine = bench(tumbling(10, 100));
      engine.feed([{ at: 55 }, { at: 5 }, { at: 25 }], 12);
      const shown = engine.engine.openWindows(2).map(({ window, fired }) => [window.start, fired]);
      expect(shown).toEqual([
        [0, true],
        [20, false],
      ]);
    });

    it('is counted by span of time, what is waited for before what is only kept for late events', () => {
      const engine = bench(tumbling(10, 100));
      const keys = Array.from({ length: 2000 }, (_, n) => `k${String(n)}`);
      engine.feed([...keys.map((key) => ({ at: 5, key })), ...keys.map((key) => ({ at: 15, key })), { at: 25 }], 12);
      const shown = engine.engine.openSpans(1).map(({ window, fired, windows }) => [window.start, fired, windows]);
      expect(shown).toEqual([
        [10, false, 2000],
        [0, true, 2000],
      ]);
    });

    it('is counted rightly by span however many spans there are, the latest of them left out', () => {
      const engine = bench(session(10, 0));
      engine.feed(Array.from({ length: 3000 }, (_, n) => ({ at: 3000 - (n % 1500), key: `k${String(n)}` })));
      const shown = engine.engine.openSpans(2).map(({ window, windows }) => [window.start, windows]);
      expect(shown).toEqual([
        [1501, 2],
        [1502, 2],
      ]);
    });

    it('stays bounded where one key has almost all the events of a long window', () => {
      const engine = bench(tumbling(1_000_000_000));
      const sizes: number[] = [];
      for (let round = 1; round <= 60; round += 1) {
        const hot = Array.from({ length: 5000 }, (_, i) => ({
          at: i,
          key: i === 0 ? 'cold' : 'hot',
          value: ((round * 5000 + i) * 2_654_435_761) % 1_000_003,
        }));
        engine.feed(hot);
        sizes.push(engine.engine.sizeBytes());
      }
      expect(sizes.at(-1)).toBeLessThan(100_000);
      expect(sizes.at(-1)).toBeLessThan(1.2 * (sizes[20] ?? 0));
    });
  });
}
