import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CountTrigger } from '../windows/count-trigger.ts';
import { brief, EngineBench, PREFIX, type EngineFactory } from './engine-bench.contract.ts';
import { batches, definition, session, sliding, tumbling } from './engine-cases.contract.ts';
import type { WindowDefinition } from './engine-options.ts';
import { describeStateEntry } from './state-entry.ts';

/** Bytes that may stay in memory: nothing, little, anything. */
const bounds = fc.constantFrom(0, 2000, Infinity);

/** What must hold of an engine's state: deltas, and what is loaded from them. */
export function restarting(make: EngineFactory): void {
  describe('its state', () => {
    it('stored by deltas at any moment, lets a new engine go on as if nothing had happened', () => {
      const windows = fc
        .array(definition, { minLength: 1, maxLength: 3 })
        .map((drawn) => drawn.map((one, i): WindowDefinition => ({ ...one, name: `w${i}` })));
      fc.assert(
        fc.property(
          windows,
          batches,
          fc.array(fc.boolean()),
          fc.nat(4),
          bounds,
          (definitions, drawn, restarts, limit, residentBytesLimit) => {
            const options = { windows: definitions, residentBytesLimit };
            let engine = new EngineBench(make, options);
            const undisturbed = new EngineBench(make, { windows: definitions });
            for (const [i, { events, watermark }] of [...drawn, { events: [], watermark: Infinity }].entries()) {
              const expected = undisturbed.feed(events, watermark);
              engine.add(events);
              engine.engine.advance(watermark);
              // Some of what is due is taken before the commit, the rest by the engine that comes after it.
              const panes = [...engine.takeSome(limit)];
              engine.commit();
              if (restarts[i] === true) {
                engine = new EngineBench(make, options, engine.stored);
                engine.engine.advance(watermark);
              }
              panes.push(...engine.take());
              expect(panes).toEqual(expected);
              expect(engine.engine.activeWindows).toBe(undisturbed.engine.activeWindows);
            }
            engine.commit();
            engine.answer(() => engine.engine.requestForCleaning());
            engine.commit();
            expect(engine.stored.size).toBe(0);
            expect(engine.engine.residence).toMatchObject({ residentBytes: 0, spilledWindows: 0 });
          },
        ),
        { numRuns: 1500 },
      );
    });

    it('is not written again when it has been loaded', () => {
      const options = {
        windows: [tumbling(10), sliding(10, 5), session(4)].map((one, i) => ({ ...one, name: `w${i}` })),
      };
      const engine = new EngineBench(make, options);
      engine.feed([{ at: 1, key: 'a' }], 0);
      engine.commit();
      const next = new EngineBench(make, options, engine.stored);
      next.advance(0);
      expect(next.engine.takeDelta()).toEqual([]);
    });

    it('tells of each entry whose it is', () => {
      const options = { windows: [tumbling(10), sliding(10, 5), session(4)] };
      const engine = new EngineBench(make, options);
      engine.feed([{ at: 1, key: 'a' }], 0);
      engine.commit();
      const entries = [...engine.stored.keys()].map((key) =>
        describeStateEntry(Buffer.from(key, 'hex').subarray(PREFIX.length)),
      );
      const told = entries.filter(({ kind }) => kind !== 'index');
      expect(new Set(told.map(({ windowName }) => windowName))).toEqual(new Set(['t', 's', 'g']));
      expect(new Set(told.map(({ key }) => key?.toString()))).toEqual(new Set(['k=a']));
      expect(entries).toContainEqual(expect.objectContaining({ windowName: 't', span: { start: 0, end: 10 } }));
    });

    it('is not for windows that are not there', () => {
      const engine = new EngineBench(make, { windows: [tumbling(10)] });
      engine.feed([{ at: 1 }]);
      engine.commit();
      const other = new EngineBench(make, { windows: [session(10)] });
      const load = (): void => {
        for (const [key, value] of engine.stored) other.engine.load({ key: Buffer.from(key, 'hex'), value });
      };
      expect(load).toThrow(/state of windows "t", which are not configured/);
    });

    it.each([
      ['tumbling', tumbling(10, 50), [0, 10]],
      ['sliding', sliding(10, 5, 50), [0, 10]],
      ['sessions', session(10, 50), [0, 10]],
    ] as const)('does not begin %s anew that a shorter lateness has let go', (_, windows, [start, end]) => {
      const engine = new EngineBench(make, { windows: [windows] });
      engine.engine.letGo(windows.name, 10);
      engine.engine.advance(12);
      // Dropped for [0, 10), and taken for what was still held.
      const dropped = engine.add([
        { at: 0, watermark: 12 },
        { at: 11, watermark: 12 },
      ]);
      expect(dropped.map(({ index, window }) => [index, window.start, window.end])).toContainEqual([0, start, end]);
      expect(dropped.some(({ index }) => index === 1)).toBe(false);
    });

    it.each([
      ['tumbling', tumbling(10, 20)],
      ['sliding', sliding(10, 5, 20)],
    ] as const)(
      'goes on being deleted after crashes between its parts, %s, though others wait to fire',
      (_, windows) => {
        const options = { windows: [windows], residentBytesLimit: 0 };
        const first = new EngineBench(make, options);
        first.feed(
          [
            { at: 7, key: 'a' },
            { at: 7, key: 'b' },
            { at: 7, key: 'c' },
          ],
          15,
        );
        first.commit();
        // What is stored can be let go of.
        first.commit();
        first.advance(50);
        first.commit();
        // A part of it only; what is left is known to be on its way out.
        const request = first.engine.requestForCleaning();
        expect(request).not.toBeNull();
        if (request !== null) first.supply(request);
        first.commit();
        const second = new EngineBench(make, options, first.stored);
        second.engine.advance(50);
        second.add([{ at: 57, key: 'a', watermark: 50 }]);
        second.engine.advance(70);
        second.takeSome(0);
        second.commit();
        const third = new EngineBench(make, options, second.stored);
        expect(third.advance(70).map(brief)).toEqual(second.take().map(brief));
        third.answer(() => third.engine.requestForCleaning());
      },
    );

    it('is not tracked where nobody asks for it', () => {
      const engine = new EngineBench(make, { windows: [tumbling(10)], trackChanges: false });
      engine.feed([{ at: 1 }]);
      expect(engine.engine.takeDelta()).toEqual([]);
    });

    it('cannot be taken while an early pane is left, for that is nowhere else', () => {
      const engine = new EngineBench(make, { windows: [tumbling(10, 0, new CountTrigger(1))] });
      engine.add([{ at: 1 }, { at: 2 }]);
      expect(() => engine.engine.takeDelta()).toThrow('early panes');
      expect(engine.engine.takeFired(1)).toHaveLength(2);
      engine.commit();
      // The window, and how many there are.
      expect(engine.stored.size).toBe(2);
    });
  });
}
