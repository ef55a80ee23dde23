import { appendFile, mkdtemp, readdir, readFile, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../time/manual-clock.ts';
import { contextWith, positionAfter, textsOf } from '../event-source.contract.ts';
import type { OpenSource, SourcePartition, SourcePosition } from '../event-source.ts';
import { FileSource } from './file-source.ts';

const POLL_MS = 1000;

type Step =
  | { readonly type: 'append'; readonly lines: number }
  /** Each file gets the next number, and a new one begins; some lines still go into the old one. */
  | { readonly type: 'rotate'; readonly late: number }
  /** A rotated file, by its place among those that are not compressed. */
  | { readonly type: 'compress'; readonly which: number }
  /** Everything there is is read, and then the oldest file is deleted. */
  | { readonly type: 'drop' }
  /** The source looks around and reads for a while. */
  | { readonly type: 'read' }
  /** It is opened anew, at the positions of the last block of each partition. */
  | { readonly type: 'restart' };

/** A folder with logs, and a source that follows them. */
class World {
  readonly folder: string;
  readonly clock = new ManualClock();
  readonly #paths: string;
  #written = 0;
  /** Numbers of the lines that were read. */
  readonly read: number[] = [];
  readonly #positions = new Map<string, SourcePosition>();
  #open: OpenSource | null = null;
  #run = new AbortController();
  readonly #reading = new Map<SourcePartition, Promise<void>>();
  #failure: Error | null = null;

  constructor(folder: string, paths: string) {
    this.folder = folder;
    this.#paths = paths;
  }

  get written(): number {
    return this.#written;
  }

  async do(step: Step): Promise<void> {
    if (step.type === 'append') await this.append(step.lines);
    else if (step.type === 'rotate') await this.rotate(step.late);
    else if (step.type === 'compress') await this.compress(step.which);
    else if (step.type === 'drop') await this.drop();
    else if (step.type === 'read') await this.settle(1);
    else await this.restart();
  }

  async append(lines: number): Promise<void> {
    await appendFile(this.at('app.log'), this.#lines(lines));
  }

  async rotate(late: number): Promise<void> {
    for (const { name, number, ending } of (await this.#rotated()).toReversed()) {
      await rename(this.at(name), this.at(`app.log.${String(number + 1)}${ending}`));
    }
    await rename(this.at('app.log'), this.at('app.log.1'));
    await writeFile(this.at('app.log'), '');
    if (late === 0) return;
    // Who writes has not noticed yet.
    await appendFile(this.at('app.log.1'), this.#lines(late));
  }

  async compress(which: number): Promise<void> {
    const plain = (await this.#rotated()).filter(({ ending }) => ending === '');
    const chosen = plain[which % plain.length];
    if (chosen === undefined) return;
    await writeFile(this.at(`${chosen.name}.gz`), gzipSync(await readFile(this.at(chosen.name))));
    await unlink(this.at(chosen.name));
  }

  async drop(): Promise<void> {
    // Of the newest file something has been read: else nobody could tell it from one that took the place of the oldest.
    await this.append(1);
    await this.settle(3);
    const oldest = (await this.#rotated()).at(-1);
    if (oldest !== undefined) await unlink(this.at(oldest.name));
  }

  async restart(): Promise<void> {
    await this.close();
    this.#run = new AbortController();
    const source = new FileSource(this.at(this.#paths), { follow: true, pollInterval: POLL_MS });
    const context = { clock: this.clock, signal: this.#run.signal, positions: new Map(this.#positions) };
    this.#open = await source.open(contextWith(context));
    for (const partition of this.#open.partitions) this.#reading.set(partition, this.#readFrom(partition));
    await this.#rest();
  }

  async close(): Promise<void> {
    this.#run.abort();
    await Promise.all(this.#reading.values());
    this.#reading.clear();
    await this.#open?.close();
    if (this.#failure !== null) throw this.#failure;
  }

  /** Lets the source look around so many times, and read all that it finds. */
  async settle(times: number): Promise<void> {
    for (let n = 0; n <= times; n += 1) {
      await this.#rest();
      if (n < times) this.clock.advance(POLL_MS);
    }
  }

  /** Until those who read wait, and the one that looks for files does. */
  async #rest(): Promise<void> {
    while (this.#failure === null) {
      await new Promise((resolve) => setImmediate(resolve));
      const isResting = this.clock.sleeping === this.#reading.size + 1;
      const created = this.#open?.newPartitions?.() ?? [];
      if (isResting && created.length === 0) return;
      for (const partition of created) this.#reading.set(partition, this.#readFrom(partition));
    }
  }

  at(name: string): string {
    return join(this.folder, name);
  }

  #lines(count: number): string {
    const texts = Array.from({ length: count }, (_, n) => `{"n":${String(this.#written + n)}}\n`);
    this.#written += count;
    return texts.join('');
  }

  async #readFrom(partition: SourcePartition): Promise<void> {
    try {
      for (let block = await partition.read(); block !== null; block = await partition.read()) {
        this.read.push(...textsOf(block).map((text) => (JSON.parse(text) as { readonly n: number }).n));
        this.#positions.set(partition.id, positionAfter(block));
      }
    } catch (error) {
      this.#failure ??= error instanceof Error ? error : new Error(String(error));
    }
    if (!this.#run.signal.aborted) this.#reading.delete(partition);
  }

  /** Newest first. */
  async #rotated(): Promise<readonly { readonly name: string; readonly number: number; readonly ending: string }[]> {
    const names = await readdir(this.folder);
    return names
      .flatMap((name) => {
        const [, number, ending] = /^app\.log\.(\d+)(\.gz)?$/.exec(name) ?? [];
        return number === undefined ? [] : [{ name, number: Number(number), ending: ending ?? '' }];
      })
      .toSorted((a, b) => a.number - b.number);
  }
}

async function inWorld(paths: string, steps: readonly Step[]): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'rotation-'));
  const world = new World(folder, paths);
  try {
    await writeFile(world.at('app.log'), '');
    await world.restart();
    for (const step of steps) await world.do(step);
    await world.settle(16);
  } finally {
    await world.close();
    await rm(folder, { recursive: true, force: true });
  }
  return world;
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n);
}

function sorted(read: readonly number[]): number[] {
  return read.toSorted((a, b) => a - b);
}

const READ: Step = { type: 'read' };
const ROTATE: Step = { type: 'rotate', late: 0 };
const RESTART: Step = { type: 'restart' };
const COMPRESS: Step = { type: 'compress', which: 0 };
const append = (lines: number): Step => ({ type: 'append', lines });

describe('following a file that is rotated', () => {
  it.each([
    ['app.log', [append(3), READ, append(2), ROTATE, append(4), READ, append(1), ROTATE, COMPRESS, append(2)]],
    ['app.log*', [append(3), READ, append(2), ROTATE, append(4), READ, append(1), ROTATE, COMPRESS, append(2)]],
    ['app.log*', [append(3), READ, ROTATE, READ, ROTATE, READ, ROTATE, append(2), READ, COMPRESS, READ, RESTART]],
    ['app.log*', [append(3), READ, append(1), ROTATE, COMPRESS, append(1), READ, RESTART, append(1), ROTATE]],
    ['app.log*', [append(3), READ, RESTART, ROTATE, READ, append(1), ROTATE, READ, { type: 'drop' }, append(2)]],
    // A compressed file loses its name to one that nobody has seen before.
    [
      'app.log*',
      [append(1), ROTATE, RESTART, COMPRESS, READ, ROTATE, { type: 'rotate', late: 2 }, { type: 'compress', which: 0 }],
    ],
  ] satisfies [string, Step[]][])('has every line once: %s %j', async (paths, steps) => {
    const world = await inWorld(paths, steps);
    expect(sorted(world.read)).toEqual(numbers(world.written));
  });

  it('has every line once, whatever the names that rotation gives', async () => {
    const step: fc.Arbitrary<Step> = fc.oneof(
      { weight: 4, arbitrary: fc.record({ type: fc.constant('append'), lines: fc.integer({ min: 0, max: 4 }) }) },
      { weight: 3, arbitrary: fc.constant(READ) },
      {
        weight: 3,
        arbitrary: fc.record({ type: fc.constant('rotate'), late: fc.constantFrom(0, 0, 2) }),
      },
      { weight: 2, arbitrary: fc.record({ type: fc.constant('compress'), which: fc.nat({ max: 5 }) }) },
      { weight: 1, arbitrary: fc.constantFrom<Step>({ type: 'drop' }, RESTART) },
    );
    let lines = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const world = await inWorld('app.log*', steps);
        expect(sorted(world.read)).toEqual(numbers(world.written));
        lines += world.written;
      }),
      { numRuns: 150 },
    );
    expect(lines).toBeGreaterThan(500);
  }, 120_000);
});
