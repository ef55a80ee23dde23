import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { present } from '../errors/assert.ts';
import { instanceOf } from '../sources/partition-share.ts';
import { brief, EngineBench, PREFIX, type BenchEvent, type EngineFactory } from './engine-bench.contract.ts';
import { definition, session, sliding, tumbling } from './engine-cases.contract.ts';
import type { WindowDefinition } from './engine-options.ts';
import { StateDealer } from './state-dealer.ts';
import type { FiredPane, StoredEntry } from './window-engine.ts';

const PARTITIONS = 4;

const windows = fc
  .array(definition, { minLength: 1, maxLength: 3 })
  .map((drawn) => drawn.map((one, i): WindowDefinition => ({ ...one, name: `w${i}` })));
/** Bytes that may stay in memory: nothing, little, anything. */
const bounds = fc.constantFrom(0, 2000, Infinity);

interface Round {
  readonly partition: number;
  readonly events: readonly { readonly step: number; readonly behind: number; readonly key: number }[];
}

const rounds: fc.Arbitrary<readonly Round[]> = fc.array(
  fc.record({
    partition: fc.nat(PARTITIONS - 1),
    events: fc.array(fc.record({ step: fc.nat(8), behind: fc.nat(20), key: fc.nat(1) }), { maxLength: 6 }),
  }),
  { maxLength: 24, size: 'max' },
);

interface Batch {
  readonly partition: number;
  readonly events: readonly BenchEvent[];
  /** Of its partition, behind it. */
  readonly watermark: number;
}

/** Events in disorder, of keys that stand in one partition each. */
function batchesOf(drawn: readonly Round[]): readonly Batch[] {
  const times = Array.from({ length: PARTITIONS }, () => 0);
  const watermarks = times.map(() => -Infinity);
  return drawn.map(({ partition, events }) => {
    const batch = events.map(({ step, behind, key }): BenchEvent => {
      times[partition] = (times[partition] ?? 0) + step;
      const watermark = watermarks[partition] ?? -Infinity;
      const at = (times[partition] ?? 0) - behind;
      watermarks[partition] = Math.max(watermark, at - 3);
      return { at, key: `${String(partition)}-${String(key)}`, value: at, watermark };
    });
    return { partition, events: batch, watermark: watermarks[partition] ?? -Infinity };
  });
}

/** Engines that have the partitions dealt out among them, and what they have given so far. */
class Instances {
  readonly #make: EngineFactory;
  readonly #options: { readonly windows: readonly WindowDefinition[]; readonly residentBytesLimit: number };
  readonly #own = Array.from({ length: PARTITIONS }, () => -Infinity);
  /** By partition: what its windows were closed by in earlier engines. */
  readonly #passed = Array.from({ length: PARTITIONS }, () => -Infinity);
  readonly panes: FiredPane[] = [];
  readonly dropped: string[] = [];
  #benches: EngineBench[];
  #watermarks: number[];

  constructor(
    make: EngineFactory,
    count: number,
    definitions: readonly WindowDefinition[],
    residentBytesLimit: number,
  ) {
    this.#make = make;
    this.#options = { windows: definitions, residentBytesLimit };
    this.#benches = Array.from({ length: count }, () => this.#bench());
    this.#watermarks = this.#benches.map(() => -Infinity);
  }

  feed({ partition, events, watermark }: Batch): void {
    const instance = instanceOf(partition, this.#benches.length);
    const bench = present(this.#benches[instance], 'instance');
    for (const { index, window } of bench.add(events, partition)) {
      this.dropped.push(`${JSON.stringify(events[index])} of ${String(window.start)} ${String(window.end)}`);
    }
    this.#own[partition] = watermark;
    this.#watermarks[instance] = Math.max(this.#watermarks[instance] ?? -Infinity, this.#lowest(instance));
    this.panes.push(...bench.advance(this.#watermarks[instance] ?? -Infinity));
    bench.commit();
  }

  finish(): void {
    for (const bench of this.#benches) {
      this.panes.push(...bench.advance(Infinity));
      bench.commit();
      bench.answer(() => bench.engine.requestForCleaning());
      bench.commit();
      if (bench.stored.size > 0) throw new Error('state is left at the end of all input');
    }
  }

  /** Stops all, deals what they have stored out to `count` others, and starts those. */
  rescale(count: number): void {
    const before = this.#benches;
    for (const [partition, passed] of this.#passed.entries()) {
      const reached = this.#watermarks[instanceOf(partition, before.length)] ?? -Infinity;
      this.#passed[partition] = Math.max(passed, reached);
    }
    this.#benches = Array.from({ length: count });
    this.#watermarks = this.#benches.map((_, i) => this.#lowest(i));
    const stored = dealt(before, this.#options.windows, this.#watermarks);
    this.#benches = stored.map((entries) => this.#bench(entries));
    for (const [i, bench] of this.#benches.entries()) {
      for (let partition = i; partition < PARTITIONS; partition += count) {
        bench.engine.notePassed(partition, this.#passed[partition] ?? -Infinity);
      }
      this.panes.push(...bench.advance(this.#watermarks[i] ?? -Infinity));
      bench.commit();
    }
  }

  /** What a store that upserts holds in the end. */
  held(): readonly string[] {
    const held = new Map<string, string>();
    for (const { windowName, window, results, pane } of this.panes) {
      const id = `${windowName} ${String(window.start)} ${String(window.end)} ${String(window.key)}`;
      if (pane.timing === 'retraction') held.delete(id);
      else held.set(id, JSON.stringify(results));
    }
    return [...held].map(([id, results]) => `${id}: ${results}`).toSorted();
  }

  #bench(stored?: ReadonlyMap<string, Uint8Array>): EngineBench {
    return new EngineBench(this.#make, { ...this.#options, byPartition: true }, stored);
  }

  #lowest(instance: number): number {
    const own = this.#own.filter((_, partition) => instanceOf(partition, this.#benches.length) === instance);
    return own.length === 0 ? -Infinity : Math.min(...own);
  }
}

/** What engines have stored, dealt out to as many others as there are watermarks. */
function dealt(
  benches: readonly EngineBench[],
  definitions: readonly WindowDefinition[],
  watermarks: readonly number[],
): readonly Map<string, Uint8Array>[] {
  const triggers = new Map(definitions.map(({ name, trigger }) => [name, trigger !== undefined]));
  const dealer = new StateDealer({ entryPrefix: PREFIX, triggers, watermarks });
  const stored = watermarks.map(() => new Map<string, Uint8Array>());
  const put = (into: number, { key, value }: StoredEntry): void => {
    const text = Buffer.from(key).toString('hex');
    expect(stored[into]?.has(text)).toBe(false);
    stored[into]?.set(text, value);
  };
  for (const [from, { stored: entries }] of benches.entries()) {
    for (const [key, value] of [...entries].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
      const deal = dealer.deal(from, { key: Buffer.from(key, 'hex'), value });
      for (const entry of deal?.entries ?? []) put(deal?.into ?? -1, entry);
    }
  }
  for (const into of watermarks.keys()) for (const head of dealer.heads(into)) put(into, head);
  return stored;
}

/** What must hold of an engine whose state is kept by partition. */
export function partitioned(make: EngineFactory): void {
  describe('its state by partition', () => {
    it('dealt out to other engines at any moment, and again, holds the same in the end', () => {
      const numbers = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 2, maxLength: 4 });
      fc.assert(
        fc.property(windows, rounds, numbers, bounds, (definitions, drawn, [first = 1, ...others], bound) => {
          const batches = batchesOf(drawn);
          const undisturbed = new Instances(make, 1, definitions, Infinity);
          const rescaled = new Instances(make, first, definitions, bound);
          const every = Math.ceil((batches.length + 1) / (others.length + 1));
          for (const [i, batch] of batches.entries()) {
            if (i > 0 && i % every === 0) rescaled.rescale(others[i / every - 1] ?? 1);
            undisturbed.feed(batch);
            rescaled.feed(batch);
          }
          undisturbed.finish();
          rescaled.finish();
          expect(rescaled.held()).toEqual(undisturbed.held());
          expect(rescaled.dropped).toEqual(undisturbed.dropped);
        }),
        { numRuns: 800 },
      );
    });

    it('is the same as any other to its windows, whatever the partitions of a key', () => {
      fc.assert(
        fc.property(windows, rounds, fc.array(fc.boolean()), bounds, (definitions, drawn, restarts, bound) => {
          const options = { windows: definitions, residentBytesLimit: bound };
          const plain = new EngineBench(make, options);
          let tagged = new EngineBench(make, { ...options, byPartition: true });
          let watermark = -Infinity;
          for (const [i, { events, watermark: own }] of batchesOf(drawn).entries()) {
            watermark = Math.max(watermark, own);
            // Partitions have nothing to do with the keys.
            expect(tagged.add(events, i % 3)).toEqual(plain.add(events));
            expect(tagged.advance(watermark)).toEqual(plain.advance(watermark));
            tagged.commit();
            plain.commit();
            if (restarts[i] !== true) continue;
            tagged = new EngineBench(make, { ...options, byPartition: true }, tagged.stored);
            tagged.advance(watermark);
          }
          expect(tagged.advance(Infinity)).toEqual(plain.advance(Infinity));
        }),
        { numRuns: 500 },
      );
    });

    it('goes on, under a watermark that is behind, as where its windows were closed', () => {
      const late = fc.array(fc.record({ at: fc.integer({ min: -10, max: 40 }), own: fc.nat(40), behind: fc.nat(30) }));
      fc.assert(
        fc.property(windows, rounds, late, bounds, (definitions, drawn, after, residentBytesLimit) => {
          const options = { windows: definitions, residentBytesLimit, byPartition: true };
          const undisturbed = new EngineBench(make, { ...options, residentBytesLimit: Infinity });
          const before = new EngineBench(make, options);
          const reached = 20;
          for (const bench of [undisturbed, before]) {
            for (const { events } of batchesOf(drawn))
              bench.feed(events.map((one) => ({ ...one, watermark: -Infinity })));
            bench.advance(reached);
            bench.commit();
          }
          const [stored] = dealt([before], definitions, [-Infinity]);
          const behind = new EngineBench(make, options, stored);
          behind.engine.notePassed(0, reached);
          let watermark = -Infinity;
          for (const one of after) {
            watermark = Math.max(watermark, reached - one.behind);
            // An idle partition that came back has a watermark of its own that is lower.
            const event = { at: one.at, key: '0-0', watermark: one.own };
            expect(behind.add([event])).toEqual(undisturbed.add([event]));
            expect(behind.advance(watermark)).toEqual(undisturbed.advance(reached));
            behind.commit();
          }
          expect(behind.advance(Infinity)).toEqual(undisturbed.advance(Infinity));
        }),
        { numRuns: 800 },
      );
    });

    it.each([
      ['tumbling', tumbling(10, 50)],
      ['sliding', sliding(10, 5, 50)],
      ['sessions', session(10, 50)],
    ] as const)(
      'does not begin %s of one partition anew that were let go, and those of others all the same',
      (_, one) => {
        const engine = new EngineBench(make, { windows: [one], byPartition: true });
        engine.engine.letGo(one.name, 10, 1);
        engine.engine.notePassed(1, 12);
        engine.engine.advance(5);
        const event = { at: 0, watermark: 3 };
        expect(engine.add([event], 1)).toContainEqual(
          expect.objectContaining({ watermark: 12, window: expect.objectContaining({ start: 0, end: 10 }) }),
        );
        engine.take();
        expect(engine.add([event], 0)).toEqual([]);
      },
    );

    it('tells the first key that has events in several partitions', () => {
      const engine = new EngineBench(make, { windows: [tumbling(10)], byPartition: true });
      engine.feed([{ at: 1, key: 'a' }]);
      engine.take();
      engine.add([{ at: 1, key: 'b' }], 3);
      expect(engine.engine.scattered).toBeNull();
      engine.add([{ at: 1, key: 'a' }], 2);
      engine.add([{ at: 1, key: 'b' }], 1);
      expect(String(engine.engine.scattered?.key)).toBe('k=a');
      expect(engine.engine.scattered?.partitions).toEqual([0, 2]);
    });

    it.each([
      ['tumbling', tumbling(10, 50), ['t [0,10) a 2 late#1']],
      ['sliding', sliding(10, 5, 50), ['s [-5,5) a 2 late#1', 's [0,10) a 2 late#1']],
      ['sessions', session(10, 50), ['g [1,11) a 1 retraction#1.']],
    ] as const)('makes a closed window fire again for an event of another partition too: %s', (_, one, panes) => {
      const before = new EngineBench(make, { windows: [one], byPartition: true });
      before.feed([{ at: 1, key: 'a' }], 20);
      before.commit();
      const [stored] = dealt([before], [one], [-Infinity]);
      const engine = new EngineBench(make, { windows: [one], byPartition: true }, stored);
      engine.engine.notePassed(0, 20);
      engine.add([{ at: 2, key: 'a' }], 1);
      expect(engine.advance(-Infinity).map(brief)).toEqual(panes);
    });

    it('is of all partitions that its sessions are of when they become one', () => {
      const engine = new EngineBench(make, { windows: [session(10)], byPartition: true });
      engine.feed([
        { at: 1, key: 'a' },
        { at: 15, key: 'a' },
      ]);
      engine.add([{ at: 8, key: 'a' }], 2);
      engine.commit();
      expect(() => dealt([engine], [session(10)], [0, 0, 0])).toThrow('has events of the partitions 0, 2,');
    });

    it.each([
      ['tumbling', tumbling(10)],
      ['sliding', sliding(10, 5)],
      ['sessions', session(10)],
    ] as const)('is dealt out where the partitions of a key go together, and refused where not: %s', (_, one) => {
      const engine = new EngineBench(make, { windows: [one], byPartition: true });
      engine.feed([{ at: 1, key: 'a' }]);
      engine.add([{ at: 2, key: 'a' }], 2);
      engine.commit();
      const [even, odd] = dealt([engine], [one], [-Infinity, -Infinity]);
      expect([even?.size, odd?.size]).toEqual([engine.stored.size, 0]);
      expect(() => dealt([engine], [one], [-Infinity, -Infinity, -Infinity])).toThrow(
        'the key "k=a" of windows "' +
          one.name +
          '" has events of the partitions 0, 2, which would go to the instances 0, 2',
      );
    });
  });

  describe('a state that is dealt out', () => {
    const broken = (change: (stored: Map<string, Uint8Array>) => void): (() => unknown) => {
      const engine = new EngineBench(make, { windows: [tumbling(10)], byPartition: true });
      engine.feed([{ at: 1, key: 'a' }]);
      engine.commit();
      change(engine.stored);
      return () => dealt([engine], [tumbling(10)], [0]);
    };
    const without =
      (kind: number) =>
      (stored: Map<string, Uint8Array>): void => {
        // Behind the name and its end stands the kind.
        for (const key of stored.keys()) if (Buffer.from(key, 'hex')[PREFIX.length + 3] === kind) stored.delete(key);
      };

    it.each([
      ['an entry is missing', without(1), 'of 1 stored entries of one head there are 0'],
      ['a head is missing', without(0), 'an entry of windows "t" has no head'],
    ] as const)('is refused where %s', (_, change, message) => {
      expect(broken(change)).toThrow(expect.objectContaining({ code: 'STATE_CORRUPT', message }));
    });

    it('is refused where it has windows that are not configured', () => {
      const engine = new EngineBench(make, { windows: [tumbling(10)], byPartition: true });
      engine.feed([{ at: 1 }]);
      engine.commit();
      expect(() => dealt([engine], [session(10)], [0])).toThrow(expect.objectContaining({ code: 'STATE_MISMATCH' }));
    });
  });
}
