/**
 * Checks the package as its users get it: packs it, lints the tarball, installs it in an empty folder, and there runs
 * its command, runs a JavaScript consumer and compiles a TypeScript one.
 *
 * Usage: check-package.mjs [OTHER_NODE]: runs what is run on this Node and on that one.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { ROOT, npm } from './toolchain.mjs';

/** The oldest Node that the package promises to run on; keep in step with `engines`. */
const OLDEST = [20, 19];
const ALLOWED_IN_PACKAGE =
  /^(?:dist\/.+\.(?:js|d\.ts)|dist\/dashboard\/.+\.(?:html|css|svg)|config\/.+\.ya?ml|package\.json|README\.md|CHANGELOG\.md|LICENSE)$/;

/** @param {string} message */
function fail(message) {
  throw new Error(message);
}

/**
 * @param {string} what is being done, for the message
 * @param {string} command
 * @param {readonly string[]} args
 * @param {string} cwd
 * @param {string} [node] the Node that `#!/usr/bin/env node` is to find
 * @returns {string} what it printed
 */
function run(what, command, args, cwd, node = process.execPath) {
  const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env['PATH'] ?? ''}` };
  const done = spawnSync(command, [...args], { cwd, env, encoding: 'utf8' });
  if (done.status !== 0) {
    fail(`${what} failed (${String(done.status ?? done.error?.message)}):\n${done.stdout ?? ''}${done.stderr ?? ''}`);
  }
  return done.stdout;
}

/**
 * @param {readonly string[]} args
 * @param {string} cwd
 */
function runNpm(args, cwd) {
  const { ok, output } = npm(args, cwd);
  if (!ok) fail(`npm ${args.join(' ')} failed:\n${output}`);
}

/**
 * @param {string} folder
 * @returns {string} path of the tarball, which holds nothing but what belongs there
 */
function pack(folder) {
  runNpm(['pack', '--ignore-scripts', '--pack-destination', folder], ROOT);
  const { name, version } = /** @type {{ name: string, version: string }} */ (
    JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  );
  const tarball = join(folder, `${name}-${version}.tgz`);
  const files = run('listing the tarball', 'tar', ['-tzf', tarball], folder).trim().split('\n');
  const paths = files.map((path) => path.replace(/^package\//, ''));
  const strangers = paths.filter((path) => !ALLOWED_IN_PACKAGE.test(path) || /\.(?:test|contract)\./.test(path));
  if (!paths.includes('dist/dashboard/index.html')) fail('the package has no dashboard');
  if (strangers.length > 0) fail(`these do not belong in the package: ${strangers.join(', ')}`);
  run('publint', process.execPath, [join(ROOT, 'node_modules/publint/src/cli.js'), 'run', tarball, '--strict'], ROOT);
  return tarball;
}

/**
 * @param {string} node
 * @param {string} home where the package is installed
 */
function runOn(node, home) {
  const version = run('node --version', node, ['--version'], home).trim().slice(1);
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST;
  if (major < oldestMajor || (major === oldestMajor && minor < oldestMinor)) {
    console.log(`Node ${version} is older than the package promises to support: not tried`);
    return;
  }
  const manifest = join(home, 'node_modules/llm-optimizer-processor/package.json');
  const expected = /** @type {{ version: string }} */ (JSON.parse(readFileSync(manifest, 'utf8'))).version;
  const processor = join(home, 'node_modules/.bin/processor');
  const told = run(`processor --version on Node ${version}`, processor, ['--version'], home, node);
  if (!told.includes(expected)) fail(`processor --version says ${JSON.stringify(told)}, not ${expected}`);
  const help = run(`processor --help on Node ${version}`, processor, ['--help'], home, node);
  if (!/\brun\b/.test(help)) fail(`processor --help does not tell of "run":\n${help}`);
  run(`the JavaScript consumer on Node ${version}`, node, ['consumer.js'], home);
  console.log(`runs on Node ${version}`);
}

/** @param {string} scratch */
function check(scratch) {
  const tarball = pack(scratch);
  const home = join(scratch, 'home');
  cpSync(join(ROOT, 'test/fixtures/consumer'), home, { recursive: true });
  writeFileSync(join(home, 'package.json'), '{ "private": true, "type": "module" }\n');
  runNpm(['install', '--omit=dev', '--prefer-offline', '--no-save', tarball], home);
  for (const node of new Set([process.execPath, ...process.argv.slice(2, 3)])) runOn(node, home);

  // A TypeScript user on Node has these types; the package itself brings none.
  mkdirSync(join(home, 'node_modules/@types'), { recursive: true });
  for (const name of ['@types/node', 'undici-types'])
    symlinkSync(join(ROOT, 'node_modules', name), join(home, 'node_modules', name));
  run(
    'compiling the TypeScript consumer',
    process.execPath,
    [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', '.'],
    home,
  );
}

const scratch = mkdtempSync(join(tmpdir(), 'processor-package-'));
try {
  check(scratch);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
