/** `npm run processor -- ARGS`: the command line, in the folder that the command was typed in. */
import { launch } from './launch.mjs';

// npm runs scripts in the project's folder and leaves the user's own in INIT_CWD.
const typedIn = process.env['npm_lifecycle_event'] === undefined ? undefined : process.env['INIT_CWD'];
launch('dist/cli/main.js', process.argv.slice(2), { cwd: typedIn ?? process.cwd() });
