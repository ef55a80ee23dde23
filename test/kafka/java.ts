import { spawn, type SpawnOptions } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';

const ROOT = join(import.meta.dirname, '..', '..');
const CACHE = join(ROOT, '.cache');
const LEAST_JAVA = 17;
const LOOK_AGAIN_MS = 200;

/** No Kafka can be had on this machine; the message says in one line what is missing. */
export class KafkaMissing extends Error {
  override name = 'KafkaMissing';
}

/** What a program printed, and how it ended; a code of -1 where it could not be started. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end; one that does not exist ends with a code of -1. */
export function runProgram(command: string, args: readonly string[], options: SpawnOptions = {}): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    const texts = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name]?.setEncoding('utf8').on('data', (text: string) => (texts[name] += text));
    }
    child.on('error', (error) => resolve({ code: -1, stdout: '', stderr: error.message }));
    child.on('close', (code) => resolve({ code: code ?? -1, ...texts }));
  });
}

/**
 * Installs Debian packages where a machine that only runs the checks lacks them; does nothing for a person.
 * @returns whether they have been installed.
 */
export async function installForChecks(packages: readonly string[]): Promise<boolean> {
  if (process.env['CI'] !== 'true' || process.getuid?.() !== 0) return false;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  if ((await runProgram('apt-get', ['update', '-qq'], { env })).code !== 0) return false;
  const install = ['install', '-y', '-qq', '--no-install-recommends', ...packages];
  return (await runProgram('apt-get', install, { env })).code === 0;
}

async function whatJavaLacks(): Promise<string | undefined> {
  const java = await runProgram('java', ['-version']);
  if (java.code !== 0) return `Java ${LEAST_JAVA} or newer is not installed`;
  const version = /version "(?:1\.)?(\d+)/.exec(java.stderr)?.[1] ?? '0';
  if (Number(version) < LEAST_JAVA) return `Java ${LEAST_JAVA} or newer is needed, and java is version ${version}`;
  if ((await runProgram('mvn', ['-version'])).code !== 0) return 'Maven (mvn) is not installed';
  return undefined;
}

/**
 * Makes sure of Java and Maven.
 * @throws {KafkaMissing} if they are not there, and cannot be installed or are not ours to install.
 */
async function ensureJava(): Promise<void> {
  if (process.platform === 'win32') throw new KafkaMissing('a broker is started only on Linux and macOS');
  let lack = await whatJavaLacks();
  if (lack !== undefined && (await installForChecks(['default-jdk-headless', 'maven']))) lack = await whatJavaLacks();
  if (lack !== undefined) throw new KafkaMissing(lack);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Makes a file that names this process, unless there is one; it is never there without its content. */
function takeLock(lock: string): boolean {
  const own = `${lock}.${process.pid}`;
  writeFileSync(own, String(process.pid));
  try {
    linkSync(own, lock);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  } finally {
    rmSync(own);
  }
}

/** Does something while no other process does the same; the lock of a process that has died counts for nothing. */
async function alone<T>(lock: string, action: () => Promise<T>): Promise<T> {
  for (;;) {
    if (takeLock(lock)) break;
    const holder = existsSync(lock) ? Number(readFileSync(lock, 'utf8')) : process.pid;
    if (isRunning(holder)) await after(LOOK_AGAIN_MS);
    else rmSync(lock, { force: true });
  }
  try {
    return await action();
  } finally {
    rmSync(lock, { force: true });
  }
}

/** The class path kept from an earlier run, unless one of its files has gone since. */
function keptClassPath(file: string): string | undefined {
  if (!existsSync(file)) return undefined;
  const classPath = readFileSync(file, 'utf8').trim();
  return classPath.split(':').every((jar) => existsSync(jar)) ? classPath : undefined;
}

/**
 * The class path of a `pom.xml`, from Maven; kept until the file changes, and fetched by one process at a time.
 * @throws {KafkaMissing} if Java or Maven are missing or Maven Central is out of reach.
 */
export async function javaClassPath(pom: string = join(import.meta.dirname, 'pom.xml')): Promise<string> {
  const name = createHash('sha256').update(readFileSync(pom)).digest('hex').slice(0, 16);
  const kept = join(CACHE, `class-path-${name}`);
  await ensureJava();
  mkdirSync(CACHE, { recursive: true });
  return alone(`${kept}.lock`, async () => {
    const known = keptClassPath(kept);
    if (known !== undefined) return known;
    const fresh = `${kept}.${process.pid}`;
    const goal = ['dependency:build-classpath', `-Dmdep.outputFile=${fresh}`, '-Dmdep.pathSeparator=:'];
    const { code, stdout, stderr } = await runProgram('mvn', ['-q', '-B', '-f', pom, ...goal]);
    if (code !== 0) {
      const reason = /^\[ERROR\] (.*)$/m.exec(stdout)?.[1] ?? stderr.trim();
      throw new KafkaMissing(`Maven could not fetch Kafka, is Maven Central within reach? ${reason}`);
    }
    renameSync(fresh, kept);
    return readFileSync(kept, 'utf8').trim();
  });
}
