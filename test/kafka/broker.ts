import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { Admin } from '@platformatic/kafka';
import { makeCertificates, type Certificates } from './certificates.ts';
import { javaClassPath, runProgram } from './java.ts';
import { freePorts } from './ports.ts';
import { releaseLock, takeLock } from './process-lock.ts';
import { PROCESSOR, scramArguments, serverProperties, type Ports } from './server-properties.ts';

/** How a broker is started; all may be left out. */
export interface BrokerOptions {
  /** Where its data are kept, past its end. Default: a temporary folder that goes with it. */
  readonly folder?: string;
  /** Port of the unencrypted listener on 127.0.0.1. Default: a free one. */
  readonly port?: number;
  /** Also listens with TLS, with SASL, and with both, and asks who may do what. Default: false. */
  readonly secure?: boolean;
  /** Lines of `server.properties` that override those of the helper. */
  readonly properties?: Readonly<Record<string, string>>;
  /** Options of the Java machine. Default: those that start quickly, with a heap of 512 MB. */
  readonly java?: readonly string[];
}

/** Where the listeners with TLS and SASL are, and what a client needs for them; see also PROCESSOR and GUEST. */
export interface SecureListeners {
  /** TLS; a client may show a certificate. */
  readonly ssl: string;
  /** TLS with PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512. */
  readonly saslSsl: string;
  /** SCRAM-SHA-256 or SCRAM-SHA-512, unencrypted. */
  readonly saslPlaintext: string;
  /** Paths of PEM files: of the authority, and of a client's certificate and key in the name of PROCESSOR. */
  readonly files: { readonly ca: string; readonly cert: string; readonly key: string };
}

const QUICK_START: readonly string[] = ['-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
const START_DEADLINE_MS = 180_000;
const STOP_DEADLINE_MS = 60_000;
const LOOK_AGAIN_MS = 30;
const LOG_TAIL_LINES = 40;
const PORT_TAKEN = /Address already in use/;
const TRIES = 3;

/** Files of its folder. */
const [CONFIG, DATA, LOG] = ['server.properties', 'data', 'broker.log'];
/** A broker's own lock comes too late: two of them would already have written to one metadata log. */
const LOCK = 'in-use';

/** Another broker has the folder that was named. */
export class FolderInUse extends Error {
  override name = 'FolderInUse';

  constructor(folder: string) {
    super(`${folder} is in use by another broker`);
  }
}

/** Ends a process when its standard input ends, which it does with the process that holds the other end, however. */
const WATCHDOG = 'read -r _; kill -9 "$1" 2>/dev/null; [ -z "$2" ] || { sleep 1; rm -rf "$2"; }';

/** Apache Kafka, one node that is broker and controller. It ends with the process that started it, whatever ends that. */
export class Broker {
  readonly folder: string;
  /** Address of the unencrypted listener. */
  readonly bootstrapServers: string;
  readonly secure: SecureListeners | undefined;
  readonly #isTemporary: boolean;
  /** Options of the Java machine. */
  readonly #java: readonly string[];
  #log = '';
  #child: ChildProcess | undefined;
  #watchdog: ChildProcess | undefined;

  private constructor(folder: string, isTemporary: boolean, java: readonly string[], ports: Ports) {
    this.folder = folder;
    this.#isTemporary = isTemporary;
    this.#java = java;
    this.bootstrapServers = `127.0.0.1:${ports.plaintext}`;
    this.secure = ports.secure === undefined ? undefined : secureListeners(folder, ports.secure);
  }

  /**
   * Starts a broker and waits until it answers.
   * @throws {KafkaMissing} if this machine has no Java or Maven; {@link FolderInUse}; an `Error` with the end of the log
   * if it does not come up.
   */
  static async start(options: BrokerOptions = {}): Promise<Broker> {
    const classPath = await javaClassPath();
    for (let attempt = 1; ; attempt += 1) {
      const broker = await Broker.#prepare(classPath, options);
      try {
        await broker.#format();
        await broker.restart();
        return broker;
      } catch (error) {
        const isUnlucky = PORT_TAKEN.test(broker.log()) && options.port === undefined && attempt < TRIES;
        await broker.remove();
        if (!isUnlucky) throw error;
      }
    }
  }

  static async #prepare(classPath: string, options: BrokerOptions): Promise<Broker> {
    const { secure = false, java = QUICK_START, properties = {} } = options;
    const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'processor-kafka-'));
    mkdirSync(join(folder, 'tmp'), { recursive: true });
    if (!takeLock(join(folder, LOCK))) throw new FolderInUse(folder);
    const ports = await choosePorts(options.port, secure);
    const files = {
      data: join(folder, DATA),
      keystore: join(folder, 'server.pem'),
      truststore: join(folder, 'ca.pem'),
    };
    if (secure) writeCertificates(folder, makeCertificates(PROCESSOR.username));
    writeFileSync(join(folder, CONFIG), serverProperties(ports, files, properties));
    const machine = [
      ...java,
      '-XX:-UsePerfData',
      '-Dlog.level=info',
      `-Dlog4j2.configurationFile=${join(import.meta.dirname, 'log4j2.properties')}`,
      // Native libraries are unpacked there, and stay if the process is killed.
      `-Djava.io.tmpdir=${join(folder, 'tmp')}`,
      '-cp',
      classPath,
    ];
    return new Broker(folder, options.folder === undefined, machine, ports);
  }

  /** Writes what a data folder has to hold before its first start. */
  async #format(): Promise<void> {
    if (existsSync(join(this.folder, DATA, 'meta.properties'))) return;
    // A leading hyphen would be taken for an option.
    const clusterId = `k${randomBytes(16).toString('base64url').slice(1)}`;
    const args = ['kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', join(this.folder, CONFIG)];
    const { code, stdout, stderr } = await runProgram('java', [...this.#java, ...args, ...scramArguments()]);
    if (code !== 0) throw new Error(`The broker's folder could not be formatted:\n${stdout}${stderr}`);
  }

  /** Process id; undefined while it is not running. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** What it has said since it was first started in its folder. */
  log(): string {
    const file = join(this.folder, LOG);
    if (existsSync(file)) this.#log = readFileSync(file, 'utf8');
    return this.#log;
  }

  /** The end of {@link log}. */
  logTail(): string {
    return this.log().trimEnd().split('\n').slice(-LOG_TAIL_LINES).join('\n');
  }

  /** Starts it again after {@link stop} or {@link kill}, on the same ports and data, and waits until it answers. */
  async restart(): Promise<void> {
    if (this.#child !== undefined) throw new Error('the broker is running');
    const log = openSync(join(this.folder, LOG), 'a');
    // A group of its own, so that a Ctrl-C at the terminal does not end it before those who still talk to it.
    const child = spawn('java', [...this.#java, 'kafka.Kafka', join(this.folder, CONFIG)], {
      detached: true,
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    const folder = this.#isTemporary ? this.folder : '';
    const watchdog = spawn('sh', ['-c', WATCHDOG, 'sh', String(child.pid), folder], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    for (const process of [child, watchdog]) process.unref();
    (watchdog.stdin as unknown as { unref(): void } | null)?.unref();
    child.once('exit', () => {
      watchdog.kill('SIGKILL');
      this.#child = undefined;
    });
    this.#child = child;
    this.#watchdog = watchdog;
    await this.#answers(child);
  }

  async #answers(child: ChildProcess): Promise<void> {
    const deadline = performance.now() + START_DEADLINE_MS;
    while (!(await answers(this.bootstrapServers))) {
      if (child.exitCode !== null || child.signalCode !== null || performance.now() > deadline) {
        const how = this.#child === undefined ? 'ended' : `did not answer within ${START_DEADLINE_MS / 1000} s`;
        await this.kill();
        throw new Error(`The broker ${how}. The end of its log:\n${this.logTail()}`);
      }
      await after(LOOK_AGAIN_MS);
    }
  }

  /** Ends it in good order. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    child.kill('SIGTERM');
    const late = new AbortController();
    const tooLate = after(STOP_DEADLINE_MS, undefined, { signal: late.signal, ref: false }).then(
      () => child.kill('SIGKILL'),
      () => false,
    );
    await this.ended();
    late.abort();
    await tooLate;
  }

  /** Ends it as a crash would (SIGKILL). */
  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.ended();
  }

  /** Holds it still as it is (SIGSTOP): connections stay, nothing answers. */
  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  /** Lets it go on after {@link freeze}. */
  thaw(): void {
    this.#child?.kill('SIGCONT');
  }

  /** Waits until it has ended. */
  async ended(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    child.ref();
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }

  /** Ends it at once, and deletes its folder if that is a temporary one. */
  async remove(): Promise<void> {
    await this.kill();
    this.#watchdog?.kill('SIGKILL');
    this.log();
    releaseLock(join(this.folder, LOCK));
    if (this.#isTemporary) rmSync(this.folder, { recursive: true, force: true });
  }
}

async function choosePorts(port: number | undefined, secure: boolean): Promise<Ports> {
  const free = await freePorts(5);
  const [controller = 0, plaintext = 0, ssl = 0, saslSsl = 0, saslPlaintext = 0] = free;
  const open = { controller, plaintext: port ?? plaintext };
  return secure ? { ...open, secure: { ssl, saslSsl, saslPlaintext } } : open;
}

function writeCertificates(folder: string, { authority, server, client }: Certificates): void {
  const mode = 0o600;
  writeFileSync(join(folder, 'ca.pem'), authority.certificate);
  writeFileSync(join(folder, 'server.pem'), server.key + server.certificate, { mode });
  writeFileSync(join(folder, 'client.pem'), client.certificate);
  writeFileSync(join(folder, 'client.key'), client.key, { mode });
}

function secureListeners(folder: string, ports: NonNullable<Ports['secure']>): SecureListeners {
  return {
    ssl: `127.0.0.1:${ports.ssl}`,
    saslSsl: `127.0.0.1:${ports.saslSsl}`,
    saslPlaintext: `127.0.0.1:${ports.saslPlaintext}`,
    files: { ca: join(folder, 'ca.pem'), cert: join(folder, 'client.pem'), key: join(folder, 'client.key') },
  };
}

/** True if a broker answers there and takes part in its cluster. */
async function answers(bootstrapServers: string): Promise<boolean> {
  const admin = new Admin({
    clientId: 'test-broker',
    bootstrapBrokers: [bootstrapServers],
    retries: 0,
    connectTimeout: 1000,
  });
  try {
    const { brokers } = await admin.metadata({ topics: [] });
    return brokers.size > 0;
  } catch {
    return false;
  } finally {
    await admin.close();
  }
}
