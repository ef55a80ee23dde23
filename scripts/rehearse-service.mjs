/**
 * The last part of `rehearse-image.mjs`: runs the entry point as a container does, and asks it what an engine, a kubelet, a
 * neighbour and a browser ask. It is process 1 of namespaces of its own (processes, mounts, network), as the image's user, its root
 * read-only, `/tmp` in memory, with a volume and a configuration mounted; and is ended by SIGTERM.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';

const TOKEN = 'rehearsal-0123456789abcdef';
const CONFIG = `processor:
  name: rehearsal
  source: { type: demo, events_per_sec: 500 }
  event: { key: [model, region], values: { latency_ms: latency_ms } }
  windows: { tumbling: { size_secs: 1, allowed_lateness_secs: 1 } }
  watermark: { max_out_of_orderness_secs: 1 }
  checkpoint_interval_secs: 1
  state: { backend: rocksdb, path: /var/lib/optimizer/state, checkpoint_path: /var/lib/optimizer/checkpoints }
  sinks: [{ type: file, path: /var/lib/optimizer/results.ndjson }]
  http: { host: 0.0.0.0, port: 8080 }
`;
/** Mounts as an engine makes them, and goes on as process 1 inside. */
const START = `set -e
ip link set lo up
mount --bind "$1" "$1"
mount -t proc proc "$1/proc"
mount --rbind /dev "$1/dev"
mount -t tmpfs tmpfs "$1/tmp"
mount --bind "$2" "$1$3"
mount --bind "$4" "$1/etc/optimizer/processor.yaml"
mount -o remount,bind,ro "$1"
shift 4
exec chroot "$@"`;
/** Asks for a page under a name, and prints what comes. */
const ASK = `const [url, host, token] = process.argv.slice(1);
const headers = { host, ...(token === undefined ? {} : { authorization: 'Bearer ' + token }) };
require('node:http').get(url, { headers }, (answer) => {
  let body = '';
  answer.setEncoding('utf8').on('data', (text) => (body += text));
  answer.on('end', () => console.log(JSON.stringify({ status: answer.statusCode, type: answer.headers['content-type'] ?? '', body })));
});`;

/**
 * @typedef {{ tree: string, directory: string, environment: Readonly<Record<string, string>>, user: string }} ServiceImage the tree
 *   of an image, and what its Dockerfile says of it
 * @typedef {{ command: readonly string[], volume: string, healthcheck: readonly string[] }} ServiceStart
 * @param {ServiceImage} image
 * @param {ServiceStart} start
 * @param {string} work a folder for what is mounted
 */
export async function rehearseService({ tree, directory, environment, user }, { command, volume, healthcheck }, work) {
  const data = join(work, 'volume');
  rmSync(data, { recursive: true, force: true });
  mkdirSync(data);
  const [uid = 0, gid = 0] = user.split(':').map(Number);
  chownSync(data, uid, gid);
  const config = join(work, 'rehearsal.yaml');
  writeFileSync(config, CONFIG);

  const variables = {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    ...environment,
    PROCESSOR_HTTP__TOKEN: TOKEN,
    PROCESSOR_HTTP__ALLOWED_HOSTS: 'processor',
  };
  const env = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  const change = ['/bin/sh', '-c', 'cd "$1" && shift && exec "$@"', 'sh', directory];
  const inside = [`--userspec=${user}`, tree, '/usr/bin/env', '-i', ...env, ...change, ...command];
  const namespaces = ['--mount', '--net', '--pid', '--fork'];
  const child = spawn('unshare', [...namespaces, '/bin/sh', '-c', START, 'sh', tree, data, volume, config, ...inside], {
    stdio: 'inherit',
  });
  const ended = once(child, 'exit');
  const first = await firstProcess(child.pid ?? 0);
  try {
    const container = new Container(first, uid, gid);
    await container.untilHealthy(healthcheck);
    container.check();
    process.kill(first, 'SIGTERM');
    const [code] = /** @type {[number | null]} */ (await ended);
    tell('SIGTERM ends it', code === 0, `exit code ${String(code)}`);
    tell('its state is on the volume', readdirSync(data).includes('state'), readdirSync(data).join(' '));
  } finally {
    // With process 1 all that is in its namespace ends.
    if (child.exitCode === null && child.signalCode === null) process.kill(first, 'SIGKILL');
  }
}

/** What runs in the namespaces, and how to get there. */
class Container {
  /** @param {number} pid of its first process, as it is seen from here @param {number} uid @param {number} gid */
  constructor(pid, uid, gid) {
    this.pid = pid;
    this.enter = ['--target', String(pid), '--mount', '--net', '--pid', '--root', '--wd'];
    this.as = [`--setuid=${String(uid)}`, `--setgid=${String(gid)}`];
    this.uid = uid;
  }

  /** @param {readonly string[]} command */
  run(command, asUser = true) {
    const as = asUser ? this.as : [];
    return spawnSync('nsenter', [...this.enter, ...as, '--', ...command], { encoding: 'utf8' });
  }

  /** @param {readonly string[]} healthcheck */
  async untilHealthy(healthcheck) {
    let said = '';
    for (let attempt = 0; attempt < 60; attempt += 1) {
      const { status, stdout, stderr } = this.run(healthcheck);
      said = `${stdout}${stderr}`.trim();
      if (status === 0) break;
      if (attempt === 59) tell(healthcheck.join(' '), false, said);
      await after(500);
    }
    tell(healthcheck.join(' '), true, said);
  }

  check() {
    const status = readFileSync(`/proc/${String(this.pid)}/status`, 'utf8');
    tell('it is process 1', /^NSpid:\s+\d+\s+1$/m.test(status), /^NSpid:.*$/m.exec(status)?.[0]);
    tell(`of the user ${String(this.uid)}`, new RegExp(`^Uid:(\\s+${String(this.uid)}){4}$`, 'm').test(status));
    tell('without capabilities', /^CapEff:\s+0+$/m.test(status), /^CapEff:.*$/m.exec(status)?.[0]);
    const touched = this.run(['/usr/bin/touch', '/app/written'], false);
    tell('its root is read-only, for root too', /Read-only file system/.test(touched.stderr), touched.stderr.trim());

    const page = this.answers('a browser has the dashboard', '/', 'localhost:8080', 200);
    const files = [...page.body.matchAll(/(?:src|href)="\.?\/?([^":]+\.\w+)"/g)].map(([, file]) => `/${file ?? ''}`);
    tell('which has files', page.type.startsWith('text/html') && files.length >= 3, files.join(' '));
    for (const file of files) this.answers('one of them', file, '127.0.0.1:8080', 200);
    for (const path of ['/health', '/ready', '/metrics'])
      this.answers("a kubelet or Prometheus, by the pod's address", path, '10.244.1.7:8080', 200);
    this.answers('a neighbour, by its name', '/health', 'processor:8080', 200);
    this.answers('a page whose name was rebound', '/health', 'rebound.example.org:8080', 403);
    this.answers('the API without the token', '/v1/status', 'localhost:8080', 401);
    this.answers('the API with the token', '/v1/status', 'localhost:8080', 200, TOKEN);
  }

  /**
   * @param {string} what
   * @param {string} path
   * @param {string} host
   * @param {number} expected
   * @param {readonly string[]} token
   */
  answers(what, path, host, expected, ...token) {
    const { stdout, stderr } = this.run(['node', '-e', ASK, `http://127.0.0.1:8080${path}`, host, ...token]);
    if (stdout === '') tell(what, false, stderr);
    const answer = /** @type {{ status: number, type: string, body: string }} */ (JSON.parse(stdout));
    tell(`${what}: GET ${path} of ${host}`, answer.status === expected, `${String(answer.status)} ${answer.type}`);
    return answer;
  }
}

/**
 * Waits for the one child of a process.
 * @param {number} parent
 */
async function firstProcess(parent) {
  for (;;) {
    const [pid] = readFileSync(`/proc/${String(parent)}/task/${String(parent)}/children`, 'utf8')
      .trim()
      .split(' ');
    if (pid !== undefined && pid !== '') return Number(pid);
    await after(20);
  }
}

/**
 * Says how something went; ends with an error where it went wrong.
 * @param {string} what
 * @param {boolean} isSo
 * @param {string} [seen]
 */
function tell(what, isSo, seen = '') {
  console.log(`${isSo ? 'ok  ' : 'FAIL'} ${what}${seen === '' ? '' : ` (${seen.split('\n')[0] ?? ''})`}`);
  if (!isSo) throw new Error(`${what}: ${seen}`);
}
