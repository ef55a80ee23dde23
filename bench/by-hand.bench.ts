/**
 * The processor against a script written by hand, on the same file: events per second, processor time, memory; then
 * where the processor's time goes. `npm run bench -- [--events N] [--rounds N]`
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { differences } from './compare-results.ts';
import { measureInTurn, type Contender, type Measurement } from './contender.ts';
import { FOLDER, numbersOf } from './options.ts';
import { processor } from './processor.ts';
import { WINDOW_MS, sampleFile } from './sample-events.ts';
import { printStages } from './stages.ts';
import { markdownTable, mebibytes, perSecond, times } from './table.ts';

const { events, rounds } = numbersOf({ events: 2_000_000, rounds: 3 });

const input = await sampleFile(FOLDER, { events });
const byHandOutput = join(FOLDER, 'by-hand.ndjson');
const processorOutput = join(FOLDER, 'processor.ndjson');
const contenders: readonly Contender[] = [
  {
    name: 'by hand',
    args: [join(import.meta.dirname, 'by-hand.mjs'), input, byHandOutput],
    output: byHandOutput,
  },
  processor({ name: 'processor', input, output: processorOutput, windowMs: WINDOW_MS, backend: 'memory' }),
];
const bytes = (await stat(input)).size / events;
console.log(
  `${events.toLocaleString('en')} events of ${bytes.toFixed(0)} bytes, median of ${String(rounds)} rounds, Node ${process.version}\n`,
);

const middles = await measureInTurn(contenders, rounds);
printTable(middles);

const found = await differences(processorOutput, byHandOutput);
console.log(found.length === 0 ? '\nThe results are the same.\n' : `\nThe results differ:\n${found.join('\n')}\n`);
if (found.length > 0) process.exitCode = 1;

await printStages(input, join(FOLDER, 'stages.ndjson'));

function printTable(measurements: ReadonlyMap<Contender, Measurement>): void {
  const baseline = measurements.values().next().value;
  const rows = [...measurements].map(([{ name }, { seconds, cpuSeconds, peakBytes }]) => [
    name,
    perSecond(events / seconds),
    times((baseline?.seconds ?? Number.NaN) / seconds),
    cpuSeconds.toFixed(2),
    times((baseline?.cpuSeconds ?? Number.NaN) / cpuSeconds),
    mebibytes(peakBytes),
  ]);
  console.log(markdownTable(['', 'events/s', 'ratio', 'CPU seconds', 'CPU ratio', 'peak memory'], rows));
}
