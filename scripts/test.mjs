/**
 * `npm test`: every check of the project. `npm test -- FILTER…` runs only the tests whose path contains a filter;
 * anything else that Vitest takes may follow too. The last line counts: `N passed, N failed[, N skipped]`.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { printOutcome, runStages } from './stages.mjs';
import { closingLine, sum, tallyOfVitest } from './tally.mjs';
import { ROOT, SetupError, ensureBuilt, ensureInstalled, pinnedNode, requireNode } from './toolchain.mjs';

/** Checkers that do not need each other. The slowest is first, so that it does not run alone at the end. */
const STAGES = [
  { name: 'package', command: ['scripts/check-package.mjs', process.execPath] },
  { name: 'site', command: ['scripts/site.mjs', '--prove'] },
  { name: 'types', command: ['node_modules/typescript/bin/tsc', '--noEmit', '-p', 'tsconfig.json'] },
  { name: 'page types', command: ['node_modules/typescript/bin/tsc', '--noEmit', '-p', 'dashboard/tsconfig.json'] },
  {
    name: 'page test types',
    command: ['node_modules/typescript/bin/tsc', '--noEmit', '-p', 'test/dashboard/tsconfig.json'],
  },
  { name: 'lint', command: ['node_modules/oxlint/bin/oxlint'] },
  { name: 'format', command: ['node_modules/prettier/bin/prettier.cjs', '--check', '--log-level=warn', '.'] },
  { name: 'dead code', command: ['node_modules/knip/bin/knip.js', '--treat-config-hints-as-errors', '--no-progress'] },
];

/**
 * Runs Vitest with a short report on the terminal, and counts from the report it writes to a file.
 * @param {string} node
 * @param {readonly string[]} args
 */
async function runVitest(node, args) {
  const report = join(ROOT, '.cache', 'vitest.json');
  mkdirSync(join(ROOT, '.cache'), { recursive: true });
  rmSync(report, { force: true });
  const reporters = ['--reporter=dot', '--reporter=json', `--outputFile.json=${report}`];
  const child = spawn(node, ['node_modules/vitest/vitest.mjs', 'run', ...reporters, ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
    // A log has no use for colors, of which the report puts two around every dot.
    env: process.stdout.isTTY ? process.env : { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined },
  });
  /** @type {boolean} */
  const endedWell = await new Promise((resolve) => {
    child.on('close', (code) => resolve(code === 0));
    child.on('error', () => resolve(false));
  });
  const text = existsSync(report) ? readFileSync(report, 'utf8') : 'null';
  const parsed = /** @type {import('./tally.mjs').VitestReport | null} */ (JSON.parse(text));
  return tallyOfVitest(parsed ?? undefined, endedWell);
}

/**
 * Installs and builds. Without the dependencies nothing can be checked; without a build almost everything can.
 * @returns {{ node: string, built: boolean }}
 */
function setUp() {
  requireNode(process.versions.node);
  ensureInstalled();
  const node = pinnedNode();
  const startedAt = performance.now();
  let built = true;
  try {
    ensureBuilt();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.log(error.message);
    built = false;
  }
  printOutcome({ name: 'build', ok: built, seconds: (performance.now() - startedAt) / 1000 });
  return { node, built };
}

/** @returns {Promise<import('./tally.mjs').Tally>} */
async function main() {
  const { node, built } = setUp();
  const tallies = [{ passed: Number(built), failed: Number(!built), skipped: 0 }];
  const filters = process.argv.slice(2);
  if (filters.length === 0) {
    // What would be packed without a build is not the package.
    const outcomes = await runStages(
      node,
      built ? STAGES : STAGES.filter(({ name }) => name !== 'package' && name !== 'site'),
    );
    const passed = outcomes.filter(({ ok }) => ok).length;
    tallies.push({ passed, failed: outcomes.length - passed, skipped: STAGES.length - outcomes.length });
  }
  tallies.push(await runVitest(node, filters));
  return sum(tallies);
}

const total = await main().catch((/** @type {unknown} */ error) => {
  console.error(error instanceof SetupError ? error.message : error);
  return { passed: 0, failed: 1, skipped: 0 };
});
console.log(closingLine(total));
process.exitCode = total.failed === 0 ? 0 : 1;
