import type { OracleConfig } from '../oracle/model.ts';
import { drawParts, oracleOf, settingsOf } from './drawn-pipeline.ts';
import { drawInput, type Input } from './input.ts';
import { Random } from './random.ts';

/** `follow`: files that grow while they are read. `bounded`: files that are there, some of them gzipped. */
export type SourceKind = 'follow' | 'bounded' | 'http';

/** How a life of the process ends. The last one always ends by itself, or by SIGTERM when all is processed. */
export type End = 'random' | 'recovery' | 'checkpoint' | 'sigterm';

/** What happens in and after a life of the process, besides its end. */
export interface LifePlan {
  readonly end: End;
  /** For ends at a moment: how far into what it waits for, from 0 to 1. */
  readonly moment: number;
  /** `state inspect` on the live process. */
  readonly inspected: boolean;
  /** Another process on the same state. */
  readonly intruder: boolean;
  /** The disk fills up in this life; only where the world has a small one. */
  readonly filled: boolean;
  /** The newest checkpoint is put back before the next life. */
  readonly restored: boolean;
  /** That is killed too, and done again. */
  readonly restoreKilled: boolean;
}

/** Everything of a round that follows from its seed. When exactly a signal arrives does not. */
export interface World {
  readonly seed: number;
  readonly source: SourceKind;
  readonly oracle: OracleConfig;
  readonly input: Input;
  /** Of `processor:`, without what depends on the folder. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly lives: readonly LifePlan[];
  /** The state lies on a small disk; `sinks`: what is written does too. */
  readonly disk: 'large' | 'small' | 'small with sinks';
}

/** What must be so, whatever the seed. */
export interface WorldOptions {
  readonly source?: SourceKind;
  readonly smallDisk: boolean;
}

/** The world of a seed. */
export function drawWorld(seed: number, { source: wanted, smallDisk }: WorldOptions): World {
  const random = new Random(seed);
  const drawn = random.one<SourceKind>(['follow', 'follow', 'follow', 'bounded', 'http', 'http']);
  // Files that are all there are read before a disk is noticed to be full.
  const source = wanted ?? (smallDisk && drawn === 'bounded' ? 'follow' : drawn);
  const partitions = source === 'http' ? 1 : random.whole(1, 3);
  // Where requests are sent, a result tells whether one was taken.
  const parts = drawParts(random, { hasGaps: source !== 'http' });
  const senders = source === 'http' && random.chance(0.5) ? 4 : 1;
  // Requests side by side come in any order.
  const disorderSecs = senders > 1 ? Math.max(1, parts.disorderSecs) : parts.disorderSecs;
  const oracle = oracleOf(random, { ...parts, disorderSecs });
  // Otherwise what sessions hold would depend on the order in which the partitions are read.
  const mayBeLate = senders === 1 && (partitions === 1 || oracle.windows.every(({ type }) => type !== 'session'));
  // All that a world writes must fit a small disk; and what knows the files is not to be had while it is full.
  const isCold = random.chance(0.2) && !smallDisk;
  const mayRotate = source === 'follow' && !smallDisk;
  const input = drawInput(random, { source, partitions, oracle, senders, mayBeLate, isCold, mayRotate });
  return {
    seed,
    source,
    oracle,
    input,
    settings: settingsOf(random, oracle, input, isCold),
    lives: drawLives(random, smallDisk),
    disk: smallDisk ? random.one(['small', 'small with sinks']) : 'large',
  };
}

function drawLives(random: Random, smallDisk: boolean): readonly LifePlan[] {
  const count = random.whole(1, 5);
  const filledLife = smallDisk ? random.whole(0, count - 1) : -1;
  return Array.from({ length: count }, (_, life): LifePlan => {
    const restored = random.chance(0.2);
    return {
      // The first life has nothing to take up.
      end: random.one<End>(['random', 'random', 'checkpoint', 'checkpoint', 'sigterm', ...drawRecovery(life)]),
      moment: random.next(),
      inspected: random.chance(0.12),
      intruder: random.chance(0.12),
      filled: life === filledLife,
      restored,
      restoreKilled: restored && random.chance(0.3),
    };
  });
}

function drawRecovery(life: number): readonly End[] {
  return life === 0 ? [] : ['recovery', 'recovery'];
}
