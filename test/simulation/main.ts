/**
 * The simulation: the real runtime in a world where a seed decides everything else.
 *
 *     npm run simulate -- [--seeds N] [--seed S] [--minutes M] [--replay] [--plant NAME]
 *
 * Runs N seeds (default 200) from S on (default 1), or as many as there is time for in M minutes, and prints what they
 * came to. Each seed draws a pipeline, its input and the faults. `world.ts` is the scheduler: every call of a port is one
 * of its steps. `process.ts` is the process, which dies at kill points, and its clock; `disk.ts` the disk, which forgets
 * what was not synced; `log-backend.ts` the state on it; `source.ts` and `sinks.ts` what is around. `simulate.ts` starts
 * the process again and again, until the faults are over and the input has come to its end. `ledger.ts` checks on the way
 * what must hold at any moment; `verdict.ts` compares what the sinks have with the oracle, in the end.
 *
 * `--replay` runs each seed twice and compares the two traces. `--plant` puts one of the bugs of `planted.ts` into the
 * parts around the processor: the seeds must then fail. A seed that fails prints what was wrong and the command that
 * repeats it, and leaves the last of its trace in `.cache/simulation/`. Exit code 1 if one did.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Figures } from './figures.ts';
import { PLANTED, type PlantedBug } from './planted.ts';
import { simulate, simulateTwice, type Outcome } from './simulate.ts';

const FOLDER = join(import.meta.dirname, '..', '..', '.cache', 'simulation');
const SHOWN_FAILURES = 5;
const SHOWN_LENGTH = 800;

const { values: options } = parseArgs({
  options: {
    seeds: { type: 'string' },
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string' },
    replay: { type: 'boolean', default: false },
    plant: { type: 'string' },
  },
});
const first = number('--seed', options.seed);
const count = options.seeds === undefined ? undefined : number('--seeds', options.seeds);
const minutes = options.minutes === undefined ? undefined : number('--minutes', options.minutes);
const bug = options.plant === undefined ? undefined : plantedBug(options.plant);

const figures = new Figures();
const startedAt = performance.now();
const last = first + (count ?? (minutes === undefined ? 200 : Infinity)) - 1;
let failed = 0;
for (let seed = first; seed <= last; seed += 1) {
  if (minutes !== undefined && performance.now() - startedAt > minutes * 60_000) break;
  const outcome = await (options.replay ? simulateTwice(seed, bug) : simulate(seed, bug));
  figures.add(outcome.figures);
  if (outcome.failures.length > 0) {
    failed += 1;
    tell(outcome);
  }
}
console.log(figures.lines().join('\n'));
const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
console.log(`\n${String(failed)} of ${figures.seeds.toLocaleString('en')} seeds failed, in ${seconds} s`);
if (failed > 0) process.exitCode = 1;

function tell({ seed, failures, trace }: Outcome): void {
  mkdirSync(FOLDER, { recursive: true });
  const path = join(FOLDER, `seed-${String(seed)}.txt`);
  writeFileSync(path, `${[...trace, '', ...failures].join('\n')}\n`);
  const shown = failures.slice(0, SHOWN_FAILURES).map((text) => `  ${text.slice(0, SHOWN_LENGTH)}`);
  const more = failures.length - shown.length;
  const plant = bug === undefined ? '' : ` --plant '${bug}'`;
  console.log(`seed ${String(seed)} fails:\n${shown.join('\n')}${more > 0 ? `\n  and ${String(more)} more` : ''}`);
  console.log(`  again: npm run simulate -- --seed ${String(seed)} --seeds 1${plant}\n  trace: ${path}\n`);
}

function number(option: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  console.error(`${option}: ${text} is not a whole number above 0`);
  process.exit(2);
}

function plantedBug(name: string): PlantedBug {
  const names = Object.keys(PLANTED) as PlantedBug[];
  const found = names.find((known) => known === name);
  if (found !== undefined) return found;
  console.error(`--plant: there is no "${name}"; there are ${names.join(', ')}`);
  process.exit(2);
}
