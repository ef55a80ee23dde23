/** What the launchers have in common: set up what is missing, then run a program on the pinned Node. */
import { join } from 'node:path';
import { runChild } from './run-child.mjs';
import { ROOT, SetupError, ensureBuilt, ensureInstalled, pinnedNode, requireNode } from './toolchain.mjs';

/**
 * Does what it is given; a {@link SetupError} is told without a stack, and ends the process with code 1.
 * @template T
 * @param {() => T} action
 * @returns {T}
 */
export function orExplain(action) {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return process.exit(1);
  }
}

/**
 * Runs a file of the project on the pinned Node, in this process's place, once all is installed and built.
 * @param {string} file relative to the project
 * @param {readonly string[]} args
 * @param {{ cwd?: string }} [options]
 */
export function launch(file, args, options) {
  const node = orExplain(() => {
    requireNode(process.versions.node);
    ensureInstalled();
    const found = pinnedNode();
    ensureBuilt();
    return found;
  });
  runChild(node, [join(ROOT, file), ...args], options);
}
