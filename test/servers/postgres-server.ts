import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterAll, beforeAll, describe } from 'vitest';
import { freePorts } from '../kafka/ports.ts';
import { postgresBinaries, tellOfNoPostgres, unpack } from './postgres-binaries.ts';

const binaries = postgresBinaries();
/** Postgres refuses to be run by root; this is `nobody`. */
const USER = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
const SUPERUSER = 'postgres';
const PASSWORD = 'canary-3d91';
/** What it needs to start, and no more: it is one of many processes of a test run. */
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  shared_buffers: '16MB',
  max_connections: '30',
  // A process that is killed leaves what it has written to the operating system.
  fsync: 'off',
  log_min_messages: 'log',
};

/** Tests with a real Postgres; left out, in one line, where there is none. */
export function describePostgres(name: string, tests: () => void): void {
  describe.skipIf(binaries === undefined)(`${name}, with a real server`, () => {
    tests();
  });
}
if (binaries === undefined) tellOfNoPostgres();

/** What is out of the ordinary about a server. */
export interface PostgresOptions {
  /** Of `postgresql.conf`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** In the folder of its data, by name. */
  readonly files?: Readonly<Record<string, string>>;
  /** Lines of `pg_hba.conf`, before the one that lets everyone in. */
  readonly access?: string;
}

/** A real Postgres of a test's own, on loopback. */
export class PostgresServer {
  readonly port: number;
  readonly #folder: string;
  readonly #bin: string;
  readonly #settings: Readonly<Record<string, string>>;
  #process: ChildProcess | undefined;

  private constructor(port: number, folder: string, bin: string, settings: Readonly<Record<string, string>>) {
    this.port = port;
    this.#folder = folder;
    this.#bin = bin;
    this.#settings = settings;
  }

  /** A new and empty one. */
  static async start({ settings = {}, files = {}, access = '' }: PostgresOptions = {}): Promise<PostgresServer> {
    if (binaries === undefined) throw new Error('there is no Postgres');
    const folder = await mkdtemp(join(tmpdir(), 'processor-postgres-'));
    await chmod(folder, 0o755);
    const bin = await unpack(binaries, join(folder, 'server'));
    const data = join(folder, 'data');
    const made = await mkdtemp(`${data}-`);
    if (USER.uid !== undefined) await chown(made, USER.uid, USER.gid);
    const [port = 0] = await freePorts(1);
    const server = new PostgresServer(port, made, bin, { ...SETTINGS, ...settings });
    await promisify(execFile)(
      join(bin, 'initdb'),
      ['-D', made, '-U', SUPERUSER, '-E', 'UTF8', '--locale=C', '--auth=trust', '--no-sync', '--no-instructions'],
      { ...USER, cwd: made, env: { PATH: process.env['PATH'], LC_ALL: 'C' } },
    );
    for (const [name, content] of Object.entries(files)) await writeOwn(join(made, name), content);
    const hba = join(made, 'pg_hba.conf');
    await writeFile(hba, `${access}\n${await readFile(hba, 'utf8')}`);
    await server.restart();
    return server;
  }

  /** The URL of a database of it. */
  url(database = 'postgres', user = SUPERUSER): string {
    return `postgres://${user}:${PASSWORD}@127.0.0.1:${String(this.port)}/${database}`;
  }

  /** Runs statements as the superuser; the rows of the last one. */
  async query<R extends pg.QueryResultRow>(text: string, values: unknown[] = [], database = 'postgres'): Promise<R[]> {
    const client = new pg.Client({ connectionString: this.url(database) });
    client.on('error', () => undefined);
    await client.connect();
    try {
      const result = await client.query<R>(text, values);
      // Of several statements there are several results, whatever the types say.
      const results: readonly pg.QueryResult<R>[] = [result].flat();
      return results.at(-1)?.rows ?? [];
    } finally {
      await client.end();
    }
  }

  /** Starts it, after it was killed or stopped; resolves when it takes connections. */
  async restart(): Promise<void> {
    // What is left of one that was killed holds its memory for a moment: it is tried again.
    while (!(await this.#tryToStart())) await new Promise((resolve) => setImmediate(resolve));
  }

  /** As if it had lost power, its disk excepted. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** At once, with a word to its clients. */
  async stop(): Promise<void> {
    await this.#end('SIGINT');
  }

  /** Stops it from doing anything, though its connections stay; `SIGCONT` lets it go on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT', pid = this.#process?.pid): void {
    if (pid !== undefined) process.kill(pid, signal);
  }

  async destroy(): Promise<void> {
    await this.#end('SIGQUIT');
    await rm(join(this.#folder, '..'), { recursive: true, force: true });
  }

  async #tryToStart(): Promise<boolean> {
    const settings = Object.entries(this.#settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const child = spawn(join(this.#bin, 'postgres'), ['-D', this.#folder, '-p', String(this.port), ...settings], {
      ...USER,
      cwd: this.#folder,
      env: { PATH: process.env['PATH'], LC_ALL: 'C' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let log = '';
    const isReady = await new Promise<boolean>((resolve) => {
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        log += text;
        if (log.includes('ready to accept connections')) resolve(true);
      });
      child.once('exit', () => resolve(false));
    });
    if (isReady) this.#process = child;
    else if (!/still in use|lock file/.test(log)) throw new Error(`Postgres does not start: ${log}`);
    return isReady;
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGCONT');
    child.kill(signal);
    await exited;
  }
}

/** A server for all tests of a file; given when they run. */
export function usePostgres(options: PostgresOptions = {}): () => PostgresServer {
  let server: PostgresServer | undefined;
  beforeAll(async () => {
    server = binaries === undefined ? undefined : await PostgresServer.start(options);
  });
  afterAll(async () => server?.destroy());
  return () => {
    if (server === undefined) throw new Error('the server has not been started');
    return server;
  };
}

/** A file that the server takes for its own: of its user, and read by no other. */
async function writeOwn(path: string, content: string): Promise<void> {
  await writeFile(path, content, { mode: 0o600 });
  if (USER.uid !== undefined) await chown(path, USER.uid, USER.gid);
}
