/** `npm run kafka`: a broker for a developer, with the topics of the example; what follows `--` is passed on. */
import { launch } from './launch.mjs';
import { ROOT } from './toolchain.mjs';

launch('test/kafka/main.ts', process.argv.slice(2), { cwd: ROOT });
