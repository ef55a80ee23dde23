/** `npm run simulate`: the runtime in a simulated world; what follows `--` is passed on. */
import { launch } from './launch.mjs';
import { ROOT } from './toolchain.mjs';

launch('test/simulation/main.ts', process.argv.slice(2), { cwd: ROOT });
