/** `npm run bench`: the benchmarks; what follows `--` is passed on to them. */
import { launch } from './launch.mjs';
import { ROOT } from './toolchain.mjs';

launch('bench/main.ts', process.argv.slice(2), { cwd: ROOT });
