/** One round in a process of its own: `round-process.ts <options as JSON>`. Prints its report as the last line. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ChaosFailure } from './command-line.ts';
import { NO_FIGURES, shortened, type RoundReport } from './report.ts';
import { Round } from './round.ts';
import { drawWorld, type SourceKind, type World } from './world.ts';

/** What a round is told. */
export interface RoundOptions {
  readonly seed: number;
  readonly main: string;
  readonly smallDisk: boolean;
  readonly source?: SourceKind;
}

const ROUND_MS = 600_000;

const options = JSON.parse(process.argv[2] ?? '') as RoundOptions;
const startedAt = performance.now();
const world = drawWorld(options.seed, options);
const folder = mkdtempSync(join(tmpdir(), `processor-chaos-${String(options.seed)}-`));
const failures: string[] = [];
let round: Round | undefined;

// Whoever has started this is gone, or wants it gone: then nothing may stay behind.
const stop = (): void => {
  void (async () => {
    await round?.end();
    process.exit(1);
  })();
};
process.stdin.on('end', stop).resume();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);

try {
  round = new Round(world, options.main, folder);
  const late = sleep(ROUND_MS, undefined, { ref: false }).then(() => {
    throw new ChaosFailure(`the round is not over after ${String(ROUND_MS / 1000)} s`);
  });
  const { differences } = await Promise.race([round.run(), late]);
  failures.push(...shortened(differences));
} catch (error) {
  failures.push(error instanceof ChaosFailure ? error.message : String(error instanceof Error ? error.stack : error));
}
await round?.end();
if (failures.length > 0) keep();
round?.close(failures.length > 0);
if (failures.length === 0) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
const report: RoundReport = {
  seed: options.seed,
  about: about(world),
  seconds: (performance.now() - startedAt) / 1000,
  failures: failures.length === 0 ? [] : [...failures, `kept in ${folder}`],
  figures: round?.figures ?? NO_FIGURES,
};
process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(0));

/** Everything that may tell why. */
function keep(): void {
  round?.writeLogs();
  writeFileSync(join(folder, 'world.json'), JSON.stringify({ ...world, input: undefined }, null, 2));
}

function about({ source, oracle, input, lives, disk }: World): string {
  const windows = oracle.windows.map(({ type }) => type).join(' + ');
  const lateness = (oracle.windows[0]?.allowedLateness ?? 0) / 1000;
  const parts = [
    source === 'http' ? `http, ${String(input.senders)} at a time` : `${String(input.files.length)} ${source} files`,
    `${windows}, lateness ${String(lateness)} s`,
    `disk ${disk}`,
    lives.map(({ end }) => end).join(', '),
  ];
  return parts.join('; ');
}
