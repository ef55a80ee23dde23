import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureBuilt, ROOT } from '../../scripts/toolchain.mjs';
import { Round } from './round.ts';
import { runRounds } from './rounds.ts';
import { canMount } from './small-disk.ts';
import type { Verdict } from './verdict.ts';
import { drawWorld, type LifePlan, type SourceKind, type World } from './world.ts';

const MAIN = join(ROOT, 'dist', 'cli', 'main.js');
const scratch = mkdtempSync(join(tmpdir(), 'processor-chaos-test-'));

beforeAll(() => ensureBuilt());
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

async function expectNoFailure(
  rounds: number,
  firstSeed: number,
  fullDisks: 'always' | 'never',
  source?: SourceKind,
): Promise<void> {
  const lines: string[] = [];
  const { signal } = new AbortController();
  const print = (line: string): void => void lines.push(line);
  const options = { rounds, firstSeed, jobs: 2, fullDisks, source, main: MAIN, signal, print };
  expect([await runRounds(options), lines.join('\n')]).toEqual([true, expect.stringContaining('No failure in ')]);
}

describe('the real process, killed again and again', { timeout: 900_000 }, () => {
  it('leaves what the oracle expects, each once', async () => {
    await expectNoFailure(6, 4, 'never');
  });

  it.concurrent.each([143, 201])('does so with more keys than memory, in sliding windows: seed %i', async (seed) => {
    await expectNoFailure(1, seed, 'never', 'follow');
  });

  it('waits for room on a disk that is full, and goes on by itself', async (context) => {
    if (!canMount()) context.skip('this system lets nobody mount a small disk');
    await expectNoFailure(2, 506, 'always');
  });
});

const STOPPED: LifePlan = {
  end: 'sigterm',
  moment: 1,
  // Which waits until events have been processed, however slow the machine is.
  inspected: true,
  intruder: false,
  filled: false,
  restored: false,
  restoreKilled: false,
};
const KILLED: LifePlan = { ...STOPPED, end: 'random' };

/** A world with results by the time that somebody tampers with it. */
const FILES: World = { ...drawWorld(4, { source: 'follow', smallDisk: false }), lives: [STOPPED] };

const http = drawWorld(31, { source: 'http', smallDisk: false });
/** A world in which nothing but the log has what was received, for nothing is committed. */
const RECEIVED: World = {
  ...http,
  lives: [KILLED],
  settings: { ...http.settings, commit_interval_ms: 60_000, buffer_size: 100_000 },
};

/** What becomes of a world with which somebody tampers between the two lives: a verdict, or the message of a failure. */
async function outcomeOf(name: string, world: World, tamper: (folder: string) => void): Promise<Verdict | string> {
  const folder = join(scratch, name);
  mkdirSync(folder);
  const isEnough = (): boolean =>
    world.source === 'http'
      ? sizeOf(lastLogFile(folder)) >= LEAST_LOG_BYTES
      : linesOf(join(folder, 'results.ndjson')).length >= LEAST_LINES;
  const round = new Round(world, MAIN, folder, { isEnough, tamper: () => tamper(folder) });
  try {
    return await round.run();
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  } finally {
    await round.end();
  }
}

/** How much there must be, that tampering with it is noticed. */
const LEAST_LINES = 4;
const LEAST_LOG_BYTES = 1000;

/** The last file of the log in which received events are kept. */
function lastLogFile(folder: string): string {
  const log = join(folder, 'state', 'sources', 'http');
  if (!existsSync(log)) return log;
  return join(
    log,
    readdirSync(log)
      .filter((name) => name.endsWith('.log'))
      .toSorted()
      .at(-1) ?? '',
  );
}

function sizeOf(path: string): number {
  const found = statSync(path, { throwIfNoEntry: false });
  return found?.isFile() === true ? found.size : 0;
}

function linesOf(path: string): readonly string[] {
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
}

/** Takes a line away from the middle of a file, or writes it twice. */
function changeLine(path: string, change: (line: string) => readonly string[]): void {
  const lines = linesOf(path);
  const middle = Math.floor((lines.length - 1) / 2);
  if (lines.length < LEAST_LINES) throw new Error(`there is not enough in ${path} to tamper with`);
  writeFileSync(path, lines.flatMap((line, index) => (index === middle ? change(line) : [line])).join('\n'));
}

describe('what goes wrong between two lives', { timeout: 900_000 }, () => {
  it('is nothing where nobody tampers', async () => {
    expect(await outcomeOf('untouched', FILES, () => undefined)).toMatchObject({ differences: [] });
  });

  it.concurrent.for<[string, World, (folder: string) => void]>([
    ['a result that is lost', FILES, (folder) => changeLine(join(folder, 'results.ndjson'), () => [])],
    [
      'a result that is there twice',
      FILES,
      (folder) => changeLine(join(folder, 'results.ndjson'), (line) => [line, line]),
    ],
    [
      'results that are gone',
      FILES,
      (folder) => {
        changeLine(join(folder, 'results.ndjson'), (line) => [line]);
        rmSync(join(folder, 'results.ndjson'));
      },
    ],
    [
      'a state that is gone, though its results are not',
      FILES,
      (folder) => {
        rmSync(join(folder, 'state'), { recursive: true });
        rmSync(join(folder, 'checkpoints'), { recursive: true });
      },
    ],
    ['a log of received events that is cut', RECEIVED, (folder) => halve(lastLogFile(folder))],
    [
      'an event that nobody has sent',
      FILES,
      (folder) => {
        const [name = ''] = readdirSync(join(folder, 'input'));
        appendFileSync(join(folder, 'input', name), '{"timestamp":1700000000000,"model":"nobody"}\n');
      },
    ],
  ])('is noticed: %s', async ([what, world, tamper]) => {
    const outcome = await outcomeOf(what.replaceAll(/\W/g, '-'), world, tamper);
    if (typeof outcome === 'string') expect(outcome).toMatch(/^ChaosFailure: /);
    else expect(outcome.differences).not.toEqual([]);
  });
});

function halve(path: string): void {
  const { size } = statSync(path);
  if (size < LEAST_LOG_BYTES) throw new Error(`there is not enough in ${path} to tamper with`);
  truncateSync(path, Math.floor(size / 2));
}
