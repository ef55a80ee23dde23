/** `npm run build`: `dist/`, if the sources have changed. */
import { orExplain } from './launch.mjs';
import { ensureBuilt, ensureInstalled } from './toolchain.mjs';

orExplain(() => {
  ensureInstalled();
  ensureBuilt();
});
