/**
 * What a state on disk costs: the command line with `state.backend: rocksdb` against `memory`, over the same file, with
 * few keys and with many. `npm run bench -- state [--events N] [--rounds N] [--keys N]`
 */
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { differencesInOrder } from './compare-results.ts';
import { measureInTurn } from './contender.ts';
import { FOLDER, numbersOf } from './options.ts';
import { processor, type Backend } from './processor.ts';
import { WINDOW_MS, sampleFile } from './sample-events.ts';
import { markdownTable, mebibytes, perSecond, times } from './table.ts';

const BACKENDS: readonly Backend[] = ['memory', 'rocksdb'];

const { events, rounds, keys } = numbersOf({ events: 2_000_000, rounds: 3, keys: 0 });
const rows: string[][] = [];
for (const keyCount of keys === 0 ? [1000, 1_000_000] : [keys]) await compare(keyCount);
console.log(
  `${perSecond(events)} events, medians of ${String(rounds)} rounds, Node ${process.version}, load ${loadavg()[0]?.toFixed(1) ?? ''}\n`,
);
console.log(markdownTable(['keys', 'state', 'events/s', 'ratio', 'CPU seconds', 'CPU ratio', 'peak memory'], rows));

async function compare(keyCount: number): Promise<void> {
  const input = await sampleFile(FOLDER, { events, keys: keyCount });
  const outputs = BACKENDS.map((backend) => join(FOLDER, `state-${backend}.ndjson`));
  const contenders = BACKENDS.map((backend, i) =>
    processor({ name: backend, input, output: outputs[i] ?? '', windowMs: WINDOW_MS, backend }),
  );
  const middles = await measureInTurn(contenders, rounds);
  const baseline = middles.values().next().value;
  for (const [{ name }, { seconds, cpuSeconds, peakBytes }] of middles) {
    rows.push([
      perSecond(keyCount),
      name,
      perSecond(events / seconds),
      times((baseline?.seconds ?? Number.NaN) / seconds),
      cpuSeconds.toFixed(2),
      times(cpuSeconds / (baseline?.cpuSeconds ?? Number.NaN)),
      mebibytes(peakBytes),
    ]);
  }
  const found = await differencesInOrder(outputs[0] ?? '', outputs[1] ?? '');
  if (found.length === 0) return;
  console.log(`The results with ${perSecond(keyCount)} keys differ:\n${found.join('\n')}`);
  process.exitCode = 1;
}
