import {
  appendFile,
  copyFile,
  link,
  mkdtemp,
  open,
  readFile,
  rename,
  rm,
  truncate,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ErrorHandler, ErrorPolicy } from '../../plan/error-handler.ts';
import type { Pipeline } from '../../pipeline/pipeline.ts';
import type { EventSink } from '../../sinks/event-sink.ts';
import type { AggregationResult, MetricResults } from '../../results/aggregation-result.ts';
import type { DeadLetter } from '../../results/dead-letter.ts';
import { passTime, readingsPipeline, WatchedBackend } from '../../runtime/run-fixtures.contract.ts';
import { ManualClock } from '../../time/manual-clock.ts';
import { FileSource, type FileSourceOptions } from './file-source.ts';

let folder: string;
let backend: WatchedBackend;
/** Numbers of the lines delivered, by partition and offset. */
let delivered: Map<string, number>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'resumed-runs-'));
  backend = new WatchedBackend();
  delivered = new Map();
});

afterEach(() => rm(folder, { recursive: true, force: true }));

function at(name: string): string {
  return join(folder, name);
}

/**
 * Lines of these numbers. Of no event, so that each ends up with the dead letters whatever its time: what is read at all
 * is the question here, and a bounded input that has ended makes all that is added to it late.
 */
function lines(from: number, to: number): string {
  return Array.from({ length: to - from }, (_, index) => from + index)
    .map((n) => `${JSON.stringify({ n, pad: 'x'.repeat(100) })}\n`)
    .join('');
}

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}

const deadLetters: EventSink<DeadLetter> = {
  sendBatch: async (items) => {
    for (const { partition, offset, raw } of items) {
      const { n } = JSON.parse(Buffer.from(raw).toString()) as { readonly n: number };
      const id = `${partition} ${String(offset)}`;
      // The last epoch comes again after a crash. Nothing else does, and no two records have the same place.
      if (delivered.has(id)) expect(delivered.get(id)).toBe(n);
      delivered.set(id, n);
    }
  },
};

function pipelineOf(name: string, options: FileSourceOptions = {}, clock = new ManualClock()): Pipeline<MetricResults> {
  return readingsPipeline(new FileSource(at(name), options))
    .withTumblingWindow(1)
    .withBufferSize(5)
    .withStateBackend(backend)
    .withErrorHandler(new ErrorHandler(ErrorPolicy.retry({ maxAttempts: 0 })))
    .withDeadLetterSink(deadLetters)
    .withSink({ send: () => expect.unreachable() })
    .build({ clock });
}

/** Runs to the end, or until the process "dies" at some commit. */
async function run(name: string, crashAtCommit = Infinity): Promise<void> {
  const last = backend.commits + crashAtCommit;
  backend.beforeCommit = (commit) => {
    if (commit === last) throw new Error('crash');
  };
  await pipelineOf(name)
    .run()
    .catch((error: unknown) => {
      if (String(error) !== 'Error: crash') throw error;
    });
}

function seen(): number[] {
  return Array.from(delivered.values()).toSorted((a, b) => a - b);
}

/** As rotation does it. */
async function rotate(): Promise<void> {
  for (let n = 20; n > 0; n -= 1)
    await rename(at(`app.log.${String(n)}`), at(`app.log.${String(n + 1)}`)).catch(() => null);
  await rename(at('app.log'), at('app.log.1'));
}

/** What gzip leaves. */
async function compress(from: string, to: string): Promise<void> {
  await writeFile(at(to), gzipSync(await readFile(at(from))));
  await unlink(at(from));
}

describe('a run that goes on in a file', () => {
  const cases: readonly (readonly [string, string, (text: string) => string | Buffer])[] = [
    ['plain', 'app.log', (text) => text],
    ['gzipped', 'app.log.gz', (text) => gzipSync(text)],
  ];
  it.each(cases)('has every event once after a crash at every commit: %s', async (_name, name, stored) => {
    await writeFile(at(name), stored(lines(0, 40)));
    for (let crashAt = 1; crashAt <= 8; crashAt += 1) {
      backend = new WatchedBackend();
      delivered = new Map();
      await run(name, crashAt);
      expect(seen().length).toBeLessThan(40);
      await run(name, crashAt);
      await run(name);
      expect(seen()).toEqual(numbers(0, 40));
    }
  });

  it.each(cases)('takes only what was added since: %s', async (_name, name, stored) => {
    await writeFile(at(name), stored(lines(0, 10)));
    await run(name);
    await appendFile(at(name), stored(lines(10, 20)));
    delivered.clear();
    await run(name);
    expect(seen()).toEqual(numbers(10, 20));
  });
});

describe('a run after the files were rotated', () => {
  it.each([1, 2, 3, Infinity])('finds a renamed file by what it is, and the new one (crash at %s)', async (crashAt) => {
    await writeFile(at('app.log'), lines(0, 15));
    await run('app.log*', crashAt);
    await rotate();
    await writeFile(at('app.log'), lines(15, 30));
    if (crashAt === Infinity) delivered.clear();
    await run('app.log*', crashAt);
    await run('app.log*');
    expect(seen()).toEqual(crashAt === Infinity ? numbers(15, 30) : numbers(0, 30));
  });

  it('does so many times, with files that were read to their end and files that nothing was read of', async () => {
    let written = 0;
    for (let round = 0; round < 12; round += 1) {
      await writeFile(at('app.log'), lines(written, written + 7));
      written += 7;
      if (round % 3 !== 2) await run('app.log*', round % 4 === 1 ? 1 : Infinity);
      await rotate();
    }
    const all = new Map(delivered);
    delivered.clear();
    await run('app.log*');
    for (const [id, sum] of delivered) all.set(id, sum);
    expect(Array.from(all.values()).toSorted((a, b) => a - b)).toEqual(numbers(0, written));
    delivered.clear();
    await run('app.log*');
    expect(seen()).toEqual([]);
  });

  it.each([1, 2, 3, Infinity])(
    'finds one that was compressed as well, by what is in it (crash at %s)',
    async (crashAt) => {
      await writeFile(at('app.log'), lines(0, 15));
      await run('app.log*', crashAt);
      await appendFile(at('app.log'), lines(15, 20));
      // Two older ones of much the same content, one of them read before, and something that is no gzip at all.
      await writeFile(at('app.log.0.gz'), gzipSync(lines(100, 120)));
      await writeFile(at('app.log.3.gz'), gzipSync(lines(0, 14).replaceAll('"n":3,', '"n":5,')));
      await writeFile(at('app.log.4.gz'), 'x');
      await compress('app.log', 'app.log.1.gz');
      await writeFile(at('app.log'), lines(20, 30));
      if (crashAt === Infinity) delivered.clear();
      const name = 'app.log{,.1.gz,.0.gz}';
      await run(name, crashAt);
      await rename(at('app.log.1.gz'), at('app.log.2.gz'));
      await run('app.log{,.2.gz,.0.gz}');
      expect(seen()).toEqual([...numbers(crashAt === Infinity ? 15 : 0, 30), ...numbers(100, 120)]);
      // Where nothing had been committed, all of them are new.
      const names =
        crashAt === 1 ? ['app.log', 'app.log.0.gz', 'app.log.2.gz'] : ['app.log', 'app.log#2', 'app.log.0.gz'];
      const ids = new Set(Array.from(delivered.keys(), (id) => id.split(' ')[0]));
      expect(ids).toEqual(new Set(names.map(at)));
    },
  );

  it('takes each file that it had read for one compressed file, though there are copies', async () => {
    await writeFile(at('a.log'), lines(0, 15));
    await writeFile(at('b.log'), lines(0, 15));
    await run('?.log*');
    await appendFile(at('b.log'), lines(15, 20));
    delivered.clear();
    await compress('a.log', 'a.log.gz');
    await compress('b.log', 'b.log.gz');
    await copyFile(at('a.log.gz'), at('c.log.gz'));
    await run('?.log*');
    expect(seen()).toEqual(numbers(0, 20));
  });

  it('goes on with a CSV whose name has lost its ending', async () => {
    const rows = (from: number, to: number): string =>
      numbers(from, to)
        .map((n) => `${String(n * 1000)},a,${String(n)}\n`)
        .join('');
    const sums = new Map<string, number>();
    const read = async (): Promise<void> => {
      const sink: EventSink<AggregationResult> = {
        sendBatch: async (items) => {
          for (const { id, results } of items) sums.set(id, Number(results.sum));
        },
      };
      await readingsPipeline(new FileSource(at('app.csv*')))
        .withTumblingWindow(1000)
        .withBufferSize(5)
        .withStateBackend(backend)
        .withSink(sink)
        .build({ clock: new ManualClock() })
        .run();
    };
    await writeFile(at('app.csv'), `timestamp,key,value\n${rows(1, 16)}`);
    backend.beforeCommit = (commit) => {
      if (commit === 2) throw new Error('crash');
    };
    await expect(read()).rejects.toThrow('crash');
    backend.beforeCommit = () => undefined;
    await rename(at('app.csv'), at('app.csv.1'));
    await read();
    expect(Array.from(sums.values())).toEqual(numbers(1, 16));
  });

  it('goes on in a file that has its old name again', async () => {
    await writeFile(at('app.log'), lines(0, 5));
    await run('app.log*');
    await rotate();
    await appendFile(at('app.log.1'), lines(5, 10));
    await run('app.log*');
    await rename(at('app.log.1'), at('app.log'));
    await appendFile(at('app.log'), lines(10, 15));
    delivered.clear();
    await run('app.log*');
    expect(seen()).toEqual(numbers(10, 15));
  });

  it('reads each name of a file with two names for itself', async () => {
    await writeFile(at('app.log'), lines(0, 5));
    await link(at('app.log'), at('app.log.link'));
    await run('app.log*');
    await appendFile(at('app.log'), lines(5, 10));
    delivered.clear();
    await run('app.log*');
    expect(seen()).toEqual(numbers(5, 10).flatMap((n) => [n, n]));
  });
});

describe('windows of a run after the files were rotated', () => {
  it.each([1, 2, 3, 4])('are what they would have been without a stop (crash at commit %s)', async (crashAt) => {
    const events = (from: number, to: number): string =>
      numbers(from, to)
        .map((n) => `${JSON.stringify({ timestamp: n * 1000, key: 'a', value: n })}\n`)
        .join('');
    const sums = new Map<string, number>();
    const windows = async (): Promise<void> => {
      await readingsPipeline(new FileSource(at('app.log*')))
        .withTumblingWindow(4000)
        .withBufferSize(5)
        .withStateBackend(backend)
        .withSink({
          sendBatch: async (items) => {
            for (const { id, results } of items) sums.set(id, Number(results.sum));
          },
        })
        .build({ clock: new ManualClock() })
        .run();
    };
    await writeFile(at('app.log'), events(0, 22));
    backend.beforeCommit = (commit) => {
      if (commit === crashAt) throw new Error('crash');
    };
    await expect(windows()).rejects.toThrow('crash');
    backend.beforeCommit = () => undefined;
    await rotate();
    await writeFile(at('app.log'), events(22, 40));
    await windows();
    expect(Array.from(sums.values())).toEqual([6, 22, 38, 54, 70, 86, 102, 118, 134, 150]);
  });
});

describe('a run that follows a file which was rotated since', () => {
  async function follow(name: string, until: () => boolean): Promise<void> {
    const clock = new ManualClock();
    const pipeline = pipelineOf(name, { follow: true, pollInterval: 100 }, clock);
    const running = pipeline.run();
    await passTime(clock, 100, until, 2000);
    await pipeline.stop();
    await running;
  }

  it.each(['app.log', 'app.log*'])('reads the rest of the old one, then the new one: %s', async (name) => {
    await writeFile(at('app.log'), lines(0, 10));
    await follow(name, () => delivered.size >= 9);
    await appendFile(at('app.log'), lines(10, 20));
    await rotate();
    await writeFile(at('app.log'), lines(20, 30));
    await follow(name, () => delivered.size >= 29);
    const reads = delivered.size;
    await follow(name, () => delivered.size > reads);
    expect(seen()).toEqual(numbers(0, delivered.size));
    expect(delivered.size).toBeGreaterThanOrEqual(29);
  });

  it.each(['app.log', 'app.log*'])('does so where the old one was compressed as well: %s', async (name) => {
    await writeFile(at('app.log'), lines(0, 10));
    await follow(name, () => delivered.size >= 9);
    await appendFile(at('app.log'), lines(10, 60));
    await compress('app.log', 'app.log.2.gz');
    await writeFile(at('app.log'), lines(60, 70));
    // Stopped in the midst of the old one, and once more when it has another name.
    await follow(name, () => delivered.size >= 25);
    await rename(at('app.log.2.gz'), at('app.log.3.gz'));
    await follow(name, () => delivered.size >= 69);
    const reads = delivered.size;
    await follow(name, () => delivered.size > reads);
    expect(seen()).toEqual(numbers(0, delivered.size));
    expect(delivered.size).toBeGreaterThanOrEqual(69);
  });
});

describe('a run whose file is not what it was', () => {
  async function rewrite(name: string, position: number, text: string): Promise<void> {
    const handle = await open(at(name), 'r+');
    await handle.write(text, position);
    await handle.close();
  }
  const gone = async (): Promise<void> => {
    await writeFile(at('app.log.1.gz'), gzipSync(lines(0, 40)));
    await writeFile(at('app.log.new'), lines(40, 50));
    await rename(at('app.log.new'), at('app.log'));
  };
  const copied = async (): Promise<void> => {
    await copyFile(at('app.log'), at('copy'));
    await rename(at('copy'), at('app.log'));
  };
  it.each([
    ['cut', () => truncate(at('app.log'), 2000), /has 2000 bytes, but \d+ of it had been read/],
    ['emptied', () => truncate(at('app.log'), 0), /has 0 bytes/],
    ['replaced by a copy', copied, /not the file that was being read/],
    ['compressed by rotation', gone, /not the file that was being read/],
    ['changed at its start', () => rewrite('app.log', 20, '77'), /its start has been changed/],
    ['changed right below the offset', () => rewrite('app.log', lines(0, 39).length + 20, '77'), /changed in place/],
    ['written anew behind the same start', () => writeFile(at('app.log'), lines(0, 10) + lines(70, 120)), /in place/],
  ])('%s: ends with an error that says what to do', async (_name, change, message) => {
    await writeFile(at('app.log'), lines(0, 40));
    await run('app.log');
    await change();
    const failure: unknown = await run('app.log').catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'SOURCE_CHANGED', message: expect.stringMatching(message) });
    expect(String(failure)).toMatch(/put the old file back by moving it, or start over with fresh state$/);
  });

  it.each([
    ['shorter', lines(12, 20), /ends \d+ bytes before/],
    ['changed', lines(70, 120), /changed in place/],
    ['changed, and just long enough', lines(12, 39), /ends before the place/],
  ])('of a gzipped file as well, once it is inflated: %s', async (_name, text, message) => {
    // In two parts, the first one not compressed: more than a KiB that stays the same.
    const stored = (rest: string): Buffer => Buffer.concat([gzipSync(lines(0, 12), { level: 0 }), gzipSync(rest)]);
    await writeFile(at('app.log.gz'), stored(lines(12, 40)));
    await run('app.log.gz');
    await writeFile(at('app.log.gz'), stored(text));
    const failure: unknown = await run('app.log.gz').catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'SOURCE_CHANGED', message: expect.stringMatching(message) });
  });

  it('gone: is not there to be matched', async () => {
    await writeFile(at('app.log'), lines(0, 5));
    await run('app.log');
    await unlink(at('app.log'));
    await expect(run('app.log')).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND' });
  });
});
