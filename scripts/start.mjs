/** `npm start`: the service with the quick-start configuration; what follows `--` is added to its arguments. */
import { launch } from './launch.mjs';
import { ROOT } from './toolchain.mjs';

launch('dist/cli/main.js', ['run', '--config', 'config/quickstart.yaml', ...process.argv.slice(2)], { cwd: ROOT });
