import { deepStrictEqual as deepEqual } from 'node:assert';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contextWith, textsOf } from '../../src/sources/event-source.contract.ts';
import type { OpenSource, SourcePartition } from '../../src/sources/event-source.ts';
import { HttpSource } from '../../src/sources/http/http-source.ts';
import { FaultyFolder, type Fault } from './faulty-folder.ts';

const HEADERS = { 'content-type': 'application/json' };

type Step =
  /** Requests at the same time, by the number of their events. */
  { readonly type: 'post'; readonly requests: readonly number[] } | { readonly type: 'read' | 'commit' | 'release' };

interface Round {
  readonly steps: readonly Step[];
  /** By operation since the round began. */
  readonly faults: readonly (readonly [operation: number, fault: Fault])[];
  /** How it ends. */
  readonly end: 'close' | 'kill' | 'loss of power';
}

interface Case {
  readonly seed: number;
  readonly isSmall: boolean;
  readonly rounds: readonly Round[];
}

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('post'),
      requests: fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 5 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ type: fc.constantFrom('read', 'commit', 'release') }) },
);
const fault: fc.Arbitrary<Fault> = fc.oneof(
  fc.record({ type: fc.constant('crash') }),
  fc.record({ type: fc.constant('fail'), code: fc.constantFrom('ENOSPC', 'EIO') }),
);
const cases: fc.Arbitrary<Case> = fc.record({
  seed: fc.integer({ min: 1, max: 2_147_483_646 }),
  isSmall: fc.boolean(),
  rounds: fc.array(
    fc.record({
      steps: fc.array(step, { maxLength: 20 }),
      faults: fc.array(fc.tuple(fc.integer({ min: 0, max: 100 }), fault), { maxLength: 6 }),
      end: fc.constantFrom('close', 'kill', 'loss of power'),
    }),
    { minLength: 1, maxLength: 5 },
  ),
});

function post(...requests: readonly number[]): Step {
  return { type: 'post', requests };
}

/** Numbers from 0 to 1 that a seed determines. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/** What happens to a source, beside what must be true of it. */
class Life {
  readonly folder = new FaultyFolder();
  readonly #isSmall: boolean;
  /** What was taken for good, by offset. */
  #truth: string[] = [];
  /** Whole requests of this round that have no answer, or one that says they were not taken. */
  #open: string[][] = [];
  #read = 0;
  #committed = 0;
  #released = 0;
  #number = 0;
  #source: HttpSource | null = null;
  #opened: OpenSource | null = null;
  #partition: SourcePartition | null = null;
  /** Requests that were taken, over all rounds: a test in which nothing is taken shows nothing. */
  taken = 0;

  constructor({ seed, isSmall }: Case) {
    this.#isSmall = isSmall;
    this.folder.random = randomOf(seed);
  }

  async round({ steps, faults, end }: Round): Promise<void> {
    const from = this.folder.operations;
    this.folder.faults = (operation) => faults.find(([at]) => at === operation - from)?.[1];
    try {
      await this.#start();
      for (const one of steps) await this.#do(one);
    } catch (error) {
      if (!isMadeUp(error)) throw error;
    }
    if (end === 'close') await this.#opened?.close().catch(ignore);
    this.folder.restart({ power: end !== 'loss of power' });
    this.#opened = null;
    await this.check();
  }

  /** Starts again from a checkpoint that is kept, and reads all that is there. */
  async check(): Promise<void> {
    const from = this.#isSmall || this.folder.random() < 0.5 ? this.#committed : this.#released;
    await this.#start(from);
    const found = this.#truth.slice(0, from);
    while (this.#partition?.caughtUp === false) {
      const block = await this.#partition.read();
      if (block === null) throw new Error('the partition has ended');
      deepEqual(
        [...block.offsets],
        textsOf(block).map((_, index) => found.length + index),
      );
      found.push(...textsOf(block));
    }
    await this.#opened?.close();
    deepEqual(found.slice(0, this.#truth.length), this.#truth);
    this.#truth = [...this.#truth, ...wholeRequests(found.slice(this.#truth.length), this.#open)];
    this.#open = [];
    this.#read = this.#committed;
  }

  async #start(position = this.#committed): Promise<void> {
    this.#source = new HttpSource({
      segmentBytes: 1024,
      logMaxBytes: this.#isSmall ? 4096 : 1_048_576,
      openFolder: () => Promise.resolve(this.folder.open()),
    });
    const positions = new Map([['http', { offset: position }]]);
    this.#opened = await this.#source.open(contextWith({ positions, directory: '/', maxBlockRecords: 40 }));
    this.#partition = this.#opened.partitions[0] ?? null;
  }

  async #do(one: Step): Promise<void> {
    if (one.type === 'post') await this.#post(one.requests);
    else if (one.type === 'commit') {
      this.#committed = this.#read;
      this.#opened?.committed?.(new Map([['http', { offset: this.#committed }]]));
    } else if (one.type === 'release') {
      this.#released = this.#committed;
      this.#opened?.released?.(new Map([['http', { offset: this.#released }]]));
    } else if (this.#partition?.caughtUp === false) {
      const block = await this.#partition.read();
      deepEqual(block === null ? [] : textsOf(block), this.#truth.slice(this.#read, block?.nextOffset));
      this.#read = block?.nextOffset ?? this.#read;
    }
  }

  async #post(requests: readonly number[]): Promise<void> {
    await Promise.all(
      requests.map(async (count) => {
        const events = Array.from({ length: count }, () => this.#event());
        this.#open.push(events);
        const outcome = await this.#source?.accept(Buffer.from(`[${events.join(',')}]`), HEADERS);
        if (outcome?.status !== 202) return;
        this.#open.splice(this.#open.indexOf(events), 1);
        this.#truth.push(...events);
        this.taken += 1;
      }),
    );
  }

  #event(): string {
    this.#number += 1;
    return `{"n":${String(this.#number)},"pad":"${'x'.repeat(Math.floor(this.folder.random() * 90))}"}`;
  }
}

/** The events, which must be whole ones of the requests, each at most once. */
function wholeRequests(events: readonly string[], requests: readonly (readonly string[])[]): readonly string[] {
  let rest = events;
  const left = [...requests];
  while (rest.length > 0) {
    const index = left.findIndex((request) => request[0] === rest[0]);
    deepEqual(rest.slice(0, left[index]?.length), left[index], 'a whole request that was sent');
    rest = rest.slice(left[index]?.length);
    left.splice(index, 1);
  }
  return events;
}

function isMadeUp(error: unknown): boolean {
  return error instanceof Error && (/made up for a test/.test(error.message) || isMadeUp(error.cause));
}

function ignore(): void {
  // The close of a source whose disk has failed.
}

describe('the log of an HTTP source', () => {
  it('keeps every event that was answered, once and in order, whatever fails, tears or is lost', async () => {
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(cases, async (one) => {
        const life = new Life(one);
        for (const round of one.rounds) await life.round(round);
        const before = life.taken;
        await life.round({ steps: [{ type: 'post', requests: [1, 2] }], faults: [], end: 'loss of power' });
        // Without a fault everything is taken, unless nothing was processed and the log is at its bound.
        if (!one.isSmall) expect(life.taken).toBe(before + 2);
        taken += life.taken;
      }),
      { numRuns: 1500 },
    );
    expect(taken).toBeGreaterThan(3000);
  }, 120_000);

  it('cuts what was left behind in a segment that is not the last', async () => {
    const life = new Life({ seed: 1, isSmall: false, rounds: [] });
    // The second record is torn; the process ends while it cuts it, and the disk keeps some of it.
    await life.round({
      steps: [post(4, 5), post(1)],
      faults: [
        [8, { type: 'fail', code: 'ENOSPC' }],
        [10, { type: 'crash' }],
      ],
      end: 'close',
    });
    await life.round({ steps: [post(5)], faults: [], end: 'close' });
    await life.round({ steps: [], faults: [], end: 'close' });
    await life.round({ steps: [post(1, 2)], faults: [], end: 'loss of power' });
    expect(life.taken).toBe(5);
  });

  it('deletes nothing before it is sure of the deletion before', async () => {
    const life = new Life({ seed: 1_646_841_533, isSmall: true, rounds: [] });
    await life.round({ steps: [post(1, 6)], faults: [], end: 'close' });
    const steps: Step[] = [post(2, 4), post(3), post(2, 3, 3), { type: 'read' }, post(5), { type: 'read' }];
    await life.round({ steps: [...steps, { type: 'commit' }], faults: [], end: 'close' });
    await life.round({
      steps: [{ type: 'release' }, post(4), { type: 'release' }, { type: 'read' }],
      faults: [[21, { type: 'fail', code: 'ENOSPC' }]],
      end: 'loss of power',
    });
    expect(life.taken).toBe(10);
  });
});
