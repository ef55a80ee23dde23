/** `npm run bench -- [NAME] [options]`: a benchmark, `bench/NAME.bench.ts`; what follows its name is passed on to it. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { launch } from './launch.mjs';
import { ROOT } from './toolchain.mjs';

const [first = '', ...rest] = process.argv.slice(2);
const isNamed = first !== '' && !first.startsWith('-');
const file = `bench/${isNamed ? first : 'by-hand'}.bench.ts`;
if (existsSync(join(ROOT, file))) {
  launch(file, isNamed ? rest : process.argv.slice(2), { cwd: ROOT });
} else {
  const names = readdirSync(join(ROOT, 'bench')).flatMap((name) => /^(.*)\.bench\.ts$/.exec(name)?.[1] ?? []);
  process.stderr.write(`There is no benchmark "${first}"; there are: ${names.join(', ')}.\n`);
  process.exitCode = 2;
}
