import { parseArgs } from 'node:util';
import { Figures } from './figures.ts';
import { simulate } from './simulate.ts';
import type { PlantedBug } from './planted.ts';
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    bug: { type: 'string' },
    trace: { type: 'string', default: '0' },
  },
});
const figures = new Figures();
const started = performance.now();
let bad = 0;
for (let i = 0;  i < Number(values.seeds); i += 1) {
  const outcome = await simulate(Number(values.seed) + i, values.bug as PlantedBug | undefined);
  figures.add(outcome.figures);
  if (outcome.failures.length > 0) {
    bad += 1;
    console.log(
      outcome.seed,
      outcome.failures
        .slice(0, 4)
        .map((t) => t.slice(0, 600))
        .join('\n   '),
    );
    if (values.trace !== '0')
      console.log(
        outcome.trace
          .slice(-Number(values.trace))
          .map((l) => l.slice(0, 300))
          .join('\n'),
      );
  }
}
console.log(figures.lines().join('\n'));
console.log(bad, 'bad', ((performance.now() - started) / 1000).toFixed(1), 's');
