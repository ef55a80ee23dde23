/** `npm run chaos`: kills of the real process, compared with the oracle; what follows `--` is passed on. */
import { launch } from './launch.mjs';
import { ROOT } from './toolchain.mjs';

launch('test/chaos/main.ts', process.argv.slice(2), { cwd: ROOT });
