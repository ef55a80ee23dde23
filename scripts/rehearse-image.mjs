/**
 * Runs the commands of the Dockerfile one by one where there is no Docker: each stage in a folder of its own, as root of that
 * folder (chroot), and at last the entry point as a container would run it, health check and SIGTERM included. The base is Debian bookworm by debootstrap with the Node of
 * the lock file and npm, which is what `node:…-bookworm-slim` is made of.
 *
 *   sudo node scripts/rehearse-image.mjs FOLDER [MIRROR]
 *
 * Knows the instructions that the Dockerfile uses, in exec and shell form, and no others. Does not check: that an engine runs the
 * health check, layers, the base image itself.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { rehearseService } from './rehearse-service.mjs';

const ROOT = dirname(import.meta.dirname);
const [folder, mirror] = process.argv.slice(2);
if (folder === undefined || process.getuid?.() !== 0) {
  console.error('usage, as root: node scripts/rehearse-image.mjs FOLDER [MIRROR]');
  process.exit(2);
}
const work = resolve(folder);

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnSyncOptions} [options]
 */
function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, [...args], { stdio: 'inherit', ...options });
  if (status === 0) return;
  console.error(`${command} ${args.join(' ')}: ${error?.message ?? `exit code ${String(status)}`}`);
  process.exit(1);
}

/** The tree of the base image, made once. */
function base() {
  const tree = join(work, 'base');
  if (existsSync(join(tree, 'usr/local/bin/npm'))) return tree;
  rmSync(tree, { recursive: true, force: true });
  run('debootstrap', [
    '--variant=minbase',
    '--include=ca-certificates',
    'bookworm',
    tree,
    ...(mirror === undefined ? [] : [mirror]),
  ]);
  cpSync(join(ROOT, 'node_modules/node/bin/node'), join(tree, 'usr/local/bin/node'), { dereference: true });
  const npm = join(work, 'npm');
  mkdirSync(npm, { recursive: true });
  run('npm', ['pack', '--silent', '--pack-destination', npm, 'npm@11'], { stdio: ['ignore', 'ignore', 'inherit'] });
  mkdirSync(join(tree, 'usr/local/lib/node_modules/npm'), { recursive: true });
  run('sh', ['-c', `tar -xzf ${npm}/npm-*.tgz -C ${tree}/usr/local/lib/node_modules/npm --strip-components=1`]);
  run('ln', ['-s', '../lib/node_modules/npm/bin/npm-cli.js', join(tree, 'usr/local/bin/npm')]);
  return tree;
}

/** @param {string} text of a Dockerfile */
function instructionsOf(text) {
  return text
    .replaceAll(/^\s*#.*\n/gm, '')
    .replaceAll(/\\\n/g, ' ')
    .split('\n')
    .map((line) => /^([A-Z]+)\s+(.*)$/.exec(line.trim()))
    .filter((match) => match !== null)
    .map(([, name = '', rest = '']) => ({ name, rest }));
}

/** Files that `.dockerignore` lets in: a deny-all with exceptions, as ours is. */
function context() {
  const lines = readFileSync(join(ROOT, '.dockerignore'), 'utf8').split('\n');
  return lines
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1))
    .filter((name) => existsSync(join(ROOT, name)));
}

/** @typedef {{ tree: string, directory: string, environment: Record<string, string>, user: string | undefined }} Stage */
/** @type {Map<string, Stage>} */
const stages = new Map();
/** @type {Stage | undefined} */
let stage;
let entry = '';
let command = '';
let volume = '';
let healthcheck = '';

/** @param {Stage} of @param {readonly string[]} argv */
function inside({ tree, directory, environment, user }, argv) {
  const as = user === undefined ? [] : [`--userspec=${user}`];
  const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  const env = Object.entries({ PATH: path, HOME: '/root', ...passedOn(), ...environment }).map(
    ([name, value]) => `${name}=${value}`,
  );
  const change = ['/bin/sh', '-c', 'cd "$1" && shift && exec "$@"', 'sh', directory];
  // /proc and /dev as a container has them; a mount namespace of its own takes them away again.
  const mounts = 'mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" && shift && exec chroot "$@"';
  const chroot = [...as, tree, '/usr/bin/env', '-i', ...env, ...change, ...argv];
  run('unshare', ['--mount', '/bin/sh', '-c', mounts, 'sh', tree, ...chroot]);
}

/** What reaches the registry from here. */
function passedOn() {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) =>
      /^(?:npm_config_|https?_proxy$|no_proxy$|SSL_CERT_FILE$|NODE_EXTRA_CA_CERTS$)/i.test(name),
    ),
  );
}

/** @param {Stage} to @param {string} rest */
function copy(to, rest) {
  const words = rest.split(/\s+/);
  const from = words.find((word) => word.startsWith('--from='))?.slice('--from='.length);
  const paths = words.filter((word) => !word.startsWith('--'));
  const target = paths.pop() ?? '';
  const at = join(to.tree, target.startsWith('/') ? target : join(to.directory, target));
  const sources = from === undefined && paths[0] === '.' ? context() : paths;
  const root = from === undefined ? ROOT : (stages.get(from)?.tree ?? '');
  const isFolder = target.endsWith('/') || paths[0] === '.';
  for (const source of sources) {
    const full = join(root, source);
    // A folder's contents are copied, not the folder; but those of the context keep their names.
    const into = isFolder && !(statSync(full).isDirectory() && paths[0] !== '.') ? join(at, basename(source)) : at;
    cpSync(full, into, {
      recursive: true,
      verbatimSymlinks: true,
      filter: (path) => from !== undefined || !/\/(?:node_modules|dist)(?:\/|$)/.test(path.slice(root.length)),
    });
  }
}

for (const { name, rest } of instructionsOf(readFileSync(join(ROOT, 'Dockerfile'), 'utf8'))) {
  console.log(`\n== ${name} ${rest}`);
  if (name === 'FROM') {
    const label = /AS (\S+)$/.exec(rest)?.[1] ?? 'image';
    const tree = join(work, label);
    rmSync(tree, { recursive: true, force: true });
    run('cp', ['-a', base(), tree]);
    mkdirSync(join(tree, 'etc'), { recursive: true });
    cpSync('/etc/resolv.conf', join(tree, 'etc/resolv.conf'), { dereference: true });
    cpSync('/etc/hosts', join(tree, 'etc/hosts'), { dereference: true });
    // Whom this machine trusts, and how npm is set up here.
    const trusted = 'etc/ssl/certs/ca-certificates.crt';
    if (existsSync(`/${trusted}`)) cpSync(`/${trusted}`, join(tree, trusted), { dereference: true });
    const settings = join(homedir(), '.npmrc');
    if (existsSync(settings)) cpSync(settings, join(tree, 'root', '.npmrc'));
    stage = { tree, directory: '/', environment: {}, user: undefined };
    stages.set(label, stage);
    continue;
  }
  if (stage === undefined) throw new Error(`${name} before FROM`);
  switch (name) {
    case 'WORKDIR':
      stage.directory = rest;
      mkdirSync(join(stage.tree, rest), { recursive: true });
      break;
    case 'ENV':
      for (const pair of rest.split(/\s+/))
        stage.environment[pair.split('=')[0] ?? ''] = pair.split('=').slice(1).join('=');
      break;
    case 'RUN':
      inside(stage, ['/bin/sh', '-c', rest]);
      break;
    case 'COPY':
      copy(stage, rest);
      break;
    case 'USER':
      stage.user = rest;
      break;
    case 'ENTRYPOINT':
      entry = rest;
      break;
    case 'CMD':
      command = rest;
      break;
    case 'VOLUME':
      volume = rest;
      break;
    case 'HEALTHCHECK':
      healthcheck = /CMD (\[.*\])$/.exec(rest)?.[1] ?? '';
      break;
    case 'LABEL':
    case 'EXPOSE':
    case 'STOPSIGNAL':
      break;
    default:
      throw new Error(`${name} is not known here`);
  }
}
const image = stages.get('image');
if (image === undefined) throw new Error('the Dockerfile has no last stage');
const program = /** @type {string[]} */ (JSON.parse(entry));
console.log(`\n== as ${image.user ?? 'root'}: ${entry} --version, validate ${command}`);
inside(image, [...program, '--version']);
inside(image, [...program, 'validate', .../** @type {string[]} */ (JSON.parse(command))]);
const event = '{"timestamp":"2026-01-01T00:00:00Z","model":"a","latency_ms":1}';
const state = 'PROCESSOR_STATE__BACKEND=rocksdb PROCESSOR_STATE__PATH=/var/lib/optimizer/try';
const one = `echo '${event}' | ${state} ${program.join(' ')} run --input - --window 1m --key model --value latency_ms`;
inside(image, ['/bin/sh', '-c', one]);
run('du', ['-sh', image.tree, join(image.tree, 'app')]);

console.log(`\n== as process 1, its root read-only: ${entry} ${command}`);
const start = {
  command: [...program, .../** @type {string[]} */ (JSON.parse(command))],
  volume,
  healthcheck: /** @type {string[]} */ (JSON.parse(healthcheck)),
};
await rehearseService({ ...image, user: image.user ?? '0:0' }, start, work);
