import { spawn, type SpawnOptions } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { alone, readIfThere } from './process-lock.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const CACHE = join(ROOT, '.cache');
const BROKER_POM = join(import.meta.dirname, 'pom.xml');
const LEAST_JAVA = 17;

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

/** Runs a program to its end, with a text as its input; one that does not exist ends with a code of -1. */
export function runProgram(
  command: string,
  args: readonly string[],
  { input, ...options }: SpawnOptions & { readonly input?: string } = {},
): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      ...options,
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    // One that has ended reads no more: how it ended says why.
    child.stdin?.on('error', () => undefined).end(input);
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
  // Another process may be installing at this moment.
  const install = ['install', '-y', '-qq', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=300', ...packages];
  return (await runProgram('apt-get', install, { env })).code === 0;
}

async function whatJavaLacks(): Promise<string | undefined> {
  const java = await runProgram('java', ['-version']);
  if (java.code !== 0) return `Java ${LEAST_JAVA} or newer is not installed`;
  const version = /version "(?:1\.)?(\d+)/.exec(java.stderr)?.[1] ?? '0';
  return Number(version) < LEAST_JAVA
    ? `Java ${LEAST_JAVA} or newer is needed, and java is version ${version}`
    : undefined;
}

async function whatMavenLacks(): Promise<string | undefined> {
  return (await runProgram('mvn', ['-version'])).code === 0 ? undefined : 'Maven (mvn) is not installed';
}

/**
 * Makes sure of a program.
 * @throws {KafkaMissing} if it is not there, and cannot be installed or is not ours to install.
 */
async function ensure(whatLacks: () => Promise<string | undefined>, debianPackage: string): Promise<void> {
  let lack = await whatLacks();
  if (lack !== undefined && (await installForChecks([debianPackage]))) lack = await whatLacks();
  if (lack !== undefined) throw new KafkaMissing(lack);
}

/** The class path kept from an earlier run, unless one of its files has gone since. */
function keptClassPath(file: string): string | undefined {
  const classPath = readIfThere(file)?.trim();
  return classPath?.split(':').every((jar) => existsSync(jar)) === true ? classPath : undefined;
}

/**
 * Compiles a Java program of one file against a class path; kept until either changes.
 * @returns the class path with the program in it.
 * @throws Error with what the compiler says.
 */
export async function compileJava(file: string, classPath: string, cache: string = CACHE): Promise<string> {
  const fingerprint = createHash('sha256').update(readFileSync(file)).update(classPath).digest('hex').slice(0, 16);
  const classes = join(cache, `classes-${fingerprint}`);
  return alone(`${classes}.lock`, async () => {
    if (!existsSync(classes)) {
      const fresh = `${classes}.${process.pid}`;
      const { code, stdout, stderr } = await runProgram('javac', ['-d', fresh, '-cp', classPath, file]);
      if (code !== 0) throw new Error(`${stdout}${stderr}`);
      renameSync(fresh, classes);
    }
    return `${classes}:${classPath}`;
  });
}

/**
 * The class path of a `pom.xml`, from Maven; kept until the file changes, and fetched by one process at a time.
 * @throws {KafkaMissing} if Java or Maven are missing or Maven Central is out of reach.
 */
export async function javaClassPath(pom: string = BROKER_POM, cache: string = CACHE): Promise<string> {
  const name = createHash('sha256').update(readFileSync(pom)).digest('hex').slice(0, 16);
  const kept = join(cache, `class-path-${name}`);
  if (process.platform === 'win32') throw new KafkaMissing('a broker is started only on Linux and macOS');
  mkdirSync(cache, { recursive: true });
  return alone(`${kept}.lock`, async () => {
    await ensure(whatJavaLacks, 'default-jdk-headless');
    const known = keptClassPath(kept);
    if (known !== undefined) return known;
    await ensure(whatMavenLacks, 'maven');
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
