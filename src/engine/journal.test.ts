import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProcessorError } from '../errors/processor-error.ts';
import { GroupingKey } from '../event/grouping-key.ts';
import { KeyDictionary } from '../event/key-dictionary.ts';
import { brief, EngineBench, PREFIX } from './engine-bench.contract.ts';
import { batches, definition } from './engine-cases.contract.ts';
import type { EngineOptions, WindowDefinition } from './engine-options.ts';
import { JournalReader, type InputStep, type JournalEntry } from './journal-replay.ts';
import { Journal } from './journal.ts';
import { ReferenceEngine } from './reference/reference-engine.ts';
import { describeStateEntry } from './state-entry.ts';

const make = (options: EngineOptions): ReferenceEngine => new ReferenceEngine(options);

/** Definitions without triggers: what these do is not the input's alone. */
const windows = fc
  .array(
    definition.filter(({ trigger }) => trigger === undefined),
    { minLength: 1, maxLength: 3 },
  )
  .map((drawn) => drawn.map((one, i): WindowDefinition => ({ ...one, name: `w${i}` })));

/** Does again what parts of a journal say; gives the panes. */
function replay(bench: EngineBench, parts: readonly Uint8Array[]): string[] {
  const reader = new JournalReader(bench.keys);
  const panes: string[] = [];
  for (const part of parts) {
    for (const step of reader.steps(part)) {
      if (step.type === 'fired') continue;
      const { batch, now, watermark } = step;
      bench.now = now;
      if (batch === null) bench.engine.tick(now);
      else bench.ingest(batch);
      panes.push(...bench.advance(watermark).map(brief));
    }
  }
  return panes;
}

/** What is stored of windows and slices. Heads and timers also tell what the engine has looked at, which a restart does. */
function contents({ stored }: EngineBench): readonly (readonly [string, string])[] {
  return [...stored]
    .filter(([key]) => describeStateEntry(Buffer.from(key, 'hex').subarray(PREFIX.length)).kind !== 'index')
    .map(([key, value]) => [key, Buffer.from(value).toString('hex')] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

describe('a journal', () => {
  it('done again on what was stored gives the windows, to the byte, and the panes that had fired', () => {
    fc.assert(
      fc.property(
        windows,
        batches,
        fc.array(fc.constantFrom('store', 'journal', 'crash')),
        fc.constantFrom(0, 2000, Infinity),
        (definitions, drawn, acts, residentBytesLimit) => {
          const options = { windows: definitions, residentBytesLimit };
          const undisturbed = new EngineBench(make, { windows: definitions });
          let engine = new EngineBench(make, options);
          let journal = new Journal(engine.keys, Infinity);
          let parts: Uint8Array[] = [];
          let fired: string[] = [];
          const store = (): void => {
            engine.commit();
            journal.begin();
            parts = [];
            fired = [];
          };
          store();
          for (const [i, { events, watermark }] of [...drawn, { events: [], watermark: Infinity }].entries()) {
            engine.now = undisturbed.now = i;
            const expected = undisturbed.feed(events, watermark).map(brief);
            const panes = engine.feed(events, watermark).map(brief);
            if (engine.batch !== null) journal.ingested(engine.batch, i, watermark);
            expect(panes).toEqual(expected);
            fired.push(...panes);
            const act = acts[i] ?? 'journal';
            if (act === 'store') store();
            else parts.push(taken(journal));
            if (act !== 'crash') continue;
            const again = new EngineBench(make, { ...options, residentBytesLimit: Infinity }, engine.stored);
            expect(replay(again, parts)).toEqual(fired);
            expect(again.engine.activeWindows).toBe(undisturbed.engine.activeWindows);
            for (const one of [again, engine]) {
              one.commit();
              // What was spilled and is gone is deleted by and by; what was in memory is so at once.
              one.answer(() => one.engine.requestForCleaning());
              one.commit();
            }
            if (definitions.every(({ assigner }) => assigner.type !== 'session')) {
              // A key's sessions are stored with their timer.
              expect(contents(again)).toEqual(contents(engine));
            }
            engine = new EngineBench(make, options, again.stored);
            engine.engine.advance(watermark);
            engine.take();
            journal = new Journal(engine.keys, Infinity);
            journal.advanced(watermark);
            store();
          }
          engine.commit();
          engine.answer(() => engine.engine.requestForCleaning());
          engine.commit();
          expect(engine.stored.size).toBe(0);
        },
      ),
      { numRuns: 1500 },
    );
  });
});

/** A part, with memory of its own. */
function taken(journal: Journal): Uint8Array {
  return new Uint8Array(journal.take() ?? []);
}

/** A batch of events of one key each, at rising times. */
function batchOf(keys: KeyDictionary, texts: readonly (string | null)[]): NonNullable<InputStep['batch']> {
  return {
    count: texts.length,
    partition: 0,
    keys: Int32Array.from(texts, (text) => keys.idOf(text === null ? null : GroupingKey.fromFields([['k', text]]))),
    timestamps: Float64Array.from(texts, (_, i) => i - 0.5),
    watermarks: Float64Array.from(texts, (_, i) => (i < 2 ? -Infinity : i >> 1)),
    values: [Float64Array.from(texts, (_, i) => (i === 1 ? Number.NaN : i / 3))],
  };
}

/** How many steps there are; -1 where they are refused. */
function stepsOrRefusal(read: () => readonly JournalEntry[]): number {
  try {
    return read().length;
  } catch (error) {
    if (ProcessorError.is(error) && error.code === 'ACCUMULATOR_CORRUPT') return -1;
    throw error;
  }
}

describe('the steps of a journal', () => {
  it('are what was told, whatever the keys, and however long the columns are', () => {
    const keys = new KeyDictionary();
    const journal = new Journal(keys, Infinity);
    journal.begin();
    const texts = ['a', null, '\ud800', 'ß\n', 'a', '\u{1f600}'];
    const batch = batchOf(keys, texts);
    journal.ingested({ ...batch, timestamps: Float64Array.from([...batch.timestamps, 7, 8]) }, 5, 9);
    journal.fired(300, 5.5);
    journal.fired(0, 5.5);
    journal.ticked(6);
    journal.ticked(6);
    journal.advanced(Infinity);
    const first = taken(journal);
    journal.ingested({ ...batch, count: 0 }, 7, Infinity);
    journal.ingested({ ...batch, count: 1 }, 8, Infinity);
    const second = taken(journal);

    const others = new KeyDictionary();
    others.idOf(GroupingKey.fromFields([['k', 'another']]));
    const reader = new JournalReader(others);
    const steps = [first, second].map((part) =>
      [...reader.steps(part)].map((step) =>
        step.type === 'fired' || step.batch === null
          ? step
          : { ...step, batch: { ...step.batch, keys: [...step.batch.keys].map((id) => others.keyOf(id)) } },
      ),
    );
    const ofKeys = texts.map((text) => (text === null ? null : GroupingKey.fromFields([['k', text]])));
    expect(steps).toEqual([
      [
        { type: 'input', batch: null, now: 0, watermark: -Infinity },
        { type: 'input', batch: { ...batch, keys: ofKeys }, now: 5, watermark: 9 },
        { type: 'fired', count: 300, now: 5.5 },
        { type: 'input', batch: null, now: 6, watermark: 9 },
        { type: 'input', batch: null, now: 6, watermark: Infinity },
      ],
      [
        { type: 'input', batch: null, now: 7, watermark: Infinity },
        {
          type: 'input',
          batch: {
            count: 1,
            partition: 0,
            keys: ofKeys.slice(0, 1),
            timestamps: batch.timestamps.slice(0, 1),
            watermarks: batch.watermarks.slice(0, 1),
            values: [Float64Array.of(0)],
          },
          now: 8,
          watermark: Infinity,
        },
      ],
    ]);
  });

  it('tell a key again when its id has gone to another', () => {
    const keys = new KeyDictionary();
    const journal = new Journal(keys, Infinity);
    journal.begin();
    journal.ingested(batchOf(keys, ['a']), 0, 0);
    keys.retain(() => false);
    journal.ingested(batchOf(keys, ['b']), 0, 0);
    const others = new KeyDictionary();
    const told = [...new JournalReader(others).steps(taken(journal))].flatMap((step) =>
      'batch' in step && step.batch !== null ? [...step.batch.keys].map((id) => others.keyOf(id)?.toString()) : [],
    );
    expect(told).toEqual(['k=a', 'k=b']);
  });

  it('are not to be had before windows are stored, nor beyond the bound, and are again when they are stored again', () => {
    const keys = new KeyDictionary();
    const journal = new Journal(keys, 300);
    journal.ingested(batchOf(keys, ['a']), 0, 0);
    expect(journal.take()).toBeNull();
    journal.begin();
    journal.ingested(batchOf(keys, ['a', 'b', 'c']), 0, 0);
    expect(journal.take()).not.toBeNull();
    for (let n = 0; n < 3; n += 1) journal.ingested(batchOf(keys, ['a', 'b', 'c']), 0, 0);
    expect(journal.take()).toBeNull();
    expect(journal.take()).toBeNull();
    journal.begin();
    expect(journal.take()).not.toBeNull();
  });

  it('are refused where the first part is missing, a part is cut, or of another version', () => {
    const keys = new KeyDictionary();
    const journal = new Journal(keys, Infinity);
    journal.begin();
    journal.ingested(batchOf(keys, ['a', 'b', 'c']), 0, 0);
    const first = taken(journal);
    journal.ingested(batchOf(keys, ['a', 'b', 'c']), 0, 0);
    const second = taken(journal);
    const read = (...parts: Uint8Array[]) => {
      const reader = new JournalReader(new KeyDictionary());
      return parts.flatMap((part) => [...reader.steps(part)]);
    };
    expect(read(first, second)).toHaveLength(3);
    expect(() => read(second)).toThrow('without its beginning');
    expect(() => read(Uint8Array.of(99, ...first.subarray(1)))).toThrow('another version');
    for (let length = 0; length < first.length; length += 1) {
      const steps = stepsOrRefusal(() => read(first.subarray(0, length)));
      // Cut between two steps it is a shorter journal; its store keeps it whole.
      expect(steps, String(length)).toBeLessThan(2);
    }
  });
});
