import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RecordBlock } from '../../event/record-block.ts';
import { ManualClock } from '../../time/manual-clock.ts';
import { contextWith, describeResumableSource, positionAfter, readSource, textsOf } from '../event-source.contract.ts';
import type { SourcePartition, SourcePosition } from '../event-source.ts';
import { DemoSource, type DemoSourceOptions } from './demo-source.ts';
import { demoEvent, DemoTraffic } from './demo-traffic.ts';
import { TrafficRate } from './traffic-rate.ts';

const NOON = Date.UTC(2025, 5, 1, 12);
const SETTINGS = { seed: 7, keys: 20, eventsPerSec: 1000, disorderMs: 5000, startAt: NOON };

function lines(partition: number, of: number, total: number): string[] {
  const traffic = new DemoTraffic(SETTINGS);
  return Array.from({ length: total }, (_, k) => k)
    .filter((k) => k % of === partition)
    .map((k) => traffic.line(k));
}

describeResumableSource('a demo source', () =>
  Promise.resolve({
    source: () => new DemoSource({ seed: 7, eventsPerSec: 0, total: 21, startAt: NOON }),
    expected: { 'demo-0': lines(0, 2, 21), 'demo-1': lines(1, 2, 21) },
  }),
);

/** Lets everything run that does not wait for the clock. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Reads whatever a partition has until it waits for the clock. */
async function readDue(partition: SourcePartition, clock: ManualClock, into: RecordBlock[]): Promise<void> {
  for (;;) {
    let block: RecordBlock | null | undefined;
    void partition.read().then((read) => {
      block = read;
      return read;
    });
    await settle();
    if (block === undefined) {
      expect(partition.caughtUp).toBe(true);
      expect(clock.sleeping).toBe(1);
      clock.advance(1000);
      await settle();
    }
    if (block === undefined || block === null) return;
    into.push(block);
    if (clock.monotonic() >= 10_000) return;
  }
}

describe('the pace of a demo source', () => {
  it('is that of the clock: waiting in between, caught up while it waits', async () => {
    const clock = new ManualClock(NOON);
    const open = await new DemoSource({ eventsPerSec: 100, partitions: 1 }).open(
      contextWith({ clock, maxBlockRecords: 1000 }),
    );
    const blocks: RecordBlock[] = [];
    await readDue(open.partitions[0]!, clock, blocks); // one partition, as asked for
    const count = blocks.reduce((sum, block) => sum + block.count, 0);
    // At noon there is more traffic than on average.
    expect(count).toBeGreaterThan(1000);
    expect(count).toBeLessThan(1260);
  });

  it('does not follow a wall clock that is set', async () => {
    const clock = new ManualClock(NOON);
    const open = await new DemoSource({ eventsPerSec: 100, partitions: 1 }).open(contextWith({ clock }));
    const partition = open.partitions[0]!; // one partition, as asked for
    await partition.read();
    clock.jumpTo(NOON + 86_400_000);
    const waiting = partition.read();
    await settle();
    expect(partition.caughtUp).toBe(true);
    clock.jumpTo(0);
    clock.advance(25);
    expect((await waiting)?.count).toBeGreaterThan(0);
  });

  it('lets a waiting read go when the run ends', async () => {
    const run = new AbortController();
    const open = await new DemoSource({ eventsPerSec: 0.01 }).open(contextWith({ signal: run.signal }));
    await open.partitions[0]?.read();
    const waiting = open.partitions[0]?.read();
    run.abort();
    expect(await waiting).toBeNull();
  });
});

describe('the stream of a demo source', () => {
  it('goes on after a restart as if it had never stopped, event time and all', async () => {
    const options: DemoSourceOptions = { eventsPerSec: 0, total: 50, partitions: 1 };
    const whole = await readSource(new DemoSource(options), contextWith({ clock: new ManualClock(NOON) }));
    const blocks = whole.get('demo-0') ?? [];
    const [first] = blocks;
    const positions = new Map(first === undefined ? [] : [['demo-0', positionAfter(first)]]);
    const later = new ManualClock(NOON + 3_600_000);
    const rest = await readSource(new DemoSource(options), contextWith({ clock: later, positions }));
    expect(rest.get('demo-0')?.flatMap(textsOf)).toEqual(blocks.slice(1).flatMap(textsOf));
  });

  it('is the same, offsets and all, wherever and however often it is killed', async () => {
    const blocksRead = fc.array(fc.tuple(fc.nat({ max: 4 }), fc.nat({ max: 4 }), fc.integer({ min: 1, max: 9 })), {
      maxLength: 8,
    });
    await fc.assert(
      fc.asyncProperty(fc.nat(), blocksRead, async (seed, kills) => {
        const options: DemoSourceOptions = { seed, eventsPerSec: 0, total: 60, startAt: NOON };
        const show = (block: RecordBlock): string[] =>
          textsOf(block).map((text, index) => `${String(block.offsets[index])} ${text}`);
        const whole = await readSource(new DemoSource(options), contextWith());
        const read = new Map<string, string[]>();
        const positions = new Map<string, SourcePosition>();
        let now = NOON;
        for (const [first, second, maxBlockRecords] of [...kills, [Infinity, Infinity, 7] as const]) {
          // The first run has fixed where event time begins.
          const { startAt: _, ...later } = options;
          const source = new DemoSource(positions.size === 0 ? options : later);
          const clock = new ManualClock((now += 60_000));
          const open = await source.open(contextWith({ clock, maxBlockRecords, positions: new Map(positions) }));
          for (const [index, partition] of open.partitions.entries()) {
            const { id } = partition;
            for (let left = index === 0 ? first : second; left > 0; left -= 1) {
              const block = await partition.read();
              if (block === null) break;
              read.set(id, [...(read.get(id) ?? []), ...show(block)]);
              positions.set(id, positionAfter(block));
            }
          }
          await open.close();
        }
        for (const [id, blocks] of whole) expect(read.get(id)).toEqual(blocks.flatMap(show));
      }),
      { numRuns: 50 },
    );
  });

  it('is the same whatever the number of partitions', async () => {
    const linesOf = async (partitions: number): Promise<string[]> => {
      const source = new DemoSource({ eventsPerSec: 0, total: 100, partitions, startAt: NOON });
      return Array.from((await readSource(source, contextWith())).values()).flatMap((blocks) =>
        blocks.flatMap(textsOf),
      );
    };
    expect((await linesOf(3)).sort()).toEqual((await linesOf(1)).sort());
  });

  it('has events that depend on seed and number alone, in whatever order they are asked for', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.nat(), (seed, a, b) => {
        const traffic = new DemoTraffic({ ...SETTINGS, seed });
        const [lineA, lineB] = [traffic.line(a), traffic.line(b)];
        expect(traffic.line(a)).toBe(lineA);
        expect(new DemoTraffic({ ...SETTINGS, seed }).line(b)).toBe(lineB);
      }),
      { numRuns: 100 },
    );
    expect(demoEvent(1, 5)).toBe(demoEvent(1, 5));
    expect(demoEvent(1, 5)).not.toBe(demoEvent(2, 5));
    expect(demoEvent(1, 2 ** 40 + 5)).not.toBe(demoEvent(1, 5).replace('demo-5', `demo-${String(2 ** 40 + 5)}`));
  });

  it('has an average rate as asked for, over a day, and time that never goes back', () => {
    const rate = new TrafficRate(10, NOON);
    expect(rate.elapsedAt(864_000)).toBeCloseTo(86_400_000, 0);
    const times = Array.from({ length: 864_000 / 16 }, (_, n) => rate.elapsedAt(16 * n));
    expect(times.every((at, n) => n === 0 || at > (times[n - 1] ?? Infinity))).toBe(true);
  });
});

describe('the events of a demo source', () => {
  const TOTAL = 100_000;
  const traffic = new DemoTraffic(SETTINGS);
  const events: Record<string, unknown>[] = [];
  let broken = 0;
  let late = 0;
  let fromTheFuture = 0;
  for (let k = 0; k < TOTAL; k += 1) {
    try {
      const event = JSON.parse(traffic.line(k)) as Record<string, unknown>;
      const at = Date.parse(String(event['timestamp']));
      if (Number.isNaN(at) || typeof event['latency_ms'] !== 'number') throw new Error('broken');
      const behind = NOON + traffic.arrivalMs(k) - at;
      if (behind < 0) fromTheFuture += 1;
      if (behind > SETTINGS.disorderMs + 1) late += 1;
      events.push(event);
    } catch {
      broken += 1;
    }
  }

  it('are broken in about 0.1 % and late in about 0.3 % of cases', () => {
    expect(broken / TOTAL).toBeGreaterThan(0.0005);
    expect(broken / TOTAL).toBeLessThan(0.002);
    expect(late / TOTAL).toBeGreaterThan(0.002);
    expect(late / TOTAL).toBeLessThan(0.004);
    expect(fromTheFuture).toBe(0);
  });

  it('are of as many models and regions as asked for, with plausible numbers', () => {
    expect(new Set(events.map((event) => `${String(event['model'])} ${String(event['region'])}`)).size).toBe(20);
    const implausible = events.filter(
      (event) =>
        !(Number(event['latency_ms']) > 0 && Number(event['cost_usd']) >= 0 && Number(event['prompt_tokens']) > 0) ||
        typeof event['tenant'] !== 'string' ||
        (event['status'] !== 'ok' && event['status'] !== 'error'),
    );
    expect(implausible).toEqual([]);
    const rated = events.filter((event) => Object.hasOwn(event, 'rating')).length / TOTAL;
    expect(rated).toBeGreaterThan(0.15);
    expect(rated).toBeLessThan(0.25);
  });

  it('have more (model, region) pairs than there are of either, if asked for', () => {
    const many = new DemoTraffic({ ...SETTINGS, keys: 100 });
    const pairs = new Set<string>();
    for (let k = 0; k < 50_000; k += 1) {
      const match = /"model":"([^"]*)","region":"([^"]*)"/.exec(many.line(k));
      if (match !== null) pairs.add(match.slice(1).join(' '));
    }
    expect(pairs.size).toBe(100);
  });
});

describe('the options of a demo source', () => {
  it.each([
    [{ eventsPerSec: -1 }, /eventsPerSec/],
    [{ eventsPerSec: Number.NaN }, /eventsPerSec/],
    [{ seed: 1.5 }, /seed/],
    [{ keys: 0 }, /keys/],
    [{ disorderSecs: -1 }, /disorderSecs/],
    [{ total: -1 }, /total/],
    [{ partitions: 0 }, /partitions/],
  ])('refuse %j', (options, message) => {
    expect(() => new DemoSource(options)).toThrow(message);
  });
});
