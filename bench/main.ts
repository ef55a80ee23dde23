/**
 * The processor against a script written by hand, on the same file: events per second, processor time, memory; then
 * where the processor's time goes. `npm run bench -- [--events N] [--rounds N]`
 */
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { differences } from './compare-results.ts';
import { measure, median, type Contender, type Measurement } from './contender.ts';
import { sampleFile } from './sample-events.ts';
import { printStages } from './stages.ts';

const ROOT = join(import.meta.dirname, '..');
const FOLDER = join(ROOT, '.cache', 'bench');

const { values: options } = parseArgs({
  options: { events: { type: 'string', default: '2000000' }, rounds: { type: 'string', default: '3' } },
});
const events = positive('--events', options.events);
const rounds = positive('--rounds', options.rounds);

await mkdir(FOLDER, { recursive: true });
const input = await sampleFile(FOLDER, events);
const contenders = [
  contender('by hand', join(import.meta.dirname, 'by-hand.ts')),
  contender('processor', join(import.meta.dirname, 'processor.ts')),
] as const;
const bytes = (await stat(input)).size / events;
console.log(
  `${events.toLocaleString('en')} events of ${bytes.toFixed(0)} bytes, median of ${String(rounds)} rounds, Node ${process.version}\n`,
);

// In turn: the machine may have other things to do, and both should suffer alike.
const measured = new Map<Contender, Measurement[]>(contenders.map((one) => [one, []]));
for (let round = 0; round < rounds; round += 1) {
  for (const [one, runs] of measured) runs.push(await measure(one));
}
printTable(measured);

const [byHand, processor] = contenders;
const found = await differences(processor.output, byHand.output);
console.log(found.length === 0 ? '\nThe results are the same.\n' : `\nThe results differ:\n${found.join('\n')}\n`);
if (found.length > 0) process.exitCode = 1;

await printStages(input, join(FOLDER, 'stages.ndjson'));

function contender(name: string, program: string): Contender {
  const output = join(FOLDER, `${name.replace(' ', '-')}.ndjson`);
  return { name, args: [program, input, output], output };
}

function printTable(measurements: ReadonlyMap<Contender, readonly Measurement[]>): void {
  const row = (cells: readonly string[]): void =>
    console.log(cells.map((cell, i) => (i === 0 ? cell.padEnd(12) : cell.padStart(14))).join(''));
  row(['', 'events/s', 'ratio', 'CPU seconds', 'CPU ratio', 'peak memory']);
  let baseline: Measurement | undefined;
  for (const [{ name }, runs] of measurements) {
    const middle: Measurement = {
      seconds: median(runs.map((run) => run.seconds)),
      cpuSeconds: median(runs.map((run) => run.cpuSeconds)),
      peakBytes: median(runs.map((run) => run.peakBytes)),
    };
    baseline ??= middle;
    row([
      name,
      Math.round(events / middle.seconds).toLocaleString('en'),
      `${(baseline.seconds / middle.seconds).toFixed(2)}×`,
      middle.cpuSeconds.toFixed(2),
      `${(baseline.cpuSeconds / middle.cpuSeconds).toFixed(2)}×`,
      `${(middle.peakBytes / 2 ** 20).toFixed(0)} MiB`,
    ]);
  }
}

function positive(option: string, text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number > 0) return number;
  console.error(`${option}: ${text} is not a whole number above 0`);
  process.exit(2);
}
